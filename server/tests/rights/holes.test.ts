import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Operation } from '@melzi/contract/reference/operation.ts'
import { PARTS } from '@melzi/contract/reference/parts.ts'
import { openLeakHouse, type Caller, type LeakHouse } from '../support/leak-house.ts'
import { onEachEngine } from '../support/store-engines.ts'
import { makeAssistants, type Made } from './leak-drive.ts'

// Holes that others of this kind had, on things: each is a way to what belongs to somebody else. Ways to be somebody else are in
// people-holes.test.ts; that no page of another site changes anything is foreign-pages.test.ts, beside the routes.

/** What may differ between two refusals that say the same. */
const plain = (text: string, ids: readonly string[]): string =>
  ids.reduce((known, id) => known.replaceAll(id, 'ID'), text)

/** Another id of the same form: its last character is changed. Numbers and names stay. */
const neighbour = (id: string): string =>
  /[_-]\w{16,}$/.test(id) ? id.slice(0, -1) + (id.endsWith('x') ? 'y' : 'x') : id

const READS: readonly Operation[] = PARTS.flatMap(({ operations }) => operations).filter(
  ({ method, path, place, open }) =>
    method === 'get' && path.includes('{') && place === undefined && open !== true,
)

onEachEngine('ways to what is somebody else’s', (engine) => {
  describe('that are closed', () => {
    let h: LeakHouse
    let maker: Caller
    let made: Made
    let other: Caller
    let outsider: Caller
    let admin: Caller
    let own: { assistant: string; thread: string }

    before(async () => {
      h = await openLeakHouse(engine)
      maker = await h.person('maker')
      made = await makeAssistants(h, maker)
      other = await h.person('other')
      admin = await h.person('admin', 'admin')
      outsider = await h.person('outsider', 'owner', await h.workspace())
      const assistant = await h.make(other, '/assistants', { model: 'scripted', name: 'Own' })
      const thread = await h.make(other, '/threads', {
        messages: [{ role: 'user', content: 'lookup' }],
      })
      own = { assistant: assistant.id, thread: thread.id }
    })
    after(() => h[Symbol.asyncDispose]())

    const statusOf = async (who: Caller, method: string, address: string, body?: unknown) =>
      (await h.ask(who, method, address, body)).status

    it('an assistant of another, named with a key of one’s own', async () => {
      for (const who of [other, admin, outsider]) {
        const { id: thread } = await h.make(who, '/threads', {
          messages: [{ role: 'user', content: 'Hello' }],
        })
        for (const aid of [made.server, made.client]) {
          const body = { assistant_id: aid }
          const asked: [string, string, unknown?][] = [
            ['POST', `/threads/${thread}/runs`, body],
            ['POST', `/threads/${thread}/runs`, { ...body, stream: true }],
            ['POST', '/threads/runs', { ...body, thread: { messages: [] } }],
            ['POST', '/threads/runs', { ...body, stream: true }],
            ['POST', `/pluginapi?tid=${thread}&aid=${aid}&pid=fine`, {}],
            ['POST', `/assistants/${aid}`, { name: 'Mine' }],
            ['DELETE', `/assistants/${aid}`],
            ['POST', `/assistants/${aid}/duplicate`, {}],
            ['POST', `/assistants/${aid}/transfer`, { person_id: who.personId }],
            ['POST', `/assistants/${aid}/shares`, { type: 'person', person_id: who.personId }],
          ]
          for (const [method, address, given] of asked)
            assert.equal(await statusOf(who, method, address, given), 404, `${method} ${address}`)
        }
        // nothing was left behind: the thread is not held by a run that was refused
        assert.deepEqual((await h.get<{ data: [] }>(who, `/threads/${thread}/runs`)).data, [])
      }
    })

    it('a thread of another, continued by its id', async () => {
      const { thread_id: thread, run_id: run = '' } = made.ids
      const asked: [string, string, unknown?][] = [
        ['POST', `/threads/${thread}/messages`, { role: 'user', content: 'Hi' }],
        ['POST', `/threads/${thread}/runs`, { assistant_id: own.assistant }],
        ['POST', `/threads/${thread}/runs`, { assistant_id: own.assistant, stream: true }],
        ['POST', `/threads/${thread}/runs/${run}/cancel`, {}],
        ['POST', `/threads/${thread}`, { metadata: {} }],
        ['DELETE', `/threads/${thread}`],
        ['POST', `/pluginapi?tid=${thread}&aid=${own.assistant}&pid=fine`, {}],
        // a run of another on a thread of one's own
        ['GET', `/threads/${own.thread}/runs/${run}`],
        ['GET', `/threads/${own.thread}/runs/${run}/steps`],
        ['GET', `/threads/${own.thread}/runs/${run}/events`],
        ['GET', `/threads/${own.thread}/messages/${made.ids['message_id']}`],
      ]
      for (const who of [other, admin, outsider])
        for (const [method, address, given] of asked)
          assert.equal(await statusOf(who, method, address, given), 404, `${method} ${address}`)
    })

    it('a stream of another, while it goes on', async () => {
      const { id: thread } = await h.make(maker, '/threads', {
        messages: [{ role: 'user', content: 'lookup' }],
      })
      const runs = `/threads/${thread}/runs`
      const run = await h.make(maker, runs, { assistant_id: made.server })
      await h.until(maker, `${runs}/${run.id}`, ['requires_action'])
      const outputs = { tool_outputs: [{ tool_call_id: 'call_1', output: 'x' }], stream: true }
      for (const who of [other, admin, outsider]) {
        for (const after of ['', '?after=0', '?after=10000002'])
          assert.equal(await statusOf(who, 'GET', `${runs}/${run.id}/events${after}`), 404)
        const submit = `${runs}/${run.id}/submit_tool_outputs`
        assert.equal(await statusOf(who, 'POST', submit, outputs), 404)
      }
      await h.make(maker, `${runs}/${run.id}/cancel`, {})
    })

    it('a change that gives what creating would not', async () => {
      const { file_id: file = '', vector_store_id: store = '', plugin_id: plugin = '' } = made.ids
      const resources = [
        { file_search: { vector_store_ids: [store] } },
        { code_interpreter: { file_ids: [file] } },
      ]
      const attachments = [{ file_id: file, tools: [{ type: 'file_search' }] }]
      const image = [{ type: 'image_file', image_file: { file_id: file } }]
      const mine = await h.make(other, '/vector_stores', {})
      const user = { role: 'user', content: 'Hi' }
      const asked: [string, unknown][] = [
        ...resources.flatMap((tool_resources): [string, unknown][] => [
          ['/assistants', { model: 'scripted', tool_resources }],
          [`/assistants/${own.assistant}`, { tool_resources }],
          ['/threads', { tool_resources }],
          [`/threads/${own.thread}`, { tool_resources }],
          ['/threads/runs', { assistant_id: own.assistant, tool_resources }],
          ['/threads/runs', { assistant_id: own.assistant, thread: { tool_resources } }],
        ]),
        [`/threads/${own.thread}/messages`, { ...user, attachments }],
        [`/threads/${own.thread}/messages`, { role: 'user', content: image }],
        ['/threads', { messages: [{ ...user, attachments }] }],
        [
          `/threads/${own.thread}/runs`,
          { assistant_id: own.assistant, additional_messages: [{ ...user, attachments }] },
        ],
        ['/vector_stores', { file_ids: [file] }],
        [`/vector_stores/${mine.id}/files`, { file_id: file }],
        [`/vector_stores/${mine.id}/file_batches`, { file_ids: [file] }],
        [`/vector_stores/${store}/search`, { query: 'leave' }],
        [`/assistants/${own.assistant}/plugins`, { plugin_id: plugin }],
      ]
      for (const who of [other, outsider])
        for (const [address, body] of asked)
          assert.equal(
            await statusOf(who, 'POST', address, body),
            404,
            JSON.stringify([address, body]),
          )
    })

    it('more than a limited key may, by what came in with the full one, or by a second header', async () => {
      const limited = await h.limitedKey(maker, [made.client])
      const keys = [limited, maker].map(({ headers }) => headers['authorization']?.slice(7) ?? '')
      const [small = '', full = ''] = keys
      const { id: thread } = await h.make(limited, '/threads', {})
      const { file_id: file, vector_store_id: store } = made.ids
      const tools = [{ type: 'file_search' }]
      const attachments = [{ file_id: file, tools }]
      for (const [address, body] of [
        [`/threads/${thread}`, { tool_resources: { file_search: { vector_store_ids: [store] } } }],
        [`/threads/${thread}/messages`, { role: 'user', content: 'Hi', attachments }],
        ['/threads/runs', { assistant_id: made.server }],
      ] as const)
        assert.equal(await statusOf(limited, 'POST', address, body), 404, address)
      const both: Record<string, string>[] = [
        { authorization: `Bearer ${small}`, 'api-key': full },
        { authorization: `Bearer ${full}`, 'api-key': small },
        { authorization: small, 'api-key': full },
        {
          authorization: `Basic ${Buffer.from(`:${small}`).toString('base64')}`,
          'api-key': full,
        },
        { authorization: `Bearer ${small}, Bearer ${full}` },
        { 'api-key': `${small}, ${full}` },
      ]
      for (const headers of both) {
        const who: Caller = { name: 'two keys', personId: '', headers, heard: [] }
        assert.equal(await statusOf(who, 'GET', `/assistants/${made.server}`), 401)
      }
    })

    it('a plugin of another workspace or assistant, by its `pid`', async () => {
      const file = { model: 'scripted', name: 'Own' }
      for (const who of [other, outsider]) {
        const { id: aid } = await h.make(who, '/assistants', file)
        const { id: tid } = await h.make(who, '/threads', {})
        for (const pid of ['fine', 'quiet', 'forecast', 'weather', made.ids['plugin_id']]) {
          const address = `/pluginapi?tid=${tid}&aid=${aid}&pid=${pid}`
          assert.equal(await statusOf(who, 'POST', address, {}), 404, pid)
        }
      }
      // an assistant that has another plugin of the maker: only what is attached is called
      const who = await h.person('user')
      await h.share(maker, made.client, who, 'use')
      const { id: tid } = await h.make(who, '/threads', {})
      const called = (pid: string) =>
        statusOf(who, 'POST', `/pluginapi?tid=${tid}&aid=${made.client}&pid=${pid}`, {})
      assert.equal(await called('quiet'), 404)
      assert.equal(await called('fine'), 200)
    })

    it('ids: what is not the caller’s is refused as what is not there', async () => {
      for (const who of [other, outsider]) {
        for (const { id, path } of READS) {
          const ids = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
          const known = ids.map((name) => made.ids[name] ?? `${name}_0VbybStUVxYz0123456789ab`)
          const guessed = known.map((one) => neighbour(one))
          const at = (values: readonly string[]) =>
            ids.reduce((text, name, i) => text.replace(`{${name}}`, values[i] ?? ''), path)
          const [real, none] = [
            await h.ask(who, 'GET', at(known)),
            await h.ask(who, 'GET', at(guessed)),
          ]
          const said = `${who.name} ${id}`
          // models are everybody's, and members know each other
          if (real.status === 200 && ['retrieveModel', 'getPerson'].includes(id)) continue
          assert.ok(real.status === 404 || real.status === 403, `${said}: ${real.status}`)
          assert.equal(none.status, real.status, said)
          assert.equal(plain(real.text, known), plain(none.text, guessed), said)
        }
      }
    })
  })
})
