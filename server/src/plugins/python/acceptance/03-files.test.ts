/** Group 3: no file of the host, and what is written goes away. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { assertNoFiles } from './attack-suite.ts'
import { allGone, attempts, run } from './support.ts'

onEachDriver((candidate) => {
  const sandbox = candidate.open()
  after(() => sandbox[Symbol.asyncDispose]())

  test('files of the host cannot be read, written, seen or removed', () =>
    assertNoFiles(candidate, sandbox))

  test('links and .. lead nowhere', async () => {
    const source = `
os.symlink('/etc/passwd', '/tmp/link')
await attempt('link', lambda: open('/tmp/link').read())
await attempt('dots', lambda: open('/tmp/../../../../etc/shadow').read())
await attempt('devices', lambda: open('/dev/sda').read())`
    const { got } = await attempts(sandbox, source)
    assert.deepEqual(
      Object.values(got).filter((value) => value.startsWith('GOT')),
      [],
    )
  })

  test('many files cost only the process that made them', async () => {
    const result = await run(
      sandbox,
      `
for i in range(20000):
    open(f'/tmp/{i}', 'w').close()
print('made')`,
    )
    assert.equal(result.output, 'made\n')
    assert.ok(await allGone())
    const next = await run(
      sandbox,
      'import os\nprint([name for name in os.listdir("/tmp") if name.isdecimal()])',
    )
    assert.equal(next.output, '[]\n')
  })
})
