import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startScriptedModel } from './scripted-model.ts'

const post = (url: string, body: object, signal?: AbortSignal) =>
  fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })

interface Chunk {
  choices: {
    delta: { content?: string; tool_calls?: { function: { arguments: string } }[] }
    finish_reason: string | null
  }[]
  usage?: { total_tokens: number }
}

const chunksOf = (text: string): Chunk[] =>
  text
    .split('\n\n')
    .filter((part) => part.startsWith('data: {'))
    .map((part) => JSON.parse(part.slice(6)) as Chunk)

test('streams a scripted text with usage and records the request', async () => {
  await using model = await startScriptedModel()
  model.push({ text: ['Hel', 'lo'] })
  const response = await post(model.url, {
    model: 'm',
    stream: true,
    stream_options: { include_usage: true },
    messages: [],
  })
  const text = await response.text()
  const chunks = chunksOf(text)
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), 'Hello')
  assert.equal(chunks.at(-1)?.usage?.total_tokens, 15)
  assert.ok(text.endsWith('data: [DONE]\n\n'))
  assert.equal(model.requests[0]?.body.model, 'm')
  assert.equal(model.requests[0]?.aborted, false)
})

test('cuts tool arguments into pieces, answers whole when not asked to stream', async () => {
  await using model = await startScriptedModel()
  model.push({ toolCalls: [{ name: 'f', arguments: { a: 1 }, pieces: 2 }] }, { text: 'whole' })
  const chunks = chunksOf(await (await post(model.url, { stream: true })).text())
  const pieces = chunks
    .flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])
    .map((call) => call.function.arguments)
  assert.deepEqual(pieces, ['', '{"a"', ':1}'])
  assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'tool_calls')
  const whole = (await (await post(model.url, {})).json()) as {
    choices: { message: { content: string } }[]
  }
  assert.equal(whole.choices[0]?.message.content, 'whole')
})

test('failures, a script that is too short, and a hanging turn the client leaves', async () => {
  await using model = await startScriptedModel()
  model.push({
    status: 429,
    headers: { 'retry-after': '1' },
    body: { error: { message: 'slow down' } },
  })
  const limited = await post(model.url, {})
  assert.equal(limited.status, 429)
  assert.equal(limited.headers.get('retry-after'), '1')
  assert.equal((await post(model.url, {})).status, 400)

  model.push({ text: ['a', 'b'], hangAfter: 1 })
  const abort = new AbortController()
  const hanging = await post(model.url, { stream: true }, abort.signal)
  const reader = hanging.body?.getReader()
  await reader?.read()
  abort.abort()
  const [, , request] = await model.waitForRequests(3)
  await request?.closed
  assert.equal(request?.aborted, true)
})

test('auto mode calls the function that is asked for, then answers from its output', async () => {
  await using model = await startScriptedModel({ auto: true })
  const tool = {
    type: 'function',
    function: {
      name: 'unit_price',
      description: 'price per weight',
      parameters: { properties: { price: { type: 'number' }, weight: { type: 'number' } } },
    },
  }
  const ask = { role: 'user', content: 'unit price of 120 for 2 kg?' }
  const first = (await (await post(model.url, { tools: [tool], messages: [ask] })).json()) as {
    choices: { message: { tool_calls: { function: { arguments: string } }[] } }[]
  }
  assert.equal(
    first.choices[0]?.message.tool_calls[0]?.function.arguments,
    '{"price":120,"weight":2}',
  )
  const messages = [ask, { role: 'assistant', content: null }, { role: 'tool', content: '60' }]
  const second = (await (await post(model.url, { tools: [tool], messages })).json()) as {
    choices: { message: { content: string } }[]
  }
  assert.equal(second.choices[0]?.message.content, 'The tool said: 60')
})
