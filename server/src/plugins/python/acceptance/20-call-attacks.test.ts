/** What a hostile plugin makes of the newer ways in and out of Deno: questions, answers, pictures, secrets, files. */
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerQuestion, ModelQuestion, SandboxJob, SandboxResult } from '../sandbox-driver.ts'
import { LIMITS, allGone, openSandbox, run } from './support.ts'

const sandbox = openSandbox()
after(async () => {
  await sandbox[Symbol.asyncDispose]()
  assert.ok(await allGone())
})

const js = (code: string) => `import js\njs.eval(${JSON.stringify(code)})\n`
/** JavaScript that writes to the pipe of results past all that keeps it. */
const WRITE =
  'const w = (s) => { const t = new TextEncoder().encode(s); for (let n = 0; n < t.length;) n += Deno.stdout.writeSync(t.subarray(n)) };'
const raw = (code: string) => `${js(`${WRITE}${code}`)}import time\ntime.sleep(5)`
const ask = (id: string, question: string) => `'{"t":"ask","id":${id},"question":${question}}\\n'`

/** Keeps what it is asked. */
const desk = (value: Awaited<ReturnType<AnswerQuestion>> = 1) => {
  const asked: ModelQuestion[] = []
  const answer: AnswerQuestion = async (question) => {
    asked.push(question)
    return value
  }
  return { asked, answer }
}

/** How long the server was held up at most, in ms. */
const whileWatched = async (call: Promise<SandboxResult>) => {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const result = await call
  delay.disable()
  return { result, heldUpMs: delay.max / 1e6 }
}

test('a flood of questions ends the call; no more are answered than it may ask', async () => {
  const { asked, answer } = desk()
  const one = ask('1', '{"kind":"count","text":"x"}')
  const call = run(sandbox, raw(`const s = ${one}.repeat(5000); w(s)`), { answer })
  const { result, heldUpMs } = await whileWatched(call)
  assert.equal(result.error?.kind, 'egress')
  assert.match(result.error.message, /kept asking/)
  assert.equal(asked.length, LIMITS.asks)
  assert.ok(heldUpMs < 1000, `${heldUpMs} ms`)
})

test('large questions are bounded together; one of 1 MB is asked whole', async () => {
  const { asked, answer } = desk()
  const large = await run(sandbox, 'print(await count_token("字" * 350_000))', { answer })
  assert.deepEqual([large.error, large.output], [null, '1\n'])
  assert.deepEqual(asked, [{ kind: 'count', text: '字'.repeat(350_000) }])
  const sources = [
    'await count_token("x" * 5_000_000)',
    'for i in range(9): await count_token("x" * 600_000)',
    raw(`w(${ask('1', `{"kind":"chat","conversation":' + '['.repeat(3e6) + '`)})`),
  ]
  for (const source of sources) {
    asked.length = 0
    const { result, heldUpMs } = await whileWatched(run(sandbox, source, { answer }))
    assert.ok(['output', 'crash'].includes(result.error?.kind ?? ''), JSON.stringify(result.error))
    const bytes = asked.reduce((sum, question) => sum + JSON.stringify(question).length, 0)
    assert.ok(bytes < 4_000_000)
    assert.ok(heldUpMs < 1000, `${heldUpMs} ms`)
  }
})

test('a question of hundreds of thousands of parts is not read', async () => {
  const { asked, answer } = desk()
  const keys = `'{' + Array.from({length: 330_000}, (_, i) => '"k' + i + '":0').join(',') + '}'`
  const source = raw(
    `w('{"t":"ask","id":1,"question":{"kind":"chat","conversation":' + ${keys} + '}}\\n')`,
  )
  const { result, heldUpMs } = await whileWatched(run(sandbox, source, { answer }))
  assert.equal(result.error?.message, 'The plugin wrote a message of more than 100000 parts.')
  assert.deepEqual(asked, [])
  assert.ok(heldUpMs < 200, `${heldUpMs} ms`)
})

test('a question that is none ends the call before anyone is asked', async () => {
  const { asked, answer } = desk()
  const lines = [
    ask('1', '{"kind":"shell","text":"id"}'),
    ask('1', '{"kind":"count","text":5}'),
    ask('1', 'null'),
    ask('"1"', '{"kind":"count","text":""}'),
    ask('1e99', '{"kind":"count","text":""}'),
  ]
  for (const line of lines) {
    const { error } = await run(sandbox, raw(`w(${line})`), { answer })
    assert.equal(error?.kind, 'crash', line)
  }
  assert.deepEqual(asked, [])
})

test('a question forged with more than a question holds only what it may', async () => {
  const { asked, answer } = desk()
  const question = '{"kind":"chat","conversation":[],"model":"other","__proto__":{"kind":"count"}}'
  await run(sandbox, raw(`w(${ask('-7', question)}); w(${ask('-7', question)})`), {
    answer,
    limits: { ...LIMITS, wallMs: 1500 },
  })
  const plain = { kind: 'chat', conversation: [], functions: null }
  assert.deepEqual(asked, [plain, plain])
})

test('answers come to the right question, and those nobody waits for harm none', async () => {
  const answer: AnswerQuestion = async (question) => {
    const text = question.kind === 'count' ? question.text : ''
    await sleep(text === 'slow' ? 200 : 0)
    return { 'text\u2028\n': text, list: [null, true] }
  }
  const source = `import asyncio
forged = ${JSON.stringify(`${WRITE} w('{"t":"ask","id":999,"question":{"kind":"count","text":"stray"}}\\n')`)}
import js
js.eval(forged)
slow = asyncio.ensure_future(count_token("slow"))
got = await asyncio.gather(*(count_token(str(n)) for n in range(20)))
slow.cancel()
try: await slow
except asyncio.CancelledError: print("cancelled")
await asyncio.sleep(0.3)
print([one["text\\u2028\\n"] for one in got] == [str(n) for n in range(20)], await count_token("after"))`
  const result = await run(sandbox, source, { answer })
  assert.equal(result.error, null)
  assert.match(result.output, /^cancelled\nTrue \{.*'after'.*\}\n$/)
})

test('what is asked when the call ends is given up, and its answer goes nowhere', async () => {
  const { promise: given, resolve: give } = Promise.withResolvers<void>()
  let gaveUp = false
  const answer: AnswerQuestion = async (_question, signal) => {
    signal.addEventListener('abort', () => (gaveUp = true), { once: true })
    await given
    return 'late'
  }
  const source =
    'import asyncio\nq = asyncio.ensure_future(count_token("x"))\nawait asyncio.sleep(0.1)\n"done"'
  const result = await run(sandbox, source, { answer })
  assert.deepEqual([result.output, gaveUp], ['done', true])
  give()
  await sleep(50)
  const broken: AnswerQuestion = () => Promise.reject(new Error('secret-of-the-server'))
  const failed = await run(sandbox, 'await count_token("x")', { answer: broken })
  assert.equal(failed.error?.message, 'RuntimeError: The model could not be asked.')
  assert.doesNotMatch(JSON.stringify(failed), /secret-of-the-server/)
})

test('a forged end with huge or many pictures is refused before it is kept', async () => {
  const end = (pictures: string) =>
    `w('{"t":"done","ok":true,"output":"","stdout":"","stderr":"","truncated":false,"error":null,"picturesLeftOut":0,"pictures":[' + ${pictures} + ']}\\n')`
  const picture = 'iVBORw0KGgo'
  const before = process.memoryUsage().rss
  for (const pictures of [
    `'"${picture}' + 'A'.repeat(1e8) + '"'`,
    `'"${picture}' + 'A'.repeat(6e6) + '"'`,
    `Array(5000).fill('"${picture}="').join(',')`,
  ]) {
    const { result, heldUpMs } = await whileWatched(run(sandbox, raw(end(pictures))))
    assert.deepEqual([result.error?.kind, result.pictures], ['output', []], pictures)
    assert.ok(heldUpMs < 1000, `${heldUpMs} ms`)
  }
  assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
  const negative = end("''").replace('"picturesLeftOut":0', '"picturesLeftOut":-5')
  const { ok, picturesLeftOut } = await run(sandbox, raw(negative))
  assert.deepEqual([ok, picturesLeftOut], [true, undefined])
})

test('secrets are in their own call and in none after it, nor in one that waits', async () => {
  await using warm = openSandbox({ poolSize: 1 })
  await warm.probe()
  const secret = 'tell-nobody-5581'
  const given: Partial<SandboxJob> = { secrets: { API_KEY: secret } }
  const own = 'import os\nprint(SECRETS["API_KEY"] == os.environ["API_KEY"])'
  assert.equal((await run(warm, own, given)).output, 'True\n')
  const search = `import gc, os, sys
found = [n for n, v in os.environ.items() if "tell-nobody" in v or n == "API_KEY"]
texts = [o for o in gc.get_objects() if isinstance(o, dict) and any("nobody" + "-5581" in str(v)[:1000] for v in list(o.values()) if isinstance(v, str))]
print(SECRETS, found, len([d for d in texts if d is not globals()]))`
  assert.equal((await run(warm, search)).output, '{} [] 0\n')
})

test('names of files lead nowhere but into their folder, and none is another', async () => {
  const escaping = [
    '../../etc/passwd',
    '/lib/melzi/melzi_run.py',
    '..',
    '.',
    'a/../../b',
    'c:\\x\\y',
  ]
  const odd = ['', '...', 'a\0b', 'line\nbreak', '\u202Egpj.exe', 'same', 'same']
  const titles = [...escaping, ...odd, `${'長'.repeat(300)}.csv`]
  const files = titles.map((title, n) => ({
    title,
    type: 'text/plain',
    data: Buffer.from(`content ${n}`),
  }))
  const source = `import os
paths = [f["subject"] for f in SELECTED_FILES]
assert len(set(paths)) == len(paths)
assert all(os.path.dirname(os.path.realpath(p)) == "/files" for p in paths), paths
assert sorted(os.listdir("/files")) == sorted(os.path.basename(p) for p in paths)
assert [open(p).read() for p in paths] == [f"content {n}" for n in range(len(paths))]
assert all(p.isprintable() and len(os.path.basename(p).encode()) < 255 for p in paths), paths
assert not os.path.exists("/etc/passwd") and "def execute" in open("/lib/melzi/melzi_run.py").read()
print([f["title"] for f in SELECTED_FILES] == ARGUMENTS["titles"], os.path.basename(paths[-1])[-5:])`
  const result = await run(sandbox, source, { files, arguments: { titles } })
  assert.deepEqual([result.error, result.output], [null, 'True 長.csv\n'])
})
