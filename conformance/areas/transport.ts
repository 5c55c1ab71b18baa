import assert from 'node:assert/strict'
import type { RunObject } from '@melzi/contract/run.ts'
import { pathOf } from '../bench.ts'
import { errorOf, told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 0, 1 and 2: keys, headers, bodies, pages of other origins. */
const { rows, good, error } = rowsOf('transport')
export const transportRows = rows

const ORIGIN = 'https://notebook.example'
const JSON_HEADER = { 'content-type': 'application/json' }
const made = async (reply: Response): Promise<Response> => {
  assert.equal(reply.status, 200, await reply.clone().text())
  return reply
}

good('createThread', 'the key after Bearer, with the beta header', 'S', async (bench) => {
  await bench.newThread()
  const headers = { 'openai-beta': 'assistants=v2' }
  await bench.api.call('POST', '/threads', {}, { headers })
})
good('createThread', 'the key without Bearer', '0', async ({ api, target }) => {
  const headers = { authorization: target.apiKey }
  await api.call('POST', '/threads', {}, { key: null, headers })
})
good('createThread', 'the key as api-key', 'S', async ({ api, target }) => {
  const headers = { 'api-key': target.apiKey }
  await api.call('POST', '/threads', {}, { key: null, headers })
})
good('createThread', 'no beta header', '0', async ({ api }) => {
  await api.call('POST', '/threads', {})
})
error('createThread', 'another beta header (assistants=v1)', '?', async ({ api }) =>
  told(await api.send('POST', '/threads', { headers: { 'openai-beta': 'assistants=v1' } })),
)
good('createThread', 'an empty body with the type of JSON is {}', 'D', async ({ api }) => {
  await api.call('POST', '/threads', undefined, { headers: JSON_HEADER })
  await api.call('POST', '/threads')
})
good(null, 'x-request-id of its own on every answer', 'R', async ({ api }) => {
  const ids = new Set<string>()
  for (const reply of [await api.fetch('POST', '/threads'), await api.fetch('GET', '/nowhere')]) {
    const id = reply.headers.get('x-request-id') ?? ''
    assert.match(id, /^(?:req_)?[0-9a-f]{32}$/)
    ids.add(id)
  }
  assert.equal(ids.size, 2)
})
good(null, 'openai-processing-ms, openai-version', 'R', async ({ api }) => {
  const { headers } = await made(await api.fetch('POST', '/threads'))
  assert.match(headers.get('openai-processing-ms') ?? '', /^\d+$/)
  assert.equal(headers.get('openai-version'), '2020-10-01')
})
good(null, 'answers are application/json', 'D', async ({ api }) => {
  const { headers } = await api.send('POST', '/threads')
  assert.match(headers.get('content-type') ?? '', /^application\/json(?:; charset=utf-8)?$/i)
})
good(null, 'headers of SDKs are taken', 'S', async ({ api }) => {
  const headers = {
    'openai-organization': 'org-x',
    'openai-project': 'proj_x',
    'x-stainless-lang': 'js',
    'x-stainless-poll-helper': 'true',
    'x-stainless-custom-poll-interval': '500',
    'x-stainless-helper-method': 'stream',
  }
  await api.call('POST', '/threads', {}, { headers })
})
good(
  'getRun',
  'openai-poll-after-ms is a whole number while the run goes on',
  'S',
  async (bench) => {
    bench.says({ text: 'Hello.', firstDelayMs: 1_000 })
    const thread = await bench.thread('Say hello.')
    const run = await bench.run(thread.id, (await bench.assistant()).id)
    const reply = await bench.api.send('GET', pathOf(run))
    const { status } = reply.body as RunObject
    await bench.settled(run)
    assert.ok(['queued', 'in_progress'].includes(status), `it was ${status} already`)
    assert.match(reply.headers.get('openai-poll-after-ms') ?? '', /^\d+$/)
  },
)
error(null, 'an unknown route', 'T', async ({ api }) => {
  for (const method of ['GET', 'POST']) {
    const reply = await api.send(method, '/nowhere')
    assert.equal(reply.status, 404)
    assert.match(errorOf(reply).message, new RegExp(`^Invalid URL \\(${method} /.*nowhere\\)$`))
  }
})
for (const method of ['PUT', 'PATCH'])
  error(null, `${method} does not exist`, 'D', async ({ api }) => {
    const reply = await api.send(method, '/threads', { body: {} })
    assert.ok([404, 405].includes(reply.status), told(reply))
    return told(reply)
  })
error('createThread', 'a body that is JSON and no object', '?', async ({ api }) =>
  told(await api.send('POST', '/threads', { raw: '[1]' })),
)
error('createThread', 'a short wrong key is not repeated whole', 'R', async ({ api }) => {
  const reply = await api.send('POST', '/threads', { key: 'abc' })
  assert.equal(reply.status, 401)
  assert.ok(!errorOf(reply).message.includes('abc'))
})
error('createAssistant', 'checked in order: parse, required, unknown, type', 'T', async (bench) => {
  const { api, model } = bench
  const refused = (body: object, code: string) =>
    api.refused('POST', '/assistants', { body }, { status: 400, code })
  await refused({ colour_of_the_sky: 1 }, 'missing_required_parameter')
  await refused({ model, temperature: 'x', colour_of_the_sky: 1 }, 'unknown_parameter')
  await refused({ model, temperature: 'x' }, 'invalid_type')
})
error('createRun', 'types are checked before objects are looked up', 'T', async (bench) => {
  const path = `/threads/thread_${'x'.repeat(24)}/runs`
  const body = { assistant_id: (await bench.assistant()).id, temperature: 9 }
  await bench.api.refused('POST', path, { body }, { status: 400, code: 'decimal_above_max_value' })
})
error('createAssistant', 'an unknown key near a known one', 'T', async ({ api, model }) => {
  const body = { model, nane: 'A' }
  const message = /^Unknown parameter: 'nane'\.(?: Did you mean 'name'\?)?$/
  await api.refused('POST', '/assistants', { body }, { status: 400, message })
})

good(null, 'a preflight on every path, without a key', '0', async ({ api }) => {
  for (const path of ['/threads', '/threads/x/runs', '/files', '/assistants/x']) {
    const { status, headers } = await api.fetch('OPTIONS', path, {
      key: null,
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-os',
      },
    })
    assert.ok([200, 204].includes(status), `${status} on ${path}`)
    const header = (name: string) => headers.get(`access-control-${name}`) ?? ''
    assert.ok([ORIGIN, '*'].includes(header('allow-origin')))
    for (const name of ['authorization', 'content-type', 'x-stainless-os'])
      assert.ok(header('allow-headers').toLowerCase().includes(name), name)
    for (const name of ['GET', 'POST', 'DELETE'])
      assert.ok(header('allow-methods').includes(name), name)
  }
})
good(null, 'a page of another origin may read answers and headers', '0', async ({ api }) => {
  for (const key of [undefined, null]) {
    const { headers } = await api.fetch('POST', '/threads', {
      headers: { origin: ORIGIN },
      ...(key === null ? { key } : {}),
    })
    assert.ok([ORIGIN, '*'].includes(headers.get('access-control-allow-origin') ?? ''))
    const exposed = (headers.get('access-control-expose-headers') ?? '').toLowerCase()
    for (const name of ['x-request-id', 'openai-poll-after-ms', 'retry-after'])
      assert.ok(exposed.includes(name), name)
  }
})
