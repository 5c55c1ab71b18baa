/** Group 4: nothing of the server's environment. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEachNative } from '../../../../tests/support/each-driver.ts'
import { attempts, openSandbox, SECRET } from './support.ts'
import { environmentAttacks } from '../../../walls/acceptance/native-attacks.ts'

const sandbox = openSandbox()
const unlocked = openSandbox({ dangerouslyTestWithoutDenoPermissions: true })
before(() => {
  process.env['MELZI_PLANTED'] = SECRET
})
after(async () => {
  delete process.env['MELZI_PLANTED']
  await sandbox[Symbol.asyncDispose]()
  await unlocked[Symbol.asyncDispose]()
})

const source = `
await attempt('os.environ', lambda: dict(os.environ))
await attempt('Deno.env', lambda: js.eval("JSON.stringify(Deno.env.toObject())"))
await attempt('process.env', lambda: js.eval("import('node:process').then((p) => JSON.stringify(Object.entries(p.default.env)))"))
`

test('the environment holds no secret and nothing of the builder', async () => {
  const { got, text } = await attempts(sandbox, source)
  assert.doesNotMatch(text, new RegExp(SECRET))
  assert.match(got['Deno.env'] ?? '', /^refused/)
  assert.doesNotMatch(got['os.environ'] ?? '', /LD_LIBRARY|DENO|MELZI|'_'/)
})

test('even with every permission the environment was empty from the start', async () => {
  const { got, text } = await attempts(unlocked, source)
  assert.match(got['Deno.env'] ?? '', /^GOT/)
  assert.doesNotMatch(text, new RegExp(`${SECRET}|MELZI_`))
})

onEachNative((candidate) => {
  const native = candidate.open()
  after(() => native[Symbol.asyncDispose]())

  test('the environment holds what was put there for the plugin, and nothing else', async () => {
    const { got, text } = await attempts(native, environmentAttacks, { secrets: { TOKEN: 'mine' } })
    assert.doesNotMatch(text, new RegExp(`${SECRET}|MELZI_|npm_|USER=`))
    assert.match(
      got['names'] ?? '',
      /^GOT \['HOME', 'LANG', 'MPLBACKEND', 'MPLCONFIGDIR', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PATH', 'TMPDIR', 'TOKEN'\]$/,
    )
    const next = await attempts(native, environmentAttacks)
    assert.doesNotMatch(next.text, /TOKEN|mine/)
  })
})
