import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'

// Models whose own wire is another one answer chat completions too; the SDK judges the chunks.
describe('chat completions of the demo model', () => {
  let server: BootedServer
  let api: Api
  let client: OpenAI

  before(async () => {
    server = await bootServer()
    api = new Api(server)
    client = new OpenAI({ baseURL: server.baseUrl, apiKey: server.apiKey, maxRetries: 0 })
  })
  after(() => server?.[Symbol.asyncDispose]())

  const body = { model: 'melzi-demo', messages: [{ role: 'user' as const, content: 'hello' }] }
  const priced = [{ role: 'user' as const, content: 'unit_price of 120 dollars for 2 kg?' }]

  it('answers whole', async () => {
    const { choices, usage, model } = await api.post<OpenAI.ChatCompletion>(
      '/chat/completions',
      body,
    )
    assert.equal(model, 'melzi-demo')
    assert.match(choices[0]?.message.content ?? '', /demo model.*hello/)
    assert.equal(choices[0]?.finish_reason, 'stop')
    assert.equal(usage?.total_tokens, (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0))
  })

  it('streams chunks the SDK puts together, calls included', async () => {
    const stream = client.chat.completions.stream({
      ...body,
      messages: priced,
      tools: [unitPrice],
      stream_options: { include_usage: true },
    })
    const { choices, usage } = await stream.finalChatCompletion()
    const call = choices[0]?.message.tool_calls?.[0]
    assert.ok(call?.type === 'function')
    assert.equal(call.function.name, 'unit_price')
    assert.deepEqual(JSON.parse(call.function.arguments), { price: 120, weight: 2 })
    assert.equal(choices[0]?.finish_reason, 'tool_calls')
    assert.ok((usage?.completion_tokens ?? 0) > 0)
  })

  it('takes the outputs of tools, pictures and a schema', async () => {
    const { choices } = await client.chat.completions.create({
      ...body,
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        ...priced,
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'unit_price', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'sixty a kilo' },
      ],
    })
    assert.match(choices[0]?.message.content ?? '', /unit_price answered: sixty a kilo/)
    const url = 'https://example.com/a.png'
    const seen = await client.chat.completions.create({
      ...body,
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    })
    assert.match(seen.choices[0]?.message.content ?? '', /1 image/)
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
    const formed = await client.chat.completions.create({
      ...body,
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
    })
    assert.equal(typeof JSON.parse(formed.choices[0]?.message.content ?? '').n, 'number')
  })

  it('refuses what it cannot do, by name', async () => {
    const refused = (changes: object, param: string, route = '/chat/completions') =>
      api.refused('POST', route, { ...body, ...changes }, { status: 400, param })
    await refused({ n: 2 }, 'n')
    await refused({ stop: ['x'] }, 'stop')
    await refused({ messages: [] }, 'messages')
    await refused({ temperature: 'hot' }, 'temperature')
    const smell = [{ role: 'user', content: [{ type: 'smell' }] }]
    await refused({ messages: smell }, 'messages[0].content[0].type')
    await refused({ model: 'asst_1' }, 'model')
    await refused({ input: 'hi', voice: 'alloy' }, 'model', '/audio/speech')
  })
})
