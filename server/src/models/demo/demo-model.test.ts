import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ModelPart, ModelRequest, PromptMessage } from '../language-model.ts'
import { createDemoModel, deltasOf } from './demo-model.ts'

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const unitPrice = {
  name: 'unit_price',
  description: 'Use when the user gives a price and a weight. 算每公斤單價。',
  parameters: {
    type: 'object',
    properties: { price: { type: 'number' }, weight: { type: 'number' } },
    required: ['price', 'weight'],
  },
  strict: false,
}
const weather = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: false,
}

const user = (...texts: string[]): PromptMessage => ({
  role: 'user',
  parts: texts.map((text) => ({ type: 'text', text })),
})
const image = (url: string): PromptMessage => ({
  role: 'user',
  parts: [{ type: 'image', url, detail: 'auto' }],
})

const PLAIN: Omit<ModelRequest, 'messages'> = {
  model: 'any',
  functions: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  temperature: null,
  topP: null,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens: null,
}

const answer = async (messages: PromptMessage[], changes: Partial<ModelRequest> = {}) => {
  const parts: ModelPart[] = []
  const request = { ...PLAIN, messages, ...changes }
  for await (const part of createDemoModel({ delayMs: 0 }).stream(
    request,
    new AbortController().signal,
  ))
    parts.push(part)
  const finish = parts.at(-1)
  assert.equal(finish?.type, 'finish')
  return {
    parts,
    finish,
    text: parts.map((part) => (part.type === 'text' ? part.delta : '')).join(''),
    calls: parts.flatMap((part) => (part.type === 'tool-call' ? [part.name] : [])),
    arguments: parts.map((part) => (part.type === 'tool-arguments' ? part.delta : '')).join(''),
  }
}

test('says what it is and what it was given, in the language of the message', async () => {
  const english = await answer([user('Hello there')])
  assert.match(english.text, /demo model built into Melzi.*You said: "Hello there"/)
  assert.equal(english.finish.reason, 'stop')
  const chinese = await answer([user('你好')])
  assert.match(chinese.text, /Melzi 內建的示範模型.*您說：「你好」/)
  const long = await answer([user('x'.repeat(1000))])
  assert.ok(long.text.length < 400)
  assert.deepEqual(await answer([user('Hello there')]), english)
})

test('streams small pieces that join to the text, and estimates usage', async () => {
  const { parts, finish, text } = await answer([user('Tell me something')])
  assert.ok(parts.length > 10)
  assert.ok((finish.usage?.completionTokens ?? 0) > 5 && (finish.usage?.promptTokens ?? 0) > 4)
  assert.equal(deltasOf(text).join(''), text)
  const mixed = '  我是 Melzi，\n\nok 😀 done \t'
  assert.equal(deltasOf(mixed).join(''), mixed)
})

test('names images by size, addresses as not fetched; picture and question may be separate messages', async () => {
  const three = await answer([
    user('tell me about the image'),
    image(PIXEL),
    user('What do you think?'),
  ])
  assert.match(three.text, /1 image: PNG, 3 x 2 pixels/)
  assert.match(three.text, /tell me about the image What do you think\?/)
  const url = 'https://a.example/cat.png'
  const chinese = await answer([user('這是什麼?'), image(PIXEL), image(url)])
  assert.match(
    chinese.text,
    /2 張圖片：PNG，3 × 2 像素、https:\/\/a\.example\/cat\.png（網址，未下載）/,
  )
  const bare = await answer([
    {
      role: 'user',
      parts: [
        { type: 'text', text: url },
        { type: 'image', url, detail: 'auto' },
      ],
    },
  ])
  assert.match(bare.text, /1 image: https:\/\/a\.example\/cat\.png/)
  assert.match((await answer([user(PIXEL)])).text, /1 image: PNG/)
  assert.match((await answer([image('data:image/png;base64,AAAA')])).text, /cannot read/)
})

test('only what came since its last answer is the question', async () => {
  const { text } = await answer([
    user('old'),
    { role: 'assistant', text: 'said', toolCalls: [] },
    user('new'),
  ])
  assert.match(text, /"new"/)
  assert.doesNotMatch(text, /old/)
})

test('calls the tool a message asks for with its arguments', async () => {
  const functions = [weather, unitPrice]
  const english = await answer([user('What is the unit price, price 120 and weight 2 kg?')], {
    functions,
  })
  assert.deepEqual([english.calls, english.arguments], [['unit_price'], '{"price":120,"weight":2}'])
  assert.equal(english.finish.reason, 'tool_calls')
  const chinese = await answer([user('2公斤賣120元，單價是多少？')], { functions })
  assert.deepEqual([chinese.calls, chinese.arguments], [['unit_price'], '{"price":120,"weight":2}'])
  const ids = english.parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []))
  assert.match(ids[0] ?? '', /^call_[A-Za-z0-9]{24}$/)
})

test('calls nothing for small talk, and keeps to tool_choice', async () => {
  const functions = [weather, unitPrice]
  for (const text of [
    'How does AI work? Explain it in simple terms.',
    'tell me about the image',
    '從一數到十',
    '你好',
    'What is a unit price?',
  ]) {
    assert.deepEqual((await answer([user(text)], { functions })).calls, [], text)
  }
  const question = [user('unit price of 120 for 2 kg')]
  assert.deepEqual((await answer(question, { functions, toolChoice: 'none' })).calls, [])
  assert.deepEqual(
    (await answer([user('hi')], { functions, toolChoice: 'required' })).calls.length,
    1,
  )
  const forced = { type: 'function', function: { name: 'get_weather' } } as const
  assert.deepEqual((await answer(question, { functions, toolChoice: forced })).calls, [
    'get_weather',
  ])
})

test('calls every tool that is named, one after the other, and only one where parallel calls are off', async () => {
  const named = [user('use get_weather and unit_price with 120 and 2')]
  const both = await answer(named, { functions: [weather, unitPrice] })
  assert.deepEqual(both.calls, ['get_weather', 'unit_price'])
  const order = both.parts.flatMap((part) => ('index' in part ? [part.index] : []))
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
  const one = await answer(named, { functions: [weather, unitPrice], parallelToolCalls: false })
  assert.deepEqual(one.calls, ['get_weather'])
})

test('answers from what the tool gave, plain or as /pluginapi wraps it', async () => {
  const asked = (text: string, output: string): PromptMessage[] => [
    user(text),
    {
      role: 'assistant',
      text: null,
      toolCalls: [{ id: 'call_1', name: 'unit_price', arguments: '{}' }],
    },
    { role: 'tool', callId: 'call_1', output },
  ]
  const functions = [unitPrice]
  const english = await answer(asked('unit price of 120 for 2 kg', '60 per kg'), {
    functions,
    toolChoice: 'required',
  })
  assert.deepEqual(english.calls, [])
  assert.match(english.text, /The tool unit_price answered: 60 per kg$/)
  assert.match(
    (await answer(asked('單價?', '{"text":"每公斤 60 元"}'))).text,
    /工具 unit_price 的結果是：每公斤 60 元$/,
  )
  assert.match((await answer(asked('x', ''))).text, /gave no output/)
})

test('counts', async () => {
  const { text, parts } = await answer([user('從一數到一千')])
  assert.match(text, /\n1、2、3、.*、999、1000。$/s)
  assert.ok(parts.length > 900)
  assert.match((await answer([user('count to 3')])).text, /1, 2, 3\.$/)
})

test('keeps to maxTokens', async () => {
  const short = await answer([user('從一數到一千')], { maxTokens: 20 })
  assert.equal(short.finish.reason, 'length')
  assert.ok((short.finish.usage?.completionTokens ?? 99) <= 20)
  assert.notEqual(short.text, '')
  const noCall = await answer([user('unit price 120 2')], { functions: [unitPrice], maxTokens: 3 })
  assert.deepEqual([noCall.calls, noCall.finish.reason], [[], 'length'])
})

test('answers with JSON where it is asked for', async () => {
  const plain = await answer([user('hello')], { responseFormat: { type: 'json_object' } })
  assert.equal((JSON.parse(plain.text) as { answer: string }).answer, 'hello')
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer', minimum: 4 } },
    required: ['n'],
  }
  const formed = await answer([user('hello')], {
    responseFormat: { type: 'json_schema', json_schema: { name: 'n', schema } },
  })
  assert.deepEqual(JSON.parse(formed.text), { n: 4 })
})

test('an abort ends it with the reason', async () => {
  const abort = new AbortController()
  const reason = new Error('cancelled')
  const request = { ...PLAIN, messages: [user('從一數到一千')] }
  let seen = 0
  await assert.rejects(async () => {
    for await (const part of createDemoModel({ delayMs: 1 }).stream(request, abort.signal)) {
      if (part.type === 'text') seen += 1
      if (seen === 5) abort.abort(reason)
    }
  }, reason)
  assert.equal(seen, 5)
})

test('asks Python for code, charts and sums, and for nothing else', async () => {
  const tool = (name: string, description: string, property: string) => ({
    name,
    description,
    parameters: {
      type: 'object',
      properties: { [property]: { type: 'string' } },
      required: [property],
    },
    strict: false,
  })
  const functions = [
    tool('file_search', 'Searches the files of this assistant', 'query'),
    tool('code_interpreter', 'Runs Python for calculations and charts; code and files', 'code'),
  ]
  const asked = async (text: string) => (await answer([user(text)], { functions })).calls[0]
  for (const text of [
    'Draw a chart of 3, 5, 8',
    '請畫一張圖：3、5、8',
    'What is 12 * 34?',
    '計算 (3+4)*5',
    'Write a file: ```python\nopen("a", "w")\n```',
  ])
    assert.equal(await asked(text), 'code_interpreter', text)
  assert.equal(await asked('Which files changed on 2026-11-25?'), 'file_search')
  assert.equal(await asked('What is the door code?'), 'file_search')
  assert.equal(await asked('Hello, tell me about the door code'), undefined)
})

test('tells the user what tools gave, not their notes to the model', async () => {
  const told = async (output: string) =>
    (
      await answer([
        user('go'),
        {
          role: 'assistant',
          text: null,
          toolCalls: [{ id: 'call_1', name: 'tool', arguments: '{}' }],
        },
        { role: 'tool', callId: 'call_1', output },
      ])
    ).text
  assert.match(
    await told('[Pictures made: 2. The user sees them with your next message.]'),
    /answered: \(pictures: 2\)$/,
  )
  // as the guide's chat.sh sends what a plugin answered
  assert.match(await told('{"text": "sixty\n", "ok": true}'), /answered: sixty$/)
  assert.match(await told('{\n  "text": "sixty"\n}'), /answered: sixty$/)
})
