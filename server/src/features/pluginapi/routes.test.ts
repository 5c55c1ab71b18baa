import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { PluginApiAnswer } from '@melzi/contract/plugin-api.ts'
import { fakeSandbox, sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { toolResourcesFor } from '../../../tests/support/tool-resources.ts'
import { authenticate } from '../../http/auth.ts'
import { createHttpServer } from '../../http/server.ts'
import { DiskBlobs } from '../../platform/blobs/disk-blobs.ts'
import { createLog } from '../../platform/log.ts'
import type { SandboxJob, SandboxResult } from '../../plugins/python/sandbox-driver.ts'
import { keyService, makeKey } from '../../../tests/support/key-service.ts'
import { createFileService } from '../files/service.ts'
import { createMessageService } from '../messages/service.ts'
import { pluginCalls, pluginService } from '../../../tests/support/plugin-house.ts'
import { createThreadService } from '../threads/service.ts'
import { pluginApiRoutes } from './routes.ts'
import { createPluginApiService } from './service.ts'
import { assistantService } from '../../../tests/support/assistant-service.ts'

const PLUGIN = `{ "id": "我的 unit price", "api": { "type": "python", "python": { "source": "print(6)" } } }`

const setUp = async (
  answer: (job: SandboxJob, signal: AbortSignal) => Promise<SandboxResult> = () =>
    Promise.resolve(sandboxResult({ output: '每公斤 "60" 元\n' })),
) => {
  const stack = new AsyncDisposableStack()
  const home = stack.use(await openFeatureStore())
  const { store } = home
  const clock = { now: () => Date.now() }
  const log = createLog('silent')
  const keys = keyService({ store, clock, log })
  const plugins = pluginService(store, clock)
  const toolResources = toolResourcesFor(clock)
  const checkModel = () => undefined
  const assistants = assistantService({ store, clock, plugins, toolResources, checkModel })
  const threads = createThreadService({ store, clock, toolResources })
  const blobs = new DiskBlobs(home.dir, clock)
  const files = createFileService({ store, clock, blobs })
  const messages = createMessageService({ store, clock, blobs, threads, toolResources, files })
  const sandbox = fakeSandbox(answer)
  const calls = pluginCalls({ store, driver: sandbox.driver, clock, log })
  const app = createHttpServer({ log, bodyLimit: 100_000 })
  stack.defer(() => app.close())
  await app.register(async (scope) => {
    scope.addHook('onRequest', authenticate(keys.findPrincipal))
    const runs = { waiting: () => Promise.resolve(null) }
    const service = createPluginApiService({ store, assistants, threads, messages, calls, runs })
    await scope.register(pluginApiRoutes(service))
  })

  const owner = await home.person()
  const key = (await makeKey(keys, owner)).text
  const aid = await home.assistant(owner)
  const plugin = await plugins.importPlugin(owner, PLUGIN)
  await assistants.attachPlugin(owner, aid, plugin.id)
  const thread = await store.write('test', (tx) => threads.insert(tx, owner, {}))
  const post = (
    query: Record<string, string | undefined> = {},
    payload: string = '{"price":180}',
    headers: Record<string, string> = {},
  ) => {
    const all = { tid: thread.id, aid, pid: plugin.functionName, ...query }
    const kept = Object.entries(all).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    )
    return app.inject({
      method: 'POST',
      url: `/pluginapi?${new URLSearchParams(kept).toString()}`,
      headers: { authorization: key, 'content-type': 'application/json', ...headers },
      payload,
    })
  }
  return {
    home,
    app,
    store,
    keys,
    threads,
    messages,
    owner,
    key,
    aid,
    plugin,
    thread,
    post,
    jobs: sandbox.jobs,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

type Refusal = { error: { message: string; param: string | null; code: string | null } }

describe('POST /pluginapi', () => {
  it('calls the plugin and answers one line of JSON', async () => {
    await using t = await setUp()
    const reply = await t.post({ params: '{"msg":"hi"}' })
    assert.equal(reply.statusCode, 200)
    assert.match(reply.headers['content-type'] as string, /^application\/json/)
    assert.ok(
      reply.body.startsWith(
        '{"text": "每公斤 \\u002260\\u0022 元\\u000a", "ok": true, "call_id": "pcall_',
      ),
    )
    assert.equal(PluginApiAnswer.parse(JSON.parse(reply.body)).text, '每公斤 "60" 元\n')
    assert.deepEqual(t.jobs[0]?.arguments, { price: 180 })
    assert.deepEqual(t.jobs[0]?.customizedParams, { msg: 'hi' })
    const [call] = await t.store.all<Record<string, unknown>>('select * from plugin_calls')
    assert.deepEqual([call?.['thread_id'], call?.['run_id']], [t.thread.id, null])
  })

  it('takes the raw plugin id as well as the function name', async () => {
    await using t = await setUp()
    assert.equal((await t.post({ pid: '我的 unit price' })).statusCode, 200)
    assert.equal((await t.post({ pid: t.plugin.id })).statusCode, 404)
  })

  it('takes a JSON string holding JSON, an empty body and any content type', async () => {
    await using t = await setUp()
    await t.post({}, '"{\\"price\\": 1}"')
    await t.post({}, '')
    await t.post({}, '{"price":2}', { 'content-type': 'application/x-www-form-urlencoded' })
    assert.deepEqual(
      t.jobs.map((job) => job.arguments),
      [{ price: 1 }, {}, { price: 2 }],
    )
  })

  it('answers arguments that are no JSON with a text the shell client can carry', async () => {
    await using t = await setUp()
    const reply = await t.post({}, '{"q":"say \\\\"hi\\\\""}')
    assert.equal(reply.statusCode, 200)
    assert.match(JSON.parse(reply.body).text, /^The arguments are not valid JSON/)
    assert.match(reply.body, /"ok": false/)
    assert.ok(!reply.body.includes('\\"'))
  })

  it('gives the plugin the conversation', async () => {
    await using t = await setUp()
    await t.messages.create(t.owner, t.thread.id, {
      role: 'user',
      content: 'how much?',
      attachments: [],
      metadata: {},
    })
    await t.post()
    assert.deepEqual(t.jobs[0]?.conversation, [{ role: 'user', content: 'how much?' }])
  })

  it('names a missing, unknown or malformed parameter', async () => {
    await using t = await setUp()
    const refused = async (query: Record<string, string | undefined>) => {
      const reply = await t.post(query)
      assert.equal(reply.statusCode, 400)
      const { error } = JSON.parse(reply.body) as Refusal
      return [error.param, error.code]
    }
    assert.deepEqual(await refused({ tid: undefined }), ['tid', 'missing_required_parameter'])
    assert.deepEqual(await refused({ aid: undefined }), ['aid', 'missing_required_parameter'])
    assert.deepEqual(await refused({ pid: undefined }), ['pid', 'missing_required_parameter'])
    assert.deepEqual(await refused({ xid: 'x' }), ['xid', 'unknown_parameter'])
    for (const params of ['{msg}', '['.repeat(101) + ']'.repeat(101)])
      assert.deepEqual(await refused({ params }), ['params', 'invalid_value'])
    assert.equal(t.jobs.length, 0)
  })

  it('is 404 for an assistant, thread or plugin the key has no right on', async () => {
    await using t = await setUp()
    const missing = async (query: Record<string, string>, headers: Record<string, string> = {}) => {
      const reply = await t.post(query, '', headers)
      assert.equal(reply.statusCode, 404)
      return (JSON.parse(reply.body) as Refusal).error.message
    }
    assert.match(await missing({ aid: 'asst_x' }), /No assistant found with id 'asst_x'/)
    assert.match(await missing({ tid: 'thread_x' }), /No thread found/)
    assert.match(await missing({ pid: 'other' }), /No plugin found with id 'other'/)
    for (const stranger of [await t.home.person(t.owner.workspaceId), await t.home.person()]) {
      const authorization = (await makeKey(t.keys, stranger)).text
      assert.match(await missing({}, { authorization }), /No assistant found/)
      const aid = await t.home.assistant(stranger)
      assert.match(await missing({ aid }, { authorization }), /No thread found/)
      const own = await t.store.write('test', (tx) => t.threads.insert(tx, stranger, {}))
      assert.match(await missing({ aid, tid: own.id }, { authorization }), /No plugin found/)
    }
    assert.equal(t.jobs.length, 0)
  })

  it('is 401 without a key and with a deleted one', async () => {
    await using t = await setUp()
    assert.equal((await t.post({}, '', { authorization: '' })).statusCode, 401)
    const { key, text } = await makeKey(t.keys, t.owner)
    assert.equal((await t.post({}, '', { authorization: `Bearer ${text}` })).statusCode, 200)
    await t.keys.delete(t.owner, key.id)
    assert.equal((await t.post({}, '', { authorization: text })).statusCode, 401)
  })

  it('stops the plugin when the client leaves', async () => {
    const stopped = Promise.withResolvers<void>()
    await using t = await setUp(
      (_job, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            stopped.resolve()
            reject(signal.reason)
          }),
        ),
    )
    const base = await t.app.listen({ host: '127.0.0.1', port: 0 })
    const leaving = new AbortController()
    const query = new URLSearchParams({ tid: t.thread.id, aid: t.aid, pid: t.plugin.functionName })
    const call = fetch(`${base}/pluginapi?${query.toString()}`, {
      method: 'POST',
      headers: { authorization: t.key },
      signal: leaving.signal,
    })
    while (t.jobs.length === 0) await delay(2)
    leaving.abort()
    await assert.rejects(call)
    await stopped.promise
  })
})
