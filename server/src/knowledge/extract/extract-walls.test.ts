import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { extractCommand } from './extract-walls.ts'

const run = promisify(execFile)
const HEAP_BYTES = 128 * 1024 * 1024
const SERVER = path.join(import.meta.dirname, '../../..')

/** Runs a line of JavaScript in place of the program, behind the same walls. @returns what its promise gives, or the code of its error */
const behindWalls = async (line: string): Promise<string> => {
  const { file, args, user } = extractCommand(HEAP_BYTES)
  const code = `Promise.resolve().then(async () => { ${line} }).then(console.log, (error) => console.log(error.code))`
  const { stdout } = await run(
    file,
    [...args.slice(0, -1), '--input-type=module', '--eval', code],
    {
      env: {},
      cwd: '/',
      ...user,
    },
  )
  return stdout.trim()
}

const reading = (file: string) =>
  behindWalls(`return (await import('node:fs')).readFileSync(${JSON.stringify(file)}).length`)

describe('the walls around what reads files', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'melzi-data-'))
    await writeFile(path.join(folder, 'melzi.db'), 'secret')
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('let it read its own source and its packages', async () => {
    assert.match(await reading(path.join(import.meta.dirname, 'extract-program.ts')), /^\d+$/)
    const unpdf = await behindWalls(
      `return typeof (await import(${JSON.stringify(import.meta.resolve('unpdf'))})).getDocumentProxy`,
    )
    assert.equal(unpdf, 'function')
  })

  it('let it read nothing else', async () => {
    const others = ['/etc/passwd', path.join(folder, 'melzi.db'), path.join(SERVER, 'src/main.ts')]
    for (const file of [...others, path.join(SERVER, '../package.json'), '/proc/self/environ'])
      assert.equal(await reading(file), 'ERR_ACCESS_DENIED', file)
  })

  it('let it write and start nothing', async () => {
    const target = JSON.stringify(path.join(folder, 'x'))
    const written = behindWalls(`(await import('node:fs')).writeFileSync(${target}, 'x')`)
    assert.equal(await written, 'ERR_ACCESS_DENIED')
    const started = behindWalls(`(await import('node:child_process')).execFileSync('true')`)
    assert.equal(await started, 'ERR_ACCESS_DENIED')
    const native = behindWalls(`process.dlopen({ exports: {} }, '/lib/none.node')`)
    assert.equal(await native, 'ERR_DLOPEN_DISABLED')
  })

  it('see nothing of the environment', async () => {
    assert.equal(await behindWalls('return Object.keys(process.env).length'), '0')
  })

  it('are those of a user without rights where the server is root', async () => {
    const { user } = extractCommand(HEAP_BYTES)
    const uid = process.getuid?.() ?? -1
    assert.equal(await behindWalls('return process.getuid()'), String(user?.uid ?? uid))
    if (uid !== 0) assert.equal(user, null)
  })
})
