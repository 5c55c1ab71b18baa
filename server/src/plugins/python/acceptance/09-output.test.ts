/** Group 9: output is bounded, and what comes back is not believed. */
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { allGone, LIMITS, run, type Candidate } from './support.ts'

const js = (code: string) => `import js\njs.eval(${JSON.stringify(code)})`
/** Python that writes to the pipe of results past all that keeps it: text, so many times (0: without end). */
const flood = (candidate: Candidate, text: string, times = 1): string => {
  const quoted = JSON.stringify(text)
  if (candidate.hasJavaScript) {
    const loop = times === 0 ? 'for (;;)' : `for (let n = 0; n < ${times}; n += 1)`
    return js(
      `const t = new TextEncoder().encode(${quoted}); ${loop} for (let sent = 0; sent < t.length;) sent += Deno.stdout.writeSync(t.subarray(sent))`,
    )
  }
  return `import os
def write(data):
    while data: data = data[os.write(50, data):]
data, n = ${quoted}.encode(), 0
while n < ${times === 0 ? 'n + 1' : times}:
    write(data)
    n += 1`
}
const answer = (fields: object): string =>
  `${JSON.stringify({ t: 'done', ok: true, output: '', stdout: '', stderr: '', truncated: false, error: null, pictures: [], picturesLeftOut: 0, ...fields })}\n`

onEachDriver((candidate) => {
  const sandbox = candidate.open()
  after(() => sandbox[Symbol.asyncDispose]())

  test('200 MB of print are cut and flagged', async () => {
    const result = await run(sandbox, 'line = "é" * 1000\nfor i in range(100_000): print(line)')
    assert.ok(result.ok && result.truncated)
    assert.ok(Buffer.byteLength(result.output) <= LIMITS.stdoutBytes)
    assert.doesNotMatch(result.output, /\uFFFD/)
  })

  test('what fits is not cut', async () => {
    const result = await run(sandbox, 'print("a" * 65535)')
    assert.deepEqual([result.output.length, result.truncated], [65536, false])
  })

  test('a result of 50 MB is cut', async () => {
    const result = await run(sandbox, '"x" * 50_000_000')
    assert.ok(result.ok && result.truncated)
    assert.equal(result.output.length, LIMITS.resultBytes)
  })

  test('a flood of raw descriptors from Python is cut', async () => {
    const result = await run(
      sandbox,
      'import os\nfor i in range(3000): os.write(1, b"x" * 10000)\nprint("end")',
    )
    assert.ok(result.ok && result.truncated)
    assert.ok(result.output.length <= LIMITS.stdoutBytes)
  })

  test('a raw flood on the pipe kills the process', async () => {
    const sources = [
      flood(candidate, 'x'.repeat(65536), 0),
      flood(candidate, '{"t":"http"' + 'x'.repeat(65536), 0),
      ...(candidate.hasJavaScript
        ? [js('for (;;) Deno.stderr.writeSync(new Uint8Array(65536).fill(120))')]
        : []),
    ]
    for (const source of sources) {
      const result = await run(sandbox, source)
      assert.equal(result.error?.kind, 'output')
      assert.ok(result.usage.ms < 5000)
      assert.ok(await allGone())
    }
  })

  test('a line that is no result, or a false one, is refused by shape and size', async () => {
    const forged: [string, string][] = [
      ['not json\n', 'crash'],
      ['{"t":"done"}\n', 'crash'],
      [answer({ output: 5 }), 'crash'],
      [answer({ pictures: ['<script>'] }), 'crash'],
      ['{"t":"ready","walls":[]}\n', 'crash'],
      ['{"t":"http","id":1}\n', 'crash'],
      ['[]\n', 'crash'],
      [answer({ output: 'x'.repeat(1_000_000) }), 'output'],
      [answer({ pictures: ['AAAA'] }), 'output'],
    ]
    for (const [line, kind] of forged) {
      const result = await run(sandbox, flood(candidate, line) + '\nimport time\ntime.sleep(5)')
      assert.equal(result.error?.kind, kind, line.slice(0, 100))
      assert.ok(result.usage.ms < 4000)
    }
  })

  test("a well-formed forgery is no more than the plugin's own result", async () => {
    const line = answer({ output: 'forged', extra: { admin: true } })
    const result = await run(sandbox, flood(candidate, line))
    assert.equal(result.output, 'forged')
    assert.ok(!('extra' in result))
  })

  test('json.dumps and print that were hijacked change nothing but the plugin', async () => {
    const source =
      'import builtins, sys\njson.dumps = lambda *a, **k: "{}"\nbuiltins.print = lambda *a: None\nsys.stdout = None\n"value"'
    const result = await run(sandbox, source)
    assert.deepEqual([result.ok, result.output], [true, 'value'])
  })

  test('an end without a result says so', async () => {
    const result = await run(
      sandbox,
      candidate.hasJavaScript ? js('Deno.exit(0)') : 'import os\nos._exit(0)',
    )
    assert.deepEqual([result.ok, result.error?.kind], [false, 'crash'])
    assert.equal(result.error?.message, 'The plugin ended its process before it gave a result.')
  })

  test('a flood of requests, or of lines, does not hold up the server', async () => {
    const delay = monitorEventLoopDelay({ resolution: 10 })
    const cjk = String.fromCodePoint(...Array.from({ length: 5000 }, (_, i) => 0x4e00 + i))
    const ask = (url: string) =>
      `${JSON.stringify({ t: 'http', id: 1, method: 'GET', url, headers: [], body: null, timeoutMs: null })}\n`
    const sources: [string, number, string][] = [
      [ask(`http://${cjk}/`), 400, 'egress'],
      [ask(`http://${cjk.slice(0, 240)}/`), 1500, 'egress'],
      [ask(`http://x/${'a'.repeat(9000)}`), 200, 'crash'],
      ['\n'.repeat(1000), 1900, 'crash'],
    ]
    for (const [text, times, kind] of sources) {
      delay.reset()
      delay.enable()
      const result = await run(
        sandbox,
        flood(candidate, text, times) + '\nimport time\ntime.sleep(5)',
      )
      delay.disable()
      assert.equal(result.error?.kind, kind, text.slice(0, 100))
      assert.ok(result.usage.ms < 4000)
      assert.ok(result.usage.http.length <= 40)
      assert.ok(JSON.stringify(result.usage).length < 40_000)
      assert.ok(
        delay.max < 700e6,
        `${text.slice(0, 100)} held the server for ${delay.max / 1e6} ms`,
      )
    }
  })
})
