import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 2, through the door. The texts of every field's refusal are tested beside the validator.
const X = 'x'.repeat(24)
const NO_ASSISTANT = `asst_${X}`
const NO_THREAD = `thread_${X}`

type Row = [
  method: string,
  path: string,
  body: unknown,
  status: number,
  message: string | RegExp,
  param: string | null,
  code: string | null,
]

const REFUSED: Row[] = [
  ['GET', '/nowhere', undefined, 404, /^Invalid URL \(GET .*\/nowhere\)$/, null, null],
  ['PUT', '/threads', {}, 405, /^Not allowed to PUT on /, null, 'method_not_supported'],
  [
    'PATCH',
    `/assistants/${NO_ASSISTANT}`,
    {},
    405,
    /^Not allowed to PATCH/,
    null,
    'method_not_supported',
  ],
  ['GET', '/chat/completions', undefined, 405, /^Not allowed to GET/, null, 'method_not_supported'],
  [
    'POST',
    '/assistants',
    {},
    400,
    "Missing required parameter: 'model'.",
    'model',
    'missing_required_parameter',
  ],
  [
    'POST',
    '/assistants',
    { model: 'm', foo: 1 },
    400,
    "Unknown parameter: 'foo'.",
    'foo',
    'unknown_parameter',
  ],
  [
    'POST',
    '/assistants',
    { model: 'm', nane: 'A' },
    400,
    "Unknown parameter: 'nane'. Did you mean 'name'?",
    'nane',
    'unknown_parameter',
  ],
  [
    'POST',
    '/assistants',
    { model: 5 },
    400,
    "Invalid type for 'model': expected a string, but got an integer instead.",
    'model',
    'invalid_type',
  ],
  [
    'POST',
    '/threads',
    { metadata: { modified: true } },
    400,
    "Invalid type for 'metadata.modified': expected a string, but got a boolean instead.",
    'metadata.modified',
    'invalid_type',
  ],
  [
    'POST',
    '/threads',
    { messages: [{ role: 'system', content: 'x' }] },
    400,
    "Invalid value: 'system'. Supported values are: 'user' and 'assistant'.",
    'messages[0].role',
    'invalid_value',
  ],
  [
    'POST',
    '/threads',
    {
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'no url' } }] }],
    },
    400,
    "Invalid 'messages[0].content[0].image_url.url'. Expected a valid URL, but got a value with an invalid format.",
    'messages[0].content[0].image_url.url',
    'invalid_value',
  ],
  [
    'POST',
    '/assistants',
    { model: 'm', name: 'n'.repeat(257) },
    400,
    "Invalid 'name': string too long. Expected a string with maximum length 256, but got a string with length 257 instead.",
    'name',
    'string_above_max_length',
  ],
  [
    'POST',
    '/assistants',
    {
      model: 'm',
      tools: Array.from({ length: 129 }, (_, i) => ({
        type: 'function',
        function: { name: `f${i}` },
      })),
    },
    400,
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead.",
    'tools',
    'array_above_max_length',
  ],
  [
    'POST',
    '/threads',
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
    400,
    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.",
    'metadata',
    'object_above_max_properties',
  ],
  [
    'POST',
    '/assistants',
    { model: 'm', temperature: 2.5 },
    400,
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
    'temperature',
    'decimal_above_max_value',
  ],
  [
    'GET',
    '/assistants?limit=101',
    undefined,
    400,
    "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
    'limit',
    'integer_above_max_value',
  ],
  [
    'GET',
    '/assistants?limit=0',
    undefined,
    400,
    "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    'limit',
    'integer_below_min_value',
  ],
  [
    'GET',
    '/assistants?order=up',
    undefined,
    400,
    "Invalid value: 'up'. Supported values are: 'asc' and 'desc'.",
    'order',
    'invalid_value',
  ],
  [
    'GET',
    `/assistants/${NO_ASSISTANT}`,
    undefined,
    404,
    `No assistant found with id '${NO_ASSISTANT}'.`,
    null,
    null,
  ],
  [
    'POST',
    `/assistants/${NO_ASSISTANT}`,
    { name: 'A' },
    404,
    `No assistant found with id '${NO_ASSISTANT}'.`,
    null,
    null,
  ],
  [
    'DELETE',
    `/assistants/${NO_ASSISTANT}`,
    undefined,
    404,
    `No assistant found with id '${NO_ASSISTANT}'.`,
    null,
    null,
  ],
  [
    'GET',
    `/threads/${NO_THREAD}`,
    undefined,
    404,
    `No thread found with id '${NO_THREAD}'.`,
    null,
    null,
  ],
  [
    'POST',
    `/threads/${NO_THREAD}/messages`,
    { role: 'user', content: 'x' },
    404,
    `No thread found with id '${NO_THREAD}'.`,
    null,
    null,
  ],
  [
    'GET',
    `/threads/${NO_THREAD}/runs`,
    undefined,
    404,
    `No thread found with id '${NO_THREAD}'.`,
    null,
    null,
  ],
  [
    'POST',
    '/threads/runs',
    { assistant_id: NO_ASSISTANT },
    404,
    `No assistant found with id '${NO_ASSISTANT}'.`,
    null,
    null,
  ],
  [
    'POST',
    '/threads/runs',
    { assistant_id: 'x' },
    400,
    "Invalid 'assistant_id': 'x'. Expected an ID that begins with 'asst'.",
    'assistant_id',
    'invalid_value',
  ],
  [
    'GET',
    '/models/no-such-model-here',
    undefined,
    404,
    "The model 'no-such-model-here' does not exist",
    'model',
    'model_not_found',
  ],
]

describe('errors', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let assistantId: string

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
    assistantId = (await api.assistant({ tools: [unitPrice] })).id
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  for (const [method, path, body, status, message, param, code] of REFUSED)
    it(`${status} ${method} ${path}: ${message}`.slice(0, 120), () =>
      api.refused(method, path, body, { status, message, param, code }),
    )

  const raw = async (body: string, headers: Record<string, string>) => {
    const response = await fetch(`${server.baseUrl}/threads`, { method: 'POST', body, headers })
    return {
      status: response.status,
      error: ((await response.json()) as { error: Record<string, unknown> }).error,
    }
  }

  it('a body that is no JSON', async () => {
    const reply = await raw('{"metadata":', {
      authorization: `Bearer ${server.apiKey}`,
      'content-type': 'application/json',
    })
    assert.equal(reply.status, 400)
    assert.match(
      String(reply.error['message']),
      /^We could not parse the JSON body of your request\./,
    )
    assert.deepEqual([reply.error['param'], reply.error['code']], [null, null])
  })

  it('a body that is JSON but no object', async () => {
    const reply = await raw('[1]', {
      authorization: `Bearer ${server.apiKey}`,
      'content-type': 'application/json',
    })
    assert.equal(reply.status, 400)
    assert.equal(reply.error['type'], 'invalid_request_error')
  })

  it('no key', async () => {
    const reply = await raw('', {})
    assert.equal(reply.status, 401)
    assert.match(String(reply.error['message']), /^You didn't provide an API key\./)
    assert.equal(reply.error['code'], null)
  })

  it('a wrong key, which is not repeated whole', async () => {
    const key = 'mlz_thisKeyIsNotOneOfOursAtAll1234'
    const reply = await raw('', { authorization: `Bearer ${key}` })
    assert.equal(reply.status, 401)
    assert.match(String(reply.error['message']), /^Incorrect API key provided: mlz_this\*+1234\./)
    assert.equal(reply.error['code'], 'invalid_api_key')
    const short = await raw('', { authorization: 'Bearer abc' })
    assert.doesNotMatch(String(short.error['message']), /abc/)
  })

  it('checks in the order parse, required, unknown, types, look-ups', async () => {
    await api.refused(
      'POST',
      '/assistants',
      { foo: 1 },
      { status: 400, code: 'missing_required_parameter' },
    )
    await api.refused(
      'POST',
      '/assistants',
      { model: 5, foo: 1 },
      { status: 400, code: 'unknown_parameter' },
    )
    await api.refused(
      'POST',
      `/threads/${NO_THREAD}/runs`,
      { assistant_id: assistantId, temperature: 9 },
      { status: 400, code: 'decimal_above_max_value' },
    )
  })
})
