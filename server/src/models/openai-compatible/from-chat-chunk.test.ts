import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import type { ModelPart } from '../language-model.ts'
import { createChunkReader } from './from-chat-chunk.ts'
import { createSseReader } from './sse-lines.ts'

const read = (
  chunks: unknown[],
  options: { usedIds?: string[]; onlyFirstCall?: boolean } = {},
): ModelPart[] => {
  const reader = createChunkReader({
    usedIds: new Set(options.usedIds),
    onlyFirstCall: options.onlyFirstCall ?? false,
  })
  return [...chunks.flatMap((chunk) => reader.read(chunk)), ...reader.end()]
}

const readFixture = (name: string): ModelPart[] => {
  const sse = createSseReader()
  const text = readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8')
  const events = [...sse.push(text), ...sse.end()].filter((data) => data !== '[DONE]')
  return read(events.map((data) => JSON.parse(data) as unknown))
}

const textOf = (parts: ModelPart[]) =>
  parts.map((part) => (part.type === 'text' ? part.delta : '')).join('')
const finishOf = (parts: ModelPart[]) => {
  const last = parts.at(-1)
  assert.equal(last?.type, 'finish')
  assert.equal(parts.filter((part) => part.type === 'finish').length, 1)
  return last
}

/** Calls with their whole arguments; fails when a call's arguments come after the next call was opened. */
const callsOf = (parts: ModelPart[]) => {
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const part of parts) {
    if (part.type === 'tool-call') {
      assert.equal(part.index, calls.length)
      calls.push({ id: part.id, name: part.name, arguments: '' })
    } else if (part.type === 'tool-arguments') {
      assert.equal(part.index, calls.length - 1)
      const call = calls.at(-1)
      if (call !== undefined) call.arguments += part.delta
    }
  }
  return calls
}
const shapes = (parts: ModelPart[]) => callsOf(parts).map((call) => [call.name, call.arguments])

const delta = (value: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: value, finish_reason: finish }],
})
const calls = (...list: object[]) => delta({ tool_calls: list })

test('OpenAI: text with usage, cached and reasoning tokens', () => {
  const parts = readFixture('openai-text')
  assert.equal(textOf(parts), 'Hello, 達哥!')
  assert.deepEqual(finishOf(parts), {
    type: 'finish',
    reason: 'stop',
    usage: { promptTokens: 19, completionTokens: 9, cachedTokens: 16, reasoningTokens: 3 },
  })
})

test('OpenAI: two calls one after the other stream as they come, with their ids', () => {
  const parts = readFixture('openai-tools')
  assert.deepEqual(callsOf(parts), [
    { id: 'call_Wj4mLq9ZxT2aBcDeFgHiJkLm', name: 'get_weather', arguments: '{"city":"台北"}' },
    {
      id: 'call_Pq8rStUvWxYz0123456789Ab',
      name: 'unit_price',
      arguments: '{"price":120,"weight":2}',
    },
  ])
  assert.equal(parts.filter((part) => part.type === 'tool-arguments').length, 4)
  assert.equal(finishOf(parts).reason, 'tool_calls')
})

test('OpenAI: refusal', () => {
  const parts = readFixture('openai-refusal')
  assert.equal(
    parts.map((part) => (part.type === 'refusal' ? part.delta : '')).join(''),
    "I'm sorry, I can't do that.",
  )
  assert.equal(textOf(parts), '')
})

test('Azure: filter results and empty choices are passed over, content_filter is told', () => {
  const parts = readFixture('azure-text')
  assert.equal(textOf(parts), 'Good day')
  const finish = finishOf(parts)
  assert.equal(finish.reason, 'content_filter')
  assert.equal(finish.usage?.promptTokens, 11)
})

test('vLLM: foreign id replaced, reasoning left out, finish "stop" after calls is tool_calls', () => {
  const parts = readFixture('vllm-tools')
  assert.match(callsOf(parts)[0]?.id ?? '', /^call_[A-Za-z0-9]{24}$/)
  assert.deepEqual(shapes(parts), [['unit_price', '{"price": 120}']])
  assert.equal(finishOf(parts).reason, 'tool_calls')
  assert.equal(finishOf(parts).usage?.completionTokens, 12)
})

test('Ollama: whole calls that all say index 0, arguments as object, no usage', () => {
  const parts = readFixture('ollama-tools')
  assert.deepEqual(shapes(parts), [
    ['get_weather', '{"city":"Taipei"}'],
    ['get_weather', '{"city":"Tainan"}'],
  ])
  const ids = callsOf(parts).map((call) => call.id)
  assert.equal(new Set(ids).size, 2)
  assert.ok(ids.every((id) => id !== 'call_0' && id !== 'call_1'))
  assert.deepEqual(finishOf(parts), { type: 'finish', reason: 'tool_calls', usage: null })
})

test('Ollama and llama.cpp: usage in the last choice chunk, CRLF, no space, no [DONE]', () => {
  assert.equal(textOf(readFixture('ollama-text')), '你好')
  assert.equal(finishOf(readFixture('ollama-text')).usage?.promptTokens, 26)
  const parts = readFixture('llama-cpp-text')
  assert.equal(textOf(parts), 'Hi there')
  assert.equal(finishOf(parts).reason, 'length')
  assert.equal(finishOf(parts).usage?.completionTokens, 2)
})

test('null and missing pieces everywhere', () => {
  const parts = read([
    null,
    {},
    { choices: null },
    { choices: [{ index: 0, delta: null, finish_reason: null }] },
    {
      choices: [{ delta: { content: null, tool_calls: null, refusal: null, function_call: null } }],
      usage: null,
    },
    { choices: [{ delta: { content: 'x' }, finish_reason: '' }] },
    { choices: [{ index: 1, delta: { content: 'another choice' } }] },
    { choices: [{ delta: { content: [{ type: 'text', text: 'y' }] }, finish_reason: 'eos' }] },
  ])
  assert.equal(textOf(parts), 'xy')
  assert.equal(finishOf(parts).reason, 'stop')
})

test('calls without id and index: a new name, or a name after whole arguments, opens the next', () => {
  const parts = read([
    calls({ function: { name: 'f', arguments: '{"a":' } }),
    calls({ function: { arguments: '1}' } }),
    calls(
      { function: { name: 'f', arguments: '{}' } },
      { function: { name: 'g', arguments: '{"b":2}' } },
    ),
  ])
  assert.deepEqual(shapes(parts), [
    ['f', '{"a":1}'],
    ['f', '{}'],
    ['g', '{"b":2}'],
  ])
})

test('name and id repeated with every piece stay one call', () => {
  const piece = (text: string, id: string) =>
    calls({ index: 0, id, function: { name: 'f', arguments: text } })
  const same = read([
    piece('{"a"', 'call_abcdefgh'),
    piece(':1', 'call_abcdefgh'),
    piece('}', 'call_abcdefgh'),
  ])
  assert.deepEqual(callsOf(same), [{ id: 'call_abcdefgh', name: 'f', arguments: '{"a":1}' }])
  const fresh = read([
    piece('{"a"', 'call_aaaaaaaa'),
    piece(':1', 'call_bbbbbbbb'),
    piece('}', 'call_cccccccc'),
  ])
  assert.deepEqual(shapes(fresh), [['f', '{"a":1}']])
})

test('interleaved calls are put in order, and stream again once the first is whole', () => {
  const parts = read([
    calls({ index: 0, id: 'call_first0000', function: { name: 'f', arguments: '{"a' } }),
    calls({ index: 1, id: 'call_second000', function: { name: 'g', arguments: '{"b' } }),
    calls(
      { index: 0, function: { arguments: '":1}' } },
      { index: 1, function: { arguments: '":2' } },
    ),
    calls({ index: 1, function: { arguments: '}' } }),
  ])
  assert.deepEqual(shapes(parts), [
    ['f', '{"a":1}'],
    ['g', '{"b":2}'],
  ])
  assert.equal(parts.filter((part) => part.type === 'tool-arguments').length, 5)
})

test('arguments before the name, calls without arguments, a brace inside unfinished text', () => {
  assert.deepEqual(
    shapes(
      read([
        calls({ index: 0, function: { arguments: '{"a":' } }),
        calls({ index: 0, function: { name: 'f', arguments: '1}' } }),
      ]),
    ),
    [['f', '{"a":1}']],
  )
  assert.deepEqual(
    shapes(
      read([
        calls(
          { index: 0, function: { name: 'f', arguments: null } },
          { index: 1, function: { name: 'g' } },
        ),
      ]),
    ),
    [
      ['f', '{}'],
      ['g', '{}'],
    ],
  )
  const brace = read([
    calls({ index: 0, function: { name: 'f', arguments: '{"a":"}' } }),
    calls({ index: 1, function: { name: 'g', arguments: '{}' } }),
    calls({ index: 0, function: { arguments: '"}' } }),
  ])
  assert.deepEqual(shapes(brace), [
    ['f', '{"a":"}"}'],
    ['g', '{}'],
  ])
})

test('a call that never gets a name is an error', () => {
  assert.throws(() => read([calls({ index: 0, function: { arguments: '{}' } })]), TypeError)
})

test('ids that were used before, or come twice, are made new', () => {
  const call = (index: number) => ({
    index,
    id: 'call_abcdefgh',
    function: { name: 'f', arguments: '{}' },
  })
  const parts = read([calls(call(0)), calls(call(1))], { usedIds: ['call_abcdefgh'] })
  const ids = callsOf(parts).map((one) => one.id)
  assert.equal(new Set([...ids, 'call_abcdefgh']).size, 3)
})

test('function_call, the old form', () => {
  const parts = read([
    delta({ function_call: { name: 'f', arguments: '' } }),
    delta({ function_call: { arguments: '{"a":1}' } }),
    delta({}, 'function_call'),
  ])
  assert.deepEqual(shapes(parts), [['f', '{"a":1}']])
  assert.equal(finishOf(parts).reason, 'tool_calls')
})

test('only the first call where parallel calls are off', () => {
  const parts = read(
    [
      calls(
        { index: 0, function: { name: 'f', arguments: '{}' } },
        { index: 1, function: { name: 'g', arguments: '{}' } },
      ),
    ],
    { onlyFirstCall: true },
  )
  assert.deepEqual(shapes(parts), [['f', '{}']])
})

test('text after the first call comes after the calls; white space there is dropped', () => {
  const call = calls({ index: 0, function: { name: 'f', arguments: '{"a":' } })
  const rest = calls({ index: 0, function: { arguments: '1}' } })
  const parts = read([delta({ content: 'before' }), call, delta({ content: 'after' }), rest])
  assert.deepEqual(
    parts.map((part) => part.type),
    ['text', 'tool-call', 'tool-arguments', 'tool-arguments', 'text', 'finish'],
  )
  assert.equal(textOf(read([call, rest, delta({ content: '\n\n' })])), '')
})

test('finish reasons: tool_calls without a call is stop, length keeps its meaning beside calls', () => {
  assert.equal(finishOf(read([delta({ content: 'x' }, 'tool_calls')])).reason, 'stop')
  assert.equal(
    finishOf(
      read([calls({ index: 0, function: { name: 'f', arguments: '{"a' } }), delta({}, 'length')]),
    ).reason,
    'length',
  )
})

test('a whole answer reads like a stream', () => {
  const parts = read([
    {
      object: 'chat.completion',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'all at once' }, finish_reason: 'stop' },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    },
  ])
  assert.equal(textOf(parts), 'all at once')
  assert.equal(finishOf(parts).usage?.completionTokens, 4)
})
