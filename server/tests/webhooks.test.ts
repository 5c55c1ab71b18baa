import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ListReply } from '@melzi/contract/list.ts'
import type {
  RunEventData,
  WebhookDeliveryObject,
  WebhookObject,
  WebhookWithSecret,
} from '@melzi/contract/webhook.ts'
import OpenAI from 'openai'
import OpenAI5 from 'openai-v5'
import OpenAI6 from 'openai-v6'
import { pythonClient } from '../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from './support/boot.ts'
import { skipUnless } from './support/components.ts'
import { Api } from './support/factories.ts'
import {
  answering,
  startReceiver,
  type Received,
  type Receiver,
} from './support/webhook-receiver.ts'

const REPO = path.join(import.meta.dirname, '../..')
const UNWRAP = path.join(import.meta.dirname, 'support/python/unwrap_webhook.py')

/** What an SDK is given of a delivery. */
const givenOf = ({ body, headers }: Received, secret: string) => ({
  body,
  headers: Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  ),
  secret,
})

const suite = (engine: 'sqlite' | 'postgres') => {
  let receiver: Receiver
  let server: BootedServer
  let api: Api

  before(async () => {
    receiver = await startReceiver()
    const env = { MELZI_ALLOW_INTERNAL_HOSTS: receiver.host, MELZI_LEASE_MS: '3000' }
    server = await bootServer({ engine, env })
    api = new Api(server)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await receiver?.[Symbol.asyncDispose]()
  })

  const create = (fields: object = {}): Promise<WebhookWithSecret> =>
    api.post('/webhooks', { url: receiver.url, events: ['run.completed'], ...fields })

  const run = async () => {
    const { id } = await api.thread('hello')
    return api.settled(await api.run(id, server.assistantId))
  }

  const settled = async (delivery: WebhookDeliveryObject): Promise<WebhookDeliveryObject> => {
    for (const end = Date.now() + 15_000; ; await sleep(25)) {
      const at = `/webhooks/${delivery.webhook_id}/deliveries/${delivery.id}`
      const found = await api.get<WebhookDeliveryObject>(at)
      if (found.status !== 'pending') return found
      assert.ok(Date.now() < end, JSON.stringify(found))
    }
  }

  it('tell of a run that ended, signed as the SDKs check it; a forged body is none', async () => {
    const hook = await create()
    const ended = await run()
    const [delivery] = await receiver.until(1)
    assert.ok(delivery)
    assert.equal(delivery.event.type, 'run.completed')
    const data = delivery.event.data as RunEventData
    assert.equal(data.id, ended.id)
    assert.equal(data.usage?.total_tokens, ended.usage?.total_tokens)
    assert.equal(delivery.headers['content-type'], 'application/json')

    const rotated = await api.post<WebhookWithSecret>(`/webhooks/${hook.id}/rotate_secret`)
    assert.notEqual(rotated.secret, hook.secret)
    await settled(await api.post(`/webhooks/${hook.id}/test`))
    const [, test] = receiver.received
    assert.ok(test)
    assert.equal(test.event.type, 'webhook.test')

    const genuine = [
      givenOf(delivery, hook.secret),
      // for a day by the old secret too
      givenOf(test, hook.secret),
      givenOf(test, rotated.secret),
    ]
    const forged = [
      givenOf({ ...delivery, body: delivery.body.replace('completed', 'cancelled') }, hook.secret),
      givenOf(delivery, rotated.secret),
      givenOf({ ...delivery, headers: { ...delivery.headers, 'webhook-id': 'x' } }, hook.secret),
    ]
    const names = ['run.completed', 'webhook.test', 'webhook.test']
    for (const Client of [
      OpenAI,
      OpenAI6 as unknown as typeof OpenAI,
      OpenAI5 as unknown as typeof OpenAI,
    ]) {
      const client = new Client({ apiKey: 'not needed' })
      for (const [at, { body, headers, secret }] of genuine.entries()) {
        const event = await client.webhooks.unwrap(body, headers, secret)
        assert.equal(event.type as string, names[at])
      }
      for (const { body, headers, secret } of forged)
        await assert.rejects(client.webhooks.unwrap(body, headers, secret), /signature/)
    }
    if (engine === 'postgres') return
    const ids = [delivery, test, test].map(({ event }) => event.id)
    const expected = [...names.map((name, at) => [name, ids[at]]), 'forged', 'forged', 'forged']
    for (const generation of ['openai-1', 'openai-2', 'openai-3'] as const) {
      const said = await python(generation, [UNWRAP], { deliveries: [...genuine, ...forged] })
      assert.deepEqual(JSON.parse(said), expected, generation)
    }
  })

  it('show their secret once, and are managed by their owner alone', async () => {
    const hook = await create({ assistant_id: server.assistantId })
    const at = `/webhooks/${hook.id}`
    const delivery = await settled(await api.post(`${at}/test`))
    assert.equal(delivery.status, 'delivered')
    const replies = [
      await api.get<WebhookObject>(at),
      await api.get<ListReply<WebhookObject>>('/webhooks'),
      await api.post<WebhookObject>(at, { events: ['run.failed', 'run.failed'] }),
      await api.get<ListReply<WebhookDeliveryObject>>(`${at}/deliveries`),
      await api.post<WebhookDeliveryObject>(`${at}/deliveries/${delivery.id}/redeliver`),
    ]
    for (const reply of replies) {
      const text = JSON.stringify(reply)
      assert.ok(!text.includes('whsec_') && !text.includes(hook.secret.slice(6)), text)
    }
    const [shown] = replies as [WebhookObject]
    assert.equal(shown.last_delivery?.id, delivery.id)
    assert.deepEqual((replies[2] as WebhookObject).events, ['run.failed'])

    const others = new Api(await server.keyOf('someone.else@example.com'))
    const foreign: [method: string, path: string, body?: object][] = [
      ['GET', at],
      ['POST', at, { paused: true }],
      ['DELETE', at],
      ['POST', `${at}/rotate_secret`, {}],
      ['POST', `${at}/test`, {}],
      ['GET', `${at}/deliveries`],
      ['GET', `${at}/deliveries/${delivery.id}`],
      ['POST', `${at}/deliveries/${delivery.id}/redeliver`, {}],
    ]
    for (const [method, where, body] of foreign) {
      const message = `No webhook found with id '${hook.id}'.`
      await others.refused(method, where, body, { status: 404, message })
      await new Api({ ...server, apiKey: 'wrong' }).refused(method, where, body, { status: 401 })
    }
    assert.deepEqual((await others.get<ListReply<WebhookObject>>('/webhooks')).data, [])
    const { url } = receiver
    await others.refused(
      'POST',
      '/webhooks',
      { url, events: ['run.failed'], assistant_id: server.assistantId },
      { status: 404 },
    )
    // a delivery of one webhook is not another's
    const second = await create()
    await api.refused('GET', `/webhooks/${second.id}/deliveries/${delivery.id}`, undefined, {
      status: 404,
    })
    await api.delete(at)
    await api.refused('GET', at, undefined, { status: 404 })
  })

  it('refuse what is malformed, and addresses that are not public', async () => {
    const refused = (body: object, param: string) =>
      api.refused('POST', '/webhooks', body, { status: 400, param })
    await refused({ url: receiver.url }, 'events')
    await refused({ url: receiver.url, events: [] }, 'events')
    await refused({ url: receiver.url, events: ['run.started'] }, 'events[0]')
    await refused({ url: receiver.url, events: ['run.failed'], more: 1 }, 'more')
    await refused({ url: 'http://127.0.0.1:2/', events: ['run.failed'] }, 'url')
    await refused({ url: 'http://169.254.169.254/', events: ['run.failed'] }, 'url')
    await refused({ url: 'file:///etc/passwd', events: ['run.failed'] }, 'url')
    const { id } = await create()
    await api.refused(
      'POST',
      `/webhooks/${id}`,
      { paused: 'yes' },
      { status: 400, param: 'paused' },
    )
    await api.refused('POST', `/webhooks/${id}`, { url: 'http://127.0.0.1:2/' }, { status: 400 })
    await api.refused('GET', '/webhooks?limit=0', undefined, { status: 400, param: 'limit' })
    await api.refused('GET', `/webhooks/${id}/deliveries?after=x`, undefined, { status: 404 })
  })

  it('are delivered after a kill in the middle, once more and under the same id', async () => {
    for (const { id } of (await api.get<ListReply<WebhookObject>>('/webhooks?limit=100')).data)
      await api.delete(`/webhooks/${id}`)
    const hook = await create()
    const count = receiver.received.length
    receiver.answer(() => undefined)
    const ended = await run()
    await receiver.until(count + 1)
    receiver.answer(answering(200))
    await server.restart()
    // on PostgreSQL another node may live, so the lease of the dead one is waited for
    const [first, second] = (await receiver.until(count + 2, 30_000)).slice(count)
    assert.ok(first && second)
    assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
    assert.equal(first.body, second.body)
    const { data } = await api.get<ListReply<WebhookDeliveryObject>>(
      `/webhooks/${hook.id}/deliveries`,
    )
    assert.equal(data.length, 1)
    assert.equal((await settled(data[0]!)).status, 'delivered')
    assert.equal((first.event.data as RunEventData).id, ended.id)
  })
}

const python = (
  generation: Parameters<typeof pythonClient>[0],
  args: string[],
  input: object,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      pythonClient(generation),
      args,
      { timeout: 60_000, env: { PATH: process.env['PATH'] ?? '', PYTHONDONTWRITEBYTECODE: '1' } },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr))),
    )
    child.stdin?.end(JSON.stringify(input))
  })

describe('webhooks on sqlite', skipUnless('python3', 'python3-venv'), () => suite('sqlite'))
describe('webhooks on postgres', skipUnless('postgresql'), () => suite('postgres'))

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('the receivers of docs/webhooks.md', skipUnless('python3', 'python3-venv'), () => {
  for (const language of ['docs/webhooks.md', 'docs/webhooks.zh-TW.md'])
    it(`take genuine deliveries and refuse others: ${language}`, async () => {
      const text = await readFile(path.join(REPO, language), 'utf8')
      const snippets = [...text.matchAll(/```(js|python)\n(.*?)```/gs)]
      assert.equal(snippets.length, 3)
      const ports = await Promise.all(snippets.map(freePort))
      const hosts = ports.map((port) => `127.0.0.1:${port}`)
      await using server = await bootServer({
        env: { MELZI_ALLOW_INTERNAL_HOSTS: hosts.join(',') },
      })
      const api = new Api(server)
      // where the SDK is found
      const folder = await mkdtemp(path.join(REPO, 'node_modules/.cache/melzi-snippet-'))
      const stack = new AsyncDisposableStack()
      stack.defer(() => rm(folder, { recursive: true, force: true }))
      try {
        for (const [at, [, kind, source = '']] of snippets.entries()) {
          const hook = await api.post<WebhookWithSecret>('/webhooks', {
            url: `http://${hosts[at]}/`,
            events: ['run.completed'],
          })
          const file = path.join(folder, kind === 'js' ? `${at}.mjs` : `${at}.py`)
          await writeFile(file, source)
          const program = kind === 'js' ? process.execPath : pythonClient('openai-3')
          const child = spawn(program, [file], {
            env: {
              PATH: process.env['PATH'] ?? '',
              PORT: String(ports[at]),
              WEBHOOK_SECRET: hook.secret,
            },
            stdio: ['ignore', 'pipe', 'pipe'],
          })
          stack.defer(async () => {
            if (child.exitCode !== null || child.signalCode !== null) return
            child.kill()
            await once(child, 'exit')
          })
          let said = ''
          let log = ''
          child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
          child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
          for (const end = Date.now() + 20_000; !(await listens(ports[at] ?? 0)); await sleep(50))
            assert.ok(Date.now() < end && child.exitCode === null, log)
          const { id } = await api.post<WebhookDeliveryObject>(`/webhooks/${hook.id}/test`)
          for (const end = Date.now() + 10_000; !said.includes(id); await sleep(25))
            assert.ok(Date.now() < end, `it said ${said}, ${log}`)
          for (const end = Date.now() + 5_000; ; await sleep(25)) {
            const delivery = await api.get<WebhookDeliveryObject>(
              `/webhooks/${hook.id}/deliveries/${id}`,
            )
            if (delivery.status === 'delivered') break
            assert.ok(Date.now() < end, JSON.stringify(delivery))
          }
          assert.match(said, /^(?:webhook\.test|True) /)
          const forged = await fetch(`http://${hosts[at]}/`, {
            method: 'POST',
            headers: {
              'content-length': '2',
              'webhook-id': 'delivery_x',
              'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
              'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
            },
            body: '{}',
          })
          assert.equal(forged.status, 400)
        }
      } finally {
        await stack.disposeAsync()
      }
    })
})

const listens = async (port: number): Promise<boolean> => {
  try {
    // anything that is no delivery
    await fetch(`http://127.0.0.1:${port}/`)
    return true
  } catch {
    return false
  }
}
