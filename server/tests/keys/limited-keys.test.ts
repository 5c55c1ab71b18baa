import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { FileObject } from '@melzi/contract/file.ts'
import type { NewApiKeyObject } from '@melzi/contract/key.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { pythonFile } from '../support/plugin-files.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// design section 5: a limited key sees only what it made, on every route and in every reference to something.

const KINDS = ['use of one', 'use of all', 'manage one', 'shared'] as const
type Kind = (typeof KINDS)[number]

for (const engine of ['sqlite', 'postgres'] as const)
  describe(
    `limited keys on ${engine}`,
    engine === 'postgres' ? skipUnless('postgresql') : {},
    () => {
      let model: ScriptedModel
      let server: BootedServer
      /** The person of all these keys, with nothing held back. */
      let api: Api
      const keys = new Map<Kind, Api>()
      const key = (kind: Kind): Api => keys.get(kind) ?? assert.fail()
      const ids = {
        assistant: '',
        other: '',
        thread: '',
        message: '',
        run: '',
        step: '',
        file: '',
        upload: '',
        store: '',
        plugin: '',
      }

      const using = (made: NewApiKeyObject) =>
        new Api({ baseUrl: server.baseUrl, apiKey: made.key })
      const make = async (fields: object): Promise<Api> =>
        using(await api.post<NewApiKeyObject>('/keys', { name: 'limited', ...fields }))

      before(async () => {
        model = await startScriptedModel({ auto: true })
        server = await bootServer({ engine, model: { url: model.url } })
        api = new Api(server)
        ids.assistant = (await api.assistant({ instructions: 'Be brief.', tools: [unitPrice] })).id
        ids.other = (await api.assistant()).id
        ids.thread = (await api.thread('my question')).id
        ids.message = (await api.messages(ids.thread))[0]?.id ?? ''
        model.push({ toolCalls: [{ name: 'unit_price', arguments: {} }] })
        const run = await api.settled(await api.run(ids.thread, ids.assistant))
        ids.run = run.id
        ids.step = (await api.steps(run))[0]?.id ?? ''
        ids.file = (await api.file('mine', 'mine.txt', { purpose: 'assistants' })).id
        const upload = {
          filename: 'a.txt',
          purpose: 'assistants',
          bytes: 4,
          mime_type: 'text/plain',
        }
        ids.upload = (await api.post<{ id: string }>('/uploads', upload)).id
        ids.store = (await api.post<{ id: string }>('/vector_stores', { name: 'mine' })).id
        ids.plugin = (await api.post<{ id: string }>('/plugins', pythonFile('mine'))).id
        const assistant_ids = [ids.assistant]
        keys.set('use of one', await make({ assistant_ids, access: 'use' }))
        keys.set('use of all', await make({ access: 'use' }))
        keys.set('manage one', await make({ assistant_ids }))
        const share = `/assistants/${ids.assistant}/share-keys`
        keys.set('shared', using(await api.post<NewApiKeyObject>(share, { name: 'shared' })))
      })
      after(async () => {
        await server?.[Symbol.asyncDispose]()
        await model?.[Symbol.asyncDispose]()
      })

      const run = () => ({ assistant_id: ids.assistant })
      const output = () => ({ tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }] })
      /** What the person made without the key. */
      const foreign: [method: string, path: () => string, body?: () => object][] = [
        ['GET', () => `/threads/${ids.thread}`],
        ['POST', () => `/threads/${ids.thread}`, () => ({ metadata: { a: 'b' } })],
        ['DELETE', () => `/threads/${ids.thread}`],
        ['GET', () => `/threads/${ids.thread}/messages`],
        ['POST', () => `/threads/${ids.thread}/messages`, () => ({ role: 'user', content: 'x' })],
        ['GET', () => `/threads/${ids.thread}/messages/${ids.message}`],
        ['POST', () => `/threads/${ids.thread}/messages/${ids.message}`, () => ({ metadata: {} })],
        ['DELETE', () => `/threads/${ids.thread}/messages/${ids.message}`],
        ['GET', () => `/threads/${ids.thread}/runs`],
        ['POST', () => `/threads/${ids.thread}/runs`, run],
        ['POST', () => `/threads/${ids.thread}/runs`, () => ({ ...run(), stream: true })],
        ['GET', () => `/threads/${ids.thread}/runs/${ids.run}`],
        ['POST', () => `/threads/${ids.thread}/runs/${ids.run}`, () => ({ metadata: {} })],
        ['POST', () => `/threads/${ids.thread}/runs/${ids.run}/cancel`],
        ['POST', () => `/threads/${ids.thread}/runs/${ids.run}/submit_tool_outputs`, output],
        [
          'POST',
          () => `/threads/${ids.thread}/runs/${ids.run}/submit_tool_outputs`,
          () => ({ ...output(), stream: true }),
        ],
        ['GET', () => `/threads/${ids.thread}/runs/${ids.run}/events?after=0`],
        ['GET', () => `/threads/${ids.thread}/runs/${ids.run}/steps`],
        ['GET', () => `/threads/${ids.thread}/runs/${ids.run}/steps/${ids.step}`],
        [
          'POST',
          () => `/pluginapi?tid=${ids.thread}&aid=${ids.assistant}&pid=unit_price`,
          () => ({}),
        ],
        ['GET', () => `/files/${ids.file}`],
        ['GET', () => `/files/${ids.file}/content`],
        ['DELETE', () => `/files/${ids.file}`],
        ['POST', () => `/uploads/${ids.upload}/complete`, () => ({ part_ids: [] })],
        ['POST', () => `/uploads/${ids.upload}/cancel`],
        // by reference, in things of its own
        [
          'POST',
          () => '/threads/runs',
          () => ({
            ...run(),
            thread: {
              messages: [
                {
                  role: 'user',
                  content: 'x',
                  attachments: [{ file_id: ids.file, tools: [{ type: 'code_interpreter' }] }],
                },
              ],
            },
          }),
        ],
        [
          'POST',
          () => '/threads',
          () => ({ tool_resources: { code_interpreter: { file_ids: [ids.file] } } }),
        ],
        [
          'POST',
          () => '/threads',
          () => ({ tool_resources: { file_search: { vector_store_ids: [ids.store] } } }),
        ],
        [
          'POST',
          () => '/threads',
          () => ({
            messages: [
              {
                role: 'user',
                content: 'x',
                attachments: [{ file_id: ids.file, tools: [{ type: 'file_search' }] }],
              },
            ],
          }),
        ],
        [
          'POST',
          () => '/threads',
          () => ({
            messages: [
              {
                role: 'user',
                content: [{ type: 'image_file', image_file: { file_id: ids.file } }],
              },
            ],
          }),
        ],
      ]
      for (const kind of KINDS)
        it(`(${kind}) find nothing that they did not make`, async () => {
          for (const [method, path, body] of foreign)
            await key(kind).refused(method, path(), body?.(), { status: 404 })
        })

      for (const kind of KINDS)
        it(`(${kind}) manage nothing but assistants that they are for`, async () => {
          const routes: [method: string, path: string, body?: object][] = [
            ['POST', '/assistants', { model: 'scripted' }],
            ['GET', '/plugins'],
            ['POST', '/plugins', pythonFile('theirs')],
            ['GET', `/plugins/${ids.plugin}`],
            ['POST', `/plugins/${ids.plugin}/test`, {}],
            ['POST', `/assistants/${ids.assistant}/plugins`, { plugin_id: ids.plugin }],
            ['GET', '/keys'],
            ['POST', '/keys', { name: 'x' }],
            ['GET', `/assistants/${ids.assistant}/share-keys`],
            ['POST', `/assistants/${ids.assistant}/share-keys`, { name: 'x' }],
            ['POST', '/chat/completions', { model: 'scripted', messages: [] }],
            ['POST', '/audio/speech', { model: 'scripted', input: 'x', voice: 'x' }],
          ]
          for (const [method, path, body] of routes)
            await key(kind).refused(method, path, body, { status: 403 })
          const path = `/assistants/${ids.assistant}`
          if (kind === 'manage one') {
            await key(kind).post(path, { description: 'changed by the key' })
            await key(kind).refused(
              'POST',
              path,
              { tool_resources: { code_interpreter: { file_ids: [ids.file] } } },
              { status: 404 },
            )
            return
          }
          for (const method of ['POST', 'DELETE'])
            await key(kind).refused(method, path, method === 'POST' ? {} : undefined, {
              status: 403,
            })
          for (const method of ['GET', 'POST'])
            await key(kind).refused(method, '/vector_stores', method === 'POST' ? {} : undefined, {
              status: 403,
            })
        })

      for (const kind of ['use of one', 'manage one', 'shared'] as const)
        it(`(${kind}) reach their assistants and no other`, async () => {
          const list = await key(kind).get<ListReply<AssistantObject>>('/assistants')
          assert.deepEqual(
            list.data.map(({ id }) => id),
            [ids.assistant],
          )
          await key(kind).refused('GET', `/assistants/${ids.other}`, undefined, { status: 404 })
          await key(kind).refused('GET', `/assistants?after=${ids.other}`, undefined, {
            status: 404,
          })
          const thread = await key(kind).thread('x')
          for (const path of ['/threads/runs', `/threads/${thread.id}/runs`])
            for (const stream of [false, true])
              await key(kind).refused(
                'POST',
                path,
                { assistant_id: ids.other, stream },
                { status: 404 },
              )
          const query = `tid=${thread.id}&aid=${ids.other}&pid=unit_price`
          await key(kind).refused('POST', `/pluginapi?${query}`, {}, { status: 404 })
        })

      it('talk to them, and find again what they made', async () => {
        for (const kind of KINDS) {
          const by = key(kind)
          const file = await by.file('theirs', `${kind}.txt`, { purpose: 'vision' })
          assert.equal((await by.content(file.id)).bytes.toString(), 'theirs')
          const thread = await by.thread('Good morning')
          const settled = await by.settled(await by.run(thread.id, ids.assistant))
          assert.equal(settled.status, 'completed')
          const [, answer] = await by.messages(thread.id)
          assert.ok(textOf(answer) !== '')
          assert.equal((await by.steps(settled)).length, 1)
          const events = await by.events(`/threads/${thread.id}/runs`, run())
          assert.equal(events.at(-1)?.event, 'done')
          // and nobody else does, but the person itself
          for (const other of KINDS.filter((one) => one !== kind)) {
            await key(other).refused('GET', `/threads/${thread.id}`, undefined, { status: 404 })
            await key(other).refused('GET', `/files/${file.id}`, undefined, { status: 404 })
          }
          await api.get(`/threads/${thread.id}`)
          await api.get(`/files/${file.id}`)
        }
      })

      it('list what they made; a shared one lists nothing', async () => {
        for (const kind of ['use of one', 'use of all', 'manage one'] as const) {
          const thread = await key(kind).thread('mine')
          const file = await key(kind).file('x', 'x.txt', { purpose: 'vision' })
          const threads = await key(kind).get<ListReply<ThreadObject>>('/threads?limit=100')
          assert.ok(threads.data.some(({ id }) => id === thread.id))
          const files = await key(kind).get<ListReply<FileObject>>('/files?limit=100')
          assert.ok(files.data.some(({ id }) => id === file.id))
          for (const one of ['/threads', '/files'] as const) {
            const foreignId = one === '/threads' ? ids.thread : ids.file
            const { data } = await key(kind).get<ListReply<{ id: string }>>(`${one}?limit=100`)
            assert.ok(data.every(({ id }) => id !== foreignId))
            await key(kind).refused('GET', `${one}?after=${foreignId}`, undefined, { status: 404 })
          }
        }
        for (const path of ['/threads', '/files', '/vector_stores'])
          await key('shared').refused('GET', path, undefined, { status: 403 })
      })

      it('keep vector stores of their own, where they manage', async () => {
        const by = key('manage one')
        const { id } = await by.post<{ id: string }>('/vector_stores', { name: 'theirs' })
        const { data } = await by.get<ListReply<{ id: string }>>('/vector_stores')
        assert.deepEqual(
          data.map((one) => one.id),
          [id],
        )
        const routes: [method: string, path: string, body?: object][] = [
          ['GET', ''],
          ['POST', '', { name: 'x' }],
          ['DELETE', ''],
          ['GET', '/files'],
          ['POST', '/files', { file_id: ids.file }],
          ['POST', '/file_batches', { file_ids: [ids.file] }],
          ['POST', '/search', { query: 'x' }],
        ]
        for (const [method, path, body] of routes)
          await by.refused(method, `/vector_stores/${ids.store}${path}`, body, { status: 404 })
        await by.refused(
          'POST',
          `/vector_stores/${id}/files`,
          { file_id: ids.file },
          { status: 404 },
        )
        await by.refused('GET', `/vector_stores?after=${ids.store}`, undefined, { status: 404 })
      })

      it('reach fewer assistants when one is gone, never more', async () => {
        const [gone, left] = [await api.assistant(), await api.assistant()]
        const both = await make({ assistant_ids: [gone.id, left.id], access: 'use' })
        const one = await make({ assistant_ids: [gone.id], access: 'use' })
        await api.delete(`/assistants/${gone.id}`)
        const seen = async (by: Api) =>
          (await by.get<ListReply<AssistantObject>>('/assistants')).data.map(({ id }) => id)
        assert.deepEqual(await seen(both), [left.id])
        assert.deepEqual(await seen(one), [])
        const thread = await one.thread('x')
        for (const id of [gone.id, left.id, ids.assistant])
          await one.refused(
            'POST',
            `/threads/${thread.id}/runs`,
            { assistant_id: id },
            { status: 404 },
          )
      })

      it('leave what they made to their person when they are deleted', async () => {
        const made = await api.post<NewApiKeyObject>('/keys', { name: 'x', access: 'use' })
        const thread = await using(made).thread('kept')
        await api.delete(`/keys/${made.id}`)
        assert.equal(textOf((await api.messages(thread.id))[0]), 'kept')
      })

      it('that share an assistant are its owner’s to list and to take back', async () => {
        const path = `/assistants/${ids.other}/share-keys`
        const made = await api.post<NewApiKeyObject>(path, { name: 'for the library' })
        assert.equal(made.shared_assistant_id, ids.other)
        await using(made).get(`/assistants/${ids.other}`)
        const { data } = await api.get<ListReply<{ id: string }>>(path)
        assert.deepEqual(
          data.map(({ id }) => id),
          [made.id],
        )
        const member = new Api(await server.keyOf('Salaì'))
        await member.refused('POST', path, { name: 'x' }, { status: 404 })
        await member.refused('GET', path, undefined, { status: 404 })
        const wider = [{ assistant_ids: null }, { access: 'manage' }]
        for (const body of wider)
          await api.refused('POST', `/keys/${made.id}`, body, { status: 400 })
        await api.delete(`/keys/${made.id}`)
        await using(made).refused('GET', `/assistants/${ids.other}`, undefined, { status: 401 })
      })
    },
  )
