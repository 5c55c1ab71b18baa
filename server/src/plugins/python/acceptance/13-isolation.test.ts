/** Group 13: a call sees nothing of the call before it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { run } from './support.ts'

const PLANT_BY_JAVASCRIPT = `
import js
js.globalThis.leak = 'TENANT-A'
for code in ("localStorage.setItem('leak', 'TENANT-A')", "sessionStorage.setItem('leak', 'TENANT-A')"):
    try: js.eval(code)
    except Exception: pass
try: await js.eval("caches.open('leak').then((c) => c.put('http://x.test/', new Response('TENANT-A')))")
except Exception: pass`
const LOOK_BY_JAVASCRIPT = `
import js
found.append(hasattr(js.globalThis, 'leak'))
for code in ("localStorage.getItem('leak')", "sessionStorage.getItem('leak')"):
    try: found.append(js.eval(code) == 'TENANT-A')
    except Exception: found.append(False)
try: found.append(await js.eval("caches.open('leak').then((c) => c.match('http://x.test/')).then((r) => r !== undefined)"))
except Exception: found.append(False)`

onEachDriver((candidate) => {
  const sandbox = candidate.open({ poolSize: 1, concurrency: 1 })
  after(() => sandbox[Symbol.asyncDispose]())

  test('what a call plants is gone in the next', async () => {
    const plant = `import builtins, os, sys
json.leak = builtins.leak = sys.leak = 'TENANT-A'
open('/tmp/leak', 'w').write('TENANT-A')
os.environ['LEAK'] = 'TENANT-A'
open('/mnt/data/leak' if os.path.isdir('/mnt/data') else '/leak', 'w').write('TENANT-A')
sys.path.append('/leak')
${candidate.hasJavaScript ? PLANT_BY_JAVASCRIPT : ''}
print('planted')`
    const look = `import builtins, os, sys
found = [hasattr(json, 'leak'), hasattr(builtins, 'leak'), hasattr(sys, 'leak'), os.path.exists('/tmp/leak'), 'LEAK' in os.environ,
         os.path.exists('/mnt/data/leak'), os.path.exists('/leak'), '/leak' in sys.path, 'TENANT-A' in str(os.environ)]
${candidate.hasJavaScript ? LOOK_BY_JAVASCRIPT : ''}
print(found)`
    assert.equal(
      (await run(sandbox, plant, { scope: 'a', secrets: { S: 'TENANT-A' } })).output,
      'planted\n',
    )
    assert.equal(
      (await run(sandbox, look, { scope: 'b', secrets: {} })).output,
      `[${Array(candidate.hasJavaScript ? 13 : 9)
        .fill('False')
        .join(', ')}]\n`,
    )
  })

  test('random numbers and ids differ between two calls', async () => {
    const source =
      'import random, uuid, os, secrets\n(random.random(), str(uuid.uuid4()), os.urandom(8).hex(), secrets.token_hex(8))'
    const values = await Promise.all([run(sandbox, source), run(sandbox, source)])
    const [first, second] = values.map(({ output }) => JSON.parse(output) as unknown[])
    assert.equal(first?.length, 4)
    first?.forEach((value, index) => assert.notEqual(value, second?.[index]))
  })

  test('the clock runs', async () => {
    const result = await run(sandbox, 'import time\ntime.time()')
    assert.ok(Math.abs(Number(result.output) * 1000 - Date.now()) < 5000)
  })
})
