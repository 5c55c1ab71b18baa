/** Group 1: a plugin runs as its author expects. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { aJob, allGone, openSandbox, run } from './support.ts'
import { errors } from '../../../platform/errors.ts'
import type { AnswerQuestion, ModelQuestion } from '../sandbox-driver.ts'

const sandbox = openSandbox({ poolSize: 1 })
after(async () => {
  await sandbox[Symbol.asyncDispose]()
  assert.ok(await allGone())
})

test('the probe names the walls', async () => {
  const { ok, why, walls } = await sandbox.probe()
  assert.equal(why, null)
  assert.ok(ok)
  assert.deepEqual(walls, ['deno-permissions', 'seccomp', 'egress-broker', 'limits'])
})

test('what is printed is the result; arguments are a dict and globals', async () => {
  const source =
    'print("hello", name, ARGUMENTS["name"], sorted(ARGUMENTS), len.__name__)\n"not this"'
  const result = await run(sandbox, source, {
    arguments: { name: '世界', len: 3, class: 1, json: 2 },
  })
  assert.equal(result.error, null)
  assert.equal(result.output, "hello 世界 世界 ['class', 'json', 'len', 'name'] len\n")
  assert.ok(result.usage.peakMiB > 50 && result.usage.peakMiB < 600)
  assert.ok(result.usage.ms < 5000)
})

test('without print the last value is the result, awaited when need be', async () => {
  const cases: [string, string][] = [
    ['6 * 7', '42'],
    ['{"a": [1, "ü"]}', '{"a": [1, "ü"]}'],
    ['async def main():\n  return "later"\nmain()', 'later'],
    ['import asyncio\nawait asyncio.sleep(0.01)\n"slept"', 'slept'],
    ['import asyncio\nasync def f():\n  await asyncio.sleep(0)\n  return 1\nasyncio.run(f())', '1'],
    ['x = 5', ''],
    ['None', ''],
  ]
  for (const [source, expected] of cases) {
    const result = await run(sandbox, source)
    assert.deepEqual([result.error, result.output], [null, expected], source)
  }
})

test('CUSTOMIZED_PARAMS is a value and its JSON', async () => {
  const source =
    'print(json.loads(CUSTOMIZED_PARAMS)["msg"], CUSTOMIZED_PARAMS["msg"], f"{CUSTOMIZED_PARAMS}")'
  const dict = await run(sandbox, source, { customizedParams: { msg: 'this is "it"' } })
  assert.equal(dict.output, 'this is "it" this is "it" {"msg": "this is \\"it\\""}\n')
  const none = await run(sandbox, 'print(CUSTOMIZED_PARAMS is None)')
  assert.equal(none.output, 'True\n')
  const list = await run(sandbox, 'print(json.loads(CUSTOMIZED_PARAMS), CUSTOMIZED_PARAMS[1])', {
    customizedParams: [1, 'b'],
  })
  assert.equal(list.output, "[1, 'b'] b\n")
  const text = await run(
    sandbox,
    'print(json.loads(CUSTOMIZED_PARAMS), CUSTOMIZED_PARAMS.upper())',
    { customizedParams: 'abc' },
  )
  assert.equal(text.output, 'abc ABC\n')
})

test('the conversation and the cookie are there', async () => {
  const given = { conversation: [{ role: 'user', content: 'hi' }], userCookie: 'opaque' }
  const result = await run(
    sandbox,
    'print(CURRENT_CONVERSATION[0]["content"], PLUGIN_USER_COOKIE)',
    given,
  )
  assert.equal(result.output, 'hi opaque\n')
})

test('infer_params gives the arguments that fit, and says why others do not', async () => {
  const source = `p = await infer_params(conversation=CURRENT_CONVERSATION, description="d", parameters={
    "type": "object", "properties": {"price": {"type": "number"}, "unit": {"type": "string", "enum": ["kg", "g"]}}, "required": ["price"]})
print(p["price"])`
  const fits = await run(sandbox, source, { arguments: { price: 2.5, unit: 'kg' } })
  assert.equal(fits.output, '2.5\n')
  const missing = await run(sandbox, source)
  assert.equal(missing.error?.kind, 'python')
  assert.match(missing.error?.message ?? '', /'price' is missing.*No model is set up/)
  const wrong = await run(sandbox, source, { arguments: { price: 1, unit: 'lb' } })
  assert.match(wrong.error?.message ?? '', /'unit' is not one of/)
  const chat = await run(sandbox, 'await chat(conversation=[])')
  assert.match(chat.error?.message ?? '', /No model is set up/)
})

test('questions go to whoever answers them, and his refusal is an exception', async () => {
  const asked: ModelQuestion[] = []
  const answer: AnswerQuestion = async (question) => {
    asked.push(question)
    if (question.kind === 'count') return question.text.length
    if (question.kind === 'embed') throw errors.invalid('There are no embeddings here.')
    if (question.kind === 'infer') return { price: 4 }
    return { role: 'assistant', content: '好' }
  }
  const source = `
p = await infer_params(parameters={"properties": {"price": {"type": "number"}}, "required": ["price"]})
m = await chat(conversation="hi", functions=[{"name": "f"}])
try:
    await emb("x")
except RuntimeError as error:
    print(error)
print(p["price"], m["content"], await count_token("abc"), SELECTED_MODEL_TOKEN_LIMIT, SECRETS, __import__("os").environ["KEY"])
f = SELECTED_FILES[0]
print(f["title"], f["type"], open(f["subject"], encoding="utf-8").read())`
  const conversation = [{ role: 'user', content: 'two' }]
  const file = { title: '../a/報告.txt', type: 'text/plain', data: Buffer.from('內容') }
  const result = await run(sandbox, source, {
    conversation,
    answer,
    modelTokenLimit: 8000,
    secrets: { KEY: 'k-1' },
    files: [file],
  })
  assert.equal(result.error, null)
  assert.equal(
    result.output,
    "There are no embeddings here.\n4 好 3 8000 {'KEY': 'k-1'} k-1\n../a/報告.txt text/plain 內容\n",
  )
  assert.deepEqual(asked.slice(0, 2), [
    {
      kind: 'infer',
      conversation,
      description: null,
      parameters: { properties: { price: { type: 'number' } }, required: ['price'] },
    },
    {
      kind: 'chat',
      conversation: [{ role: 'user', content: 'hi' }],
      functions: [{ name: 'f' }],
    },
  ])
  const many = await run(sandbox, 'for i in range(101):\n  await count_token("a")', { answer })
  assert.match(many.error?.message ?? '', /may ask 100 questions/)
})

test('an exception shows its last line and only the frames of the plugin', async () => {
  const source = 'print("before")\ndef f(x):\n  return json.loads(x)\n\nf("{")'
  const { ok, error, stdout } = await run(sandbox, source)
  assert.equal(ok, false)
  assert.equal(stdout, 'before\n')
  assert.equal(error?.kind, 'python')
  assert.match(error?.message ?? '', /^json\.decoder\.JSONDecodeError: /)
  assert.match(error?.traceback ?? '', /line 5, in <module>[\s\S]*line 3, in f/)
  assert.doesNotMatch(error?.traceback ?? '', /melzi|pyodide|decoder\.py/)
  const syntax = await run(sandbox, 'x = = 1')
  assert.match(syntax.error?.message ?? '', /^SyntaxError: /)
  assert.match(syntax.error?.traceback ?? '', /plugin\.py.*line 1/)
})

test('the standard library that plugins use is there', async () => {
  const source = `import asyncio, re, base64, io, urllib.parse, datetime, hashlib, zoneinfo, math, statistics
import xml.etree.ElementTree as tree
from pyodide.http import pyfetch
print(tree.fromstring("<a><b>1</b></a>").find("b").text, urllib.parse.quote("中"), re.findall(r"\\d+", "a1b22"))`
  const result = await run(sandbox, source)
  assert.equal(result.output, "1 %E4%B8%AD ['1', '22']\n")
})

test('stderr is kept apart, exit(0) is an end like another', async () => {
  const result = await run(
    sandbox,
    'import sys, os\nprint("to err", file=sys.stderr)\nos.write(1, b"raw\\n")\nsys.exit(0)',
  )
  assert.deepEqual([result.ok, result.output, result.stderr], [true, 'raw\n', 'to err\n'])
})

test('a package that is not there is explained', async () => {
  const result = await run(sandbox, 'import requests')
  assert.match(
    result.error?.message ?? '',
    /^ModuleNotFoundError: The package 'requests' is not on this server: .*operator can/,
  )
})

test('a call whose caller leaves before there is a process rejects at once', async () => {
  await using cold = openSandbox()
  const abort = new AbortController()
  const call = cold.run(aJob('1'), abort.signal)
  const started = Date.now()
  abort.abort(new Error('gone'))
  await assert.rejects(call, /gone/)
  assert.ok(Date.now() - started < 200)
})

test('a call that is aborted rejects, and its process is gone', async () => {
  const abort = new AbortController()
  const call = sandbox.run(aJob('import time\ntime.sleep(60)'), abort.signal)
  setTimeout(() => abort.abort(new Error('gone')), 800)
  await assert.rejects(call, /gone/)
})
