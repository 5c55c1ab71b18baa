import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NewApiKeyObject } from '@melzi/contract/key.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { usePostgres } from '../support/postgres.ts'

// Two programs on one PostgreSQL: what is done to a key on one holds for the very next request on the other.
describe('keys of two nodes', skipUnless('postgresql'), () => {
  const stack = new AsyncDisposableStack()
  let one: BootedServer
  let other: BootedServer
  let api: Api

  before(async () => {
    const postgres = stack.use(await usePostgres())
    const env = {
      DATABASE_URL: stack.use(await postgres.createDatabase()).url,
      MELZI_SECRET_KEY: 'the same on all nodes of one store',
    }
    one = stack.use(await bootServer({ env }))
    other = stack.use(await bootServer({ env, quickstart: false }))
    api = new Api(one)
  })
  after(() => stack.disposeAsync())

  const make = async (fields: object = {}): Promise<NewApiKeyObject> =>
    NewApiKeyObject.parse(await api.post('/keys', { name: 'x', ...fields }))
  const ask = async (server: BootedServer, key: string): Promise<Response> =>
    fetch(`${server.baseUrl}/assistants`, { headers: { authorization: `Bearer ${key}` } })
  const status = async (server: BootedServer, key: string): Promise<number> => {
    const reply = await ask(server, key)
    await reply.arrayBuffer()
    return reply.status
  }

  it('end at once on the other when they are paused, renewed or deleted on one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id, key } = await make()
      // warm: a node that kept what it knows of a key would now let it in
      for (let count = 0; count < 3; count += 1) assert.equal(await status(other, key), 200)
      await api.post(`/keys/${id}`, { paused: true })
      assert.equal(await status(other, key), 401)
      await api.post(`/keys/${id}`, { paused: false })
      assert.equal(await status(other, key), 200)
      const renewed = await api.post<NewApiKeyObject>(`/keys/${id}/rotate`)
      assert.equal(await status(other, key), 401)
      assert.equal(await status(other, renewed.key), 200)
      await api.post(`/keys/${id}`, { origins: ['https://a.example'], access: 'use' })
      await api.delete(`/keys/${id}`)
      assert.equal(await status(other, renewed.key), 401)
      assert.equal(await status(one, renewed.key), 401)
    }
  })

  it('pass exactly 500 of 1,000 requests that come to both at once', async () => {
    const { key } = await make({ limits: { requests_per_minute: 500 } })
    const replies = await Promise.all(
      Array.from({ length: 1000 }, async (_, at) => {
        const reply = await ask(at % 2 === 0 ? one : other, key)
        await reply.arrayBuffer()
        return reply
      }),
    )
    const passed = replies.filter((reply) => reply.status === 200)
    const refused = replies.filter((reply) => reply.status === 429)
    assert.deepEqual([passed.length, refused.length], [500, 500])
    const left = passed.map(({ headers }) => Number(headers.get('x-ratelimit-remaining-requests')))
    assert.equal(new Set(left).size, 500)
    for (const { headers } of refused) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d?$/)
  })
})
