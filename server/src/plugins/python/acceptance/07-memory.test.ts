/** Group 7: memory is bounded from inside and outside, and this process lives. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { LIMITS, allGone, run } from './support.ts'

onEachDriver((candidate) => {
  const sandbox = candidate.open()
  after(() => sandbox[Symbol.asyncDispose]())

  const limits = { ...LIMITS, wallMs: 20_000 }
  const GREEDY: Record<string, string> = {
    bytearray: 'kept = []\nwhile True: kept.append(bytearray(10_000_000))',
    'zip bomb': `import io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('a', bytes(200_000_000))
kept = []
for i in range(10): kept.append(zipfile.ZipFile(packed).read('a'))`,
    'files in memory':
      'chunk = b"x" * 10_000_000\nfor i in range(500):\n  open(f"/tmp/{i}", "wb").write(chunk)',
    'JavaScript buffers':
      'import js\njs.eval("const kept = []; for (;;) kept.push(new Uint8Array(10000000).fill(1))")',
    'JavaScript heap':
      'import js\njs.eval("const kept = []; for (;;) kept.push({a: [1, 2, 3, kept.length]})")',
  }

  for (const [name, source] of Object.entries(GREEDY)) {
    if (source.includes('import js') && !candidate.hasJavaScript) continue
    test(name, async () => {
      const result = await run(sandbox, source, { limits })
      assert.equal(result.ok, false)
      assert.ok(
        (candidate.hasJavaScript
          ? ['memory', 'crash', 'python']
          : ['memory', 'output', 'python']
        ).includes(result.error?.kind ?? ''),
        JSON.stringify(result.error),
      )
      if (result.error?.kind === 'python')
        assert.match(result.error.message, /RangeError|OSError|Memory/)
      assert.ok(result.usage.peakMiB < 1250, `peak ${result.usage.peakMiB} MiB`)
      assert.ok(await allGone())
    })
  }

  test('memory of Python alone is of kind memory', async () => {
    const result = await run(sandbox, 'x = bytearray(600_000_000)', { limits })
    assert.equal(result.error?.kind, 'memory')
    assert.ok(result.usage.peakMiB < 700)
  })

  test('a smaller limit on resident memory is kept', async () => {
    const source = candidate.hasJavaScript
      ? 'import js, time\nkept = js.eval("Array.from({length: 40}, () => new Uint8Array(10000000).fill(1))")\ntime.sleep(5)'
      : 'import time\nkept = [b"1" * 10_000_000 for n in range(45)]\ntime.sleep(5)'
    const result = await run(sandbox, source, { limits: { ...limits, rssMiB: 400 } })
    assert.equal(result.error?.kind, 'memory')
    assert.equal(result.error.message, 'The plugin used more memory than it may and was stopped.')
    assert.ok(result.usage.ms < 5000)
  })

  test('endless recursion and a null pointer end no more than their process', async () => {
    const deep = await run(
      sandbox,
      'import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)',
      { limits },
    )
    assert.equal(deep.ok, false)
    const pointer = await run(sandbox, 'import ctypes\nctypes.string_at(0, 10**8)', { limits })
    assert.ok(pointer.ok || pointer.error !== null)
    assert.equal((await run(sandbox, '"alive"')).output, 'alive')
    assert.ok(await allGone())
  })
})
