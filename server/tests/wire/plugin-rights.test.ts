import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { PluginCallObject } from '@melzi/contract/plugin-call.ts'
import {
  AssistantPluginList,
  AssistantPluginObject,
  AssistantSettingsObject,
  PluginObject,
  type PluginList,
} from '@melzi/contract/plugin.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { pythonFile } from '../support/plugin-files.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(
    `rights on plugins on ${engine}`,
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

      it('gives plugins to assistants and says who runs them', async () => {
        const { id } = await make(pythonFile('attached'))
        const assistant = await api.assistant({ model: 'melzi-demo' })
        const path = `/assistants/${assistant.id}/plugins`
        const attached = AssistantPluginObject.parse(await api.post(path, { plugin_id: id }))
        assert.deepEqual(
          attached.functions.map(({ name }) => name),
          ['attached'],
        )
        assert.deepEqual(AssistantPluginList.parse(await api.get(path)).data, [attached])
        const { tools } = await api.get<AssistantObject>(`/assistants/${assistant.id}`)
        assert.equal(tools.length, 1)
        await api.refused('POST', path, { plugin_id: 'plug_none' }, { status: 404 })
        await api.refused('POST', path, {}, { status: 400, param: 'plugin_id' })
        assert.deepEqual(await api.delete(`${path}/${id}`), {
          id,
          object: 'assistant.plugin.deleted',
          deleted: true,
        })
        await api.refused('DELETE', `${path}/${id}`, undefined, { status: 404 })

        const settings = `/assistants/${assistant.id}/settings`
        const now = AssistantSettingsObject.parse(await api.get(settings))
        assert.equal(now.plugin_mode, 'client')
        const changed = await api.post<AssistantSettingsObject>(settings, { plugin_mode: 'server' })
        assert.equal(changed.plugin_mode, 'server')
        assert.deepEqual(await api.get(settings), changed)
        assert.deepEqual(await api.post(settings, {}), changed)
        await api.refused(
          'POST',
          settings,
          { plugin_mode: 'none' },
          { status: 400, param: 'plugin_mode' },
        )
      })

      it('shows another person and a foreign key nothing', async () => {
        const { id } = await make(pythonFile('mine', 'print(1)', { secrets: ['KEY'] }))
        const call = await api.post<PluginCallObject>(`/plugins/${id}/test`)
        const assistant = await api.assistant({ model: 'melzi-demo' })
        await api.post(`/assistants/${assistant.id}/plugins`, { plugin_id: id })
        const otherKey = await server.keyOf(`Salaì ${engine}`)
        const other = new Api(otherKey)
        const own = await other.assistant({ model: 'melzi-demo' })
        const wrong = new Api({ baseUrl: server.baseUrl, apiKey: `mlz_${'x'.repeat(40)}` })
        const routes: [method: string, path: string, body?: object][] = [
          ['GET', `/plugins/${id}`],
          ['POST', `/plugins/${id}`, { source: 'print(2)' }],
          ['DELETE', `/plugins/${id}`],
          ['GET', `/plugins/${id}/file`],
          ['GET', `/plugins/${id}/versions`],
          ['GET', `/plugins/${id}/versions/1`],
          ['POST', `/plugins/${id}/versions/1/restore`],
          ['POST', `/plugins/${id}/refresh`],
          ['GET', `/plugins/${id}/secrets`],
          ['POST', `/plugins/${id}/secrets`, { name: 'KEY', value: 'x' }],
          ['DELETE', `/plugins/${id}/secrets/KEY`],
          ['POST', `/plugins/${id}/test`, {}],
          ['GET', `/plugins/${id}/calls`],
          ['GET', `/plugins/${id}/calls/${call.id}`],
          ['GET', `/assistants/${assistant.id}/plugins`],
          ['POST', `/assistants/${assistant.id}/plugins`, { plugin_id: id }],
          ['POST', `/assistants/${own.id}/plugins`, { plugin_id: id }],
          ['DELETE', `/assistants/${assistant.id}/plugins/${id}`],
          ['GET', `/assistants/${assistant.id}/settings`],
          ['POST', `/assistants/${assistant.id}/settings`, { plugin_mode: 'server' }],
        ]
        for (const [method, path, body] of routes) {
          await other.refused(method, path, body, { status: 404 })
          await wrong.refused(method, path, body, { status: 401 })
        }
        for (const path of ['/plugins', '/plugins/preview'])
          await wrong.refused('POST', path, pythonFile('mine'), { status: 401 })
        await wrong.refused('GET', '/plugins', undefined, { status: 401 })
        assert.deepEqual((await other.get<PluginList>('/plugins?name=mine')).data, [])
        const theirs = PluginObject.parse(await other.post('/plugins', pythonFile('mine')))
        assert.notEqual(theirs.id, id)
        await other.refused('GET', `/plugins/${theirs.id}/calls/${call.id}`, undefined, {
          status: 404,
        })
        assert.equal((await api.get<PluginObject>(`/plugins/${id}`)).version, 1)
      })

      it('deletes, and refuses what is gone', async () => {
        const { id } = await make(pythonFile('gone'))
        assert.deepEqual(await api.delete(`/plugins/${id}`), {
          id,
          object: 'plugin.deleted',
          deleted: true,
        })
        await api.refused('GET', `/plugins/${id}`, undefined, {
          status: 404,
          message: `No plugin found with id '${id}'.`,
        })
        await api.refused('POST', `/plugins/${id}`, { source: 'x' }, { status: 404 })
      })
    },
  )
}
