/** Group 9: output is bounded, and what comes back is not believed. */
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { allGone, LIMITS, openSandbox, run } from './support.ts'

const sandbox = openSandbox()
after(() => sandbox[Symbol.asyncDispose]())

const js = (code: string) => `import js\njs.eval(${JSON.stringify(code)})`
const pipe = 'const w = (t) => Deno.stdout.writeSync(new TextEncoder().encode(t));'

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
    js(`${pipe} for (;;) w("x".repeat(65536))`),
    js(`${pipe} for (;;) w('{"t":"http"' + "x".repeat(65536))`),
    js('for (;;) Deno.stderr.writeSync(new Uint8Array(65536).fill(120))'),
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
    ['not json\\n', 'crash'],
    ['{"t":"done"}\\n', 'crash'],
    [
      '{"t":"done","ok":true,"output":5,"stdout":"","stderr":"","truncated":false,"error":null,"pictures":[],"picturesLeftOut":0}\\n',
      'crash',
    ],
    ['{"t":"ready","walls":[]}\\n', 'crash'],
    ['{"t":"http","id":1}\\n', 'crash'],
    ['[]\\n', 'crash'],
  ]
  for (const [line, kind] of forged) {
    const result = await run(sandbox, js(`${pipe} w('${line}')`) + '\nimport time\ntime.sleep(5)')
    assert.equal(result.error?.kind, kind, line)
    assert.ok(result.usage.ms < 4000)
  }
  const big = js(
    `${pipe} w(JSON.stringify({t: 'done', ok: true, output: 'x'.repeat(1000000), stdout: '', stderr: '', truncated: false, error: null, pictures: [], picturesLeftOut: 0}) + '\\n')`,
  )
  assert.equal((await run(sandbox, big)).error?.kind, 'output')
})

test("a well-formed forgery is no more than the plugin's own result", async () => {
  const line = {
    t: 'done',
    ok: true,
    output: 'forged',
    stdout: '',
    stderr: '',
    truncated: false,
    error: null,
    pictures: [],
    picturesLeftOut: 0,
    extra: { admin: true },
  }
  const result = await run(
    sandbox,
    js(`${pipe} w(JSON.stringify(${JSON.stringify(line)}) + '\\n')`),
  )
  assert.equal(result.output, 'forged')
  assert.deepEqual(Object.keys(result).toSorted(), [
    'error',
    'ok',
    'output',
    'stderr',
    'stdout',
    'truncated',
    'usage',
  ])
})

test('json.dumps and print that were hijacked change nothing but the plugin', async () => {
  const source =
    'import builtins, sys\njson.dumps = lambda *a, **k: "{}"\nbuiltins.print = lambda *a: None\nsys.stdout = None\n"value"'
  const result = await run(sandbox, source)
  assert.deepEqual([result.ok, result.output], [true, 'value'])
})

test('an end without a result says so', async () => {
  const result = await run(sandbox, js('Deno.exit(0)'))
  assert.deepEqual([result.ok, result.error?.kind], [false, 'crash'])
  assert.equal(result.error?.message, 'The plugin ended its process before it gave a result.')
})

test('a flood of requests, or of lines, does not hold up the server', async () => {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const hosts = `const cjk = String.fromCodePoint(...Array.from({length: 5000}, (_, i) => 0x4e00 + i));`
  const ask = (url: string) =>
    `JSON.stringify({t: 'http', id: 1, method: 'GET', url: ${url}, headers: [], body: null, timeoutMs: null})`
  const sources: [string, string][] = [
    [`w((${ask("'http://' + cjk + '/'")} + '\\n').repeat(400))`, 'egress'],
    [`w((${ask("'http://' + cjk.slice(0, 240) + '/'")} + '\\n').repeat(1500))`, 'egress'],
    [`w((${ask("'http://x/' + 'a'.repeat(9000)")} + '\\n').repeat(200))`, 'crash'],
    [`w('\\n'.repeat(1900000))`, 'crash'],
  ]
  for (const [code, kind] of sources) {
    delay.reset()
    delay.enable()
    const result = await run(
      sandbox,
      js(`${hosts}${pipe} ${code}`) + '\nimport time\ntime.sleep(5)',
    )
    delay.disable()
    assert.equal(result.error?.kind, kind, code)
    assert.ok(result.usage.ms < 4000)
    assert.ok(result.usage.http.length <= 40)
    assert.ok(JSON.stringify(result.usage).length < 40_000)
    assert.ok(delay.max < 700e6, `${code} held the server for ${delay.max / 1e6} ms`)
  }
})
