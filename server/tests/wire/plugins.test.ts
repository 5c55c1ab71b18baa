import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PluginCallList, PluginCallObject } from '@melzi/contract/plugin-call.ts'
import {
  PluginList,
  PluginObject,
  PluginPreview,
  PluginSecretList,
  PluginSecretSet,
  PluginVersionList,
  PluginVersionObject,
} from '@melzi/contract/plugin.ts'
import { bootServer, type BootedServer, type Key } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { pythonFile } from '../support/plugin-files.ts'

const BOM = '\uFEFF'
/** Loose as people paste it, with fields nobody knows. */
const LOOSE = `${BOM}{
  "id": "單價",  "schema_version": "v9",
\t"name_for_human": "Unit price", "x_unknown": { "b": 1, "a": [ 2,3 ] },
  "name_for_model": "unit_price",
  "description_for_model": "Two lines:
one tab\there",
  "api": { "type": "python", "python": { "source": "print(6)", "y_unknown": null, } },
}\r\n`

/** Sends a plugin file as the bytes it is. */
const send = async (
  key: Key,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
) => {
  const headers = { authorization: `Bearer ${key.apiKey}`, 'content-type': type }
  const response = await fetch(key.baseUrl + path, { method: 'POST', headers, body })
  return { status: response.status, body: (await response.json()) as unknown }
}

const fileOf = async (key: Key, id: string) => {
  const response = await fetch(`${key.baseUrl}/plugins/${id}/file`, {
    headers: { authorization: `Bearer ${key.apiKey}` },
  })
  assert.equal(response.status, 200)
  return { bytes: Buffer.from(await response.arrayBuffer()), headers: response.headers }
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(
    `management of plugins on ${engine}`,
    engine === 'postgres' ? skipUnless('postgresql') : {},
    () => {
      let server: BootedServer
      let api: Api

      const make = async (file: object): Promise<PluginObject> =>
        PluginObject.parse(await api.post('/plugins', file))

      before(async () => {
        server = await bootServer({ engine })
        api = new Api(server)
      })
      after(() => server?.[Symbol.asyncDispose]())

      it('takes a file byte for byte, whatever its content type, and gives it back so', async () => {
        for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
          const text = LOOSE.replace('v9', `v${type.length}`)
          const { status, body } = await send(server, '/plugins', text, type)
          assert.equal(status, 200)
          const plugin = PluginObject.parse(body)
          assert.equal(plugin.plugin_id, '單價')
          assert.equal(plugin.function_name, 'unit_price')
          assert.equal(plugin.description_for_model, 'Two lines:\none tab\there')
          const { bytes, headers } = await fileOf(server, plugin.id)
          assert.deepEqual(bytes, Buffer.from(text))
          assert.match(
            headers.get('content-disposition') ?? '',
            /^attachment; filename="__\.json"; filename\*=UTF-8''%E5%96%AE%E5%83%B9\.json$/,
          )
        }
      })

      it('shows what is read in the file', async () => {
        const plugin = await make({
          ...pythonFile('shown', 'print(6)', {
            secrets: ['KEY'],
            network: ['api.example.com'],
            packages: ['numpy'],
            timeout_seconds: 2.5,
            parameters: { properties: { price: { type: 'number' } } },
          }),
          name_for_human: 'Shown',
        })
        assert.match(plugin.id, /^plug_[0-9A-Za-z]{24}$/)
        assert.deepEqual(
          { ...plugin, id: '', created_at: 0, updated_at: 0 },
          {
            id: '',
            object: 'plugin',
            created_at: 0,
            updated_at: 0,
            version: 1,
            plugin_id: 'shown',
            kind: 'python',
            name_for_human: 'Shown',
            name_for_model: 'shown',
            description_for_human: '',
            description_for_model: 'About shown',
            function_name: 'shown',
            functions: [
              {
                name: 'shown',
                operation: null,
                description: 'About shown',
                parameters: { type: 'object', properties: { price: { type: 'number' } } },
                enabled: true,
                ask_before: false,
              },
            ],
            secrets: [{ name: 'KEY', is_set: false }],
            missing: ['secrets.KEY'],
            url: null,
            auth: null,
            user_header: null,
            network: ['api.example.com'],
            packages: ['numpy'],
            timeout_seconds: 2.5,
            usage_hint: null,
            direct_response: false,
            vector_store_id: null,
            test_arguments: {},
          },
        )
        assert.deepEqual(await api.get(`/plugins/${plugin.id}`), plugin)
      })

      it('refuses files that cannot be taken, naming the field', async () => {
        for (const [text, param, message] of [
          ['', null, /^The plugin file is not JSON/],
          ['[1]', null, /must hold a JSON object/],
          ['{"id":"a"}', 'api', /^Missing required parameter: 'api'/],
          ['{"id":"a","api":{"type":"perl"}}', 'api.type', /cannot run on this server/],
          [`{"id":"a","x":"${'y'.repeat(1_048_576)}"}`, null, /The limit is 1048576 bytes/],
        ] as const) {
          const { status, body } = await send(server, '/plugins', text, 'application/json')
          const { error } = body as { error: { param: string | null; message: string } }
          assert.deepEqual([status, error.param], [400, param])
          assert.match(error.message, message)
        }
        const broken = new Uint8Array([0x7b, 0xff, 0x7d])
        const { status, body } = await send(server, '/plugins', broken, 'application/json')
        assert.equal(status, 400)
        assert.match(JSON.stringify(body), /not UTF-8/)
        await api.refused('POST', '/plugins?vector_store_id=vs_x', pythonFile('z'), {
          status: 400,
          param: 'vector_store_id',
        })
        await api.refused('POST', '/plugins?x=1', pythonFile('z'), { status: 400, param: 'x' })
      })

      it('lists with the cursors of the wire, and finds one by name', async () => {
        const a = await make(pythonFile('list_a'))
        const b = await make(pythonFile('列表'))
        const page = PluginList.parse(await api.get('/plugins?limit=1'))
        assert.deepEqual([page.first_id, page.last_id, page.has_more], [b.id, b.id, true])
        const next = PluginList.parse(await api.get(`/plugins?limit=1&after=${b.id}`))
        assert.equal(next.first_id, a.id)
        for (const name of ['列表', b.function_name, b.id]) {
          const found = PluginList.parse(await api.get(`/plugins?name=${encodeURIComponent(name)}`))
          assert.deepEqual(
            found.data.map(({ id }) => id),
            [b.id],
          )
        }
        assert.deepEqual((await api.get<PluginList>('/plugins?name=none')).data, [])
        await api.refused('GET', '/plugins?limit=0', undefined, { status: 400, param: 'limit' })
        await api.refused('GET', '/plugins?after=plug_none', undefined, { status: 404 })
      })

      it('changes only the fields that are named, in the text itself', async () => {
        const { body } = await send(server, '/plugins', LOOSE, 'text/plain')
        const { id, version } = PluginObject.parse(body)
        const path = `/plugins/${id}`
        const edited = PluginObject.parse(
          await api.post(path, {
            source: 'print("七")\nprint(8)',
            name_for_human: 'Price',
            network: ['api.example.com'],
            ask_before: true,
            direct_response: true,
          }),
        )
        assert.equal(edited.version, version + 1)
        assert.equal(edited.name_for_human, 'Price')
        assert.deepEqual([edited.direct_response, edited.functions[0]?.ask_before], [true, true])
        const expected = LOOSE.replace('"Unit price"', '"Price"')
          .replace('"print(6)"', String.raw`"print(\"七\")\nprint(8)"`)
          .replace('"y_unknown": null', '"y_unknown": null, "direct_response": true')
          .replace(
            '"y_unknown": null, "direct_response": true, } }',
            '"y_unknown": null, "direct_response": true, } },\n  "melzi": {"ask_before":true, "network": ["api.example.com"]}',
          )
        assert.equal((await fileOf(server, id)).bytes.toString(), expected)
        const again = PluginObject.parse(await api.post(path, { name_for_human: 'Price' }))
        assert.equal(again.version, edited.version)
        const whole = PluginObject.parse(await api.post(path, { file: LOOSE }))
        assert.equal(whole.version, edited.version + 1)
        assert.deepEqual((await fileOf(server, id)).bytes, Buffer.from(LOOSE))
      })

      it('refuses edits that cannot be, and keeps the text', async () => {
        const { id } = await make(pythonFile('stays'))
        const before = (await fileOf(server, id)).bytes
        for (const [edit, param] of [
          [{ source: '' }, 'api.python.source'],
          [{ file: '{' }, null],
          [{ file: JSON.stringify(pythonFile('another')) }, 'file'],
          [{ file: `{"id":"stays","x":"\ud800","api":{"python":{"source":"1"}}}` }, 'file'],
          [{ url: 'https://example.com' }, 'url'],
          [{ network: ['http://x'] }, 'melzi.network[0]'],
          [{ timeout_seconds: 26 }, 'melzi.timeout_seconds'],
          [{ vector_store_id: 'vs_x' }, 'vector_store_id'],
          [{ nonsense: 1 }, 'nonsense'],
          [{ functions: [1] }, 'functions[0]'],
          [{ test_arguments: { stays: [] } }, 'test_arguments.stays'],
          [{ test_arguments: { stays: { long: 'x'.repeat(262_144) } } }, 'test_arguments'],
        ] as const)
          await api.refused('POST', `/plugins/${id}`, edit, { status: 400, param })
        assert.deepEqual((await fileOf(server, id)).bytes, before)
        assert.equal((await api.get<PluginObject>(`/plugins/${id}`)).version, 1)
      })

      it('keeps versions and brings one back', async () => {
        const { id } = await make(pythonFile('versions', 'print(1)'))
        await api.post(`/plugins/${id}`, { source: 'print(2)' })
        const list = PluginVersionList.parse(await api.get(`/plugins/${id}/versions`))
        assert.deepEqual(
          list.data.map(({ id: one, version }) => [one, version]),
          [
            [`${id}@2`, 2],
            [`${id}@1`, 1],
          ],
        )
        const page = await api.get<PluginVersionList>(`/plugins/${id}/versions?after=${id}@2`)
        assert.equal(page.first_id, `${id}@1`)
        const first = PluginVersionObject.parse(await api.get(`/plugins/${id}/versions/1`))
        assert.equal(first.source, 'print(1)')
        assert.equal(first.file, JSON.stringify(pythonFile('versions', 'print(1)')))
        const restored = PluginObject.parse(await api.post(`/plugins/${id}/versions/1/restore`))
        assert.equal(restored.version, 3)
        assert.equal((await fileOf(server, id)).bytes.toString(), first.file)
        const third = await api.get<PluginVersionObject>(`/plugins/${id}/versions/3`)
        assert.equal(third.restored_from, 1)
        for (const version of ['4', '0', 'x', '1e3', '99999999999999999999'])
          await api.refused('GET', `/plugins/${id}/versions/${version}`, undefined, { status: 404 })
        await api.refused('POST', `/plugins/${id}/versions/9/restore`, undefined, { status: 404 })
      })

      it('says what a file would give and keeps nothing of it', async () => {
        const path = '/plugins/preview'
        const file = pythonFile('previewed', 'print(1)', { secrets: ['KEY'] })
        const preview = PluginPreview.parse(await api.post(path, file))
        assert.deepEqual([preview.id, preview.missing], [null, ['secrets.KEY']])
        assert.equal(preview.functions[0]?.name, 'previewed')
        assert.deepEqual((await api.get<PluginList>('/plugins?name=previewed')).data, [])
        const { id } = await make(file)
        assert.equal(PluginPreview.parse(await api.post(path, file)).id, id)
        await api.refused('POST', path, { id: 'x' }, { status: 400, param: 'api' })
      })

      it('keeps secrets and gives none back', async () => {
        const value = 'correct horse battery staple'
        const { id } = await make(pythonFile('secretive', 'print(1)', { secrets: ['KEY'] }))
        const path = `/plugins/${id}/secrets`
        const set = PluginSecretSet.parse(await api.post(path, { name: 'KEY', value }))
        assert.deepEqual([set.id, set.is_set, set.refresh], ['KEY', true, null])
        await api.post(path, { name: 'OTHER', value })
        const list = PluginSecretList.parse(await api.get(path))
        assert.deepEqual(
          list.data.map(({ name, is_set }) => [name, is_set]),
          [
            ['OTHER', true],
            ['KEY', true],
          ],
        )
        assert.equal((await api.get<PluginSecretList>(`${path}?limit=1`)).has_more, true)
        const shown = JSON.stringify([list, set, await api.get(`/plugins/${id}`)])
        assert.ok(!shown.includes('staple'))
        assert.deepEqual((await api.get<PluginObject>(`/plugins/${id}`)).missing, [])
        assert.deepEqual(await api.delete(`${path}/KEY`), {
          id: 'KEY',
          object: 'plugin.secret.deleted',
          deleted: true,
        })
        await api.refused('DELETE', `${path}/KEY`, undefined, { status: 404 })
        assert.deepEqual((await api.get<PluginObject>(`/plugins/${id}`)).missing, ['secrets.KEY'])
        for (const [body, param] of [
          [{ name: 'a b', value }, 'name'],
          [{ name: 'KEY', value: '' }, 'value'],
          [{ name: 'KEY' }, 'value'],
          [{ name: 'KEY', value: 'x'.repeat(20_000) }, 'value'],
        ] as const)
          await api.refused('POST', path, body, { status: 400, param })
        assert.ok(!server.logs.includes('staple'))
      })

      it('records tests, with arguments that are kept for the next', async () => {
        const { id } = await make(pythonFile('tested'))
        const path = `/plugins/${id}/test`
        const call = PluginCallObject.parse(
          await api.post(path, { arguments: { a: 1 }, customized_params: { b: 2 }, save: true }),
        )
        // this server runs no plugins, which is a failed call and no error
        assert.equal(call.error?.kind, 'unavailable')
        assert.deepEqual(
          [call.status, call.origin, call.version, call.assistant_id, call.customized_params],
          ['failed', 'test', 1, null, { b: 2 }],
        )
        const again = PluginCallObject.parse(await api.post(path))
        assert.equal(again.arguments, '{"a":1}')
        const { test_arguments: saved } = await api.get<PluginObject>(`/plugins/${id}`)
        assert.deepEqual(saved, { tested: { a: 1 } })
        const unsaved = PluginCallObject.parse(await api.post(path, { source: 'print(9)' }))
        assert.equal(unsaved.version, null)
        assert.equal((await api.get<PluginObject>(`/plugins/${id}`)).version, 1)
        const list = PluginCallList.parse(await api.get(`/plugins/${id}/calls`))
        assert.deepEqual(
          list.data.map((one) => one.id),
          [unsaved.id, again.id, call.id],
        )
        const page = await api.get<PluginCallList>(
          `/plugins/${id}/calls?after=${unsaved.id}&limit=1`,
        )
        assert.deepEqual([page.first_id, page.has_more], [again.id, true])
        assert.deepEqual(await api.get(`/plugins/${id}/calls/${call.id}`), call)
        for (const [body, param] of [
          [{ function: 'none' }, 'function'],
          [{ arguments: 7 }, 'arguments'],
          [{ source: '' }, 'api.python.source'],
          [{ conversation: [{ role: 'user' }] }, 'conversation[0].content'],
          [{ x: 1 }, 'x'],
          [{ arguments: '{', save: true }, 'arguments'],
          [{ arguments: { long: 'x'.repeat(262_144) }, save: true }, 'arguments'],
        ] as const)
          await api.refused('POST', path, body, { status: 400, param })
        await api.refused('GET', `/plugins/${id}/calls/pcall_none`, undefined, { status: 404 })
      })
    },
  )
}
