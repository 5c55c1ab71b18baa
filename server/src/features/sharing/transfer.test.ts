import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { FileObject } from '@melzi/contract/file.ts'
import type { PluginObject } from '@melzi/contract/plugin.ts'
import type {
  AccessList,
  DuplicateObject,
  ShareList,
  TransferObject,
} from '@melzi/contract/share.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from '../../../tests/support/door-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { newId } from '../../platform/ids.ts'

const pluginFile = (id: string, more = '') =>
  JSON.stringify({
    id,
    name_for_human: `Plugin ${id}`,
    api: { type: 'python', python: { source: `print(6)${more}` } },
    melzi: { secrets: ['TOKEN'] },
  })

onEachEngine('assistants that change hands', (engine) => {
  describe('through the door', () => {
    let house: DoorHouse
    let owner: Somebody
    let heir: Somebody
    let guest: Somebody
    let stranger: Somebody

    before(async () => {
      house = await openDoorHouse(engine)
      owner = await house.person()
      const { workspaceId } = owner
      heir = await house.person({ workspaceId, email: 'heir@example.com' })
      guest = await house.person({ workspaceId, role: 'guest', email: 'guest@example.com' })
      stranger = await house.person({ email: 'stranger@example.com' })
    })
    after(() => house?.[Symbol.asyncDispose]())

    const plugin = async (who: Somebody, id: string, more = ''): Promise<PluginObject> => {
      const reply = await fetch(`${house.baseUrl}/plugins`, {
        method: 'POST',
        headers: { authorization: `Bearer ${who.apiKey}`, 'content-type': 'application/json' },
        body: pluginFile(id, more),
      })
      assert.equal(reply.status, 200)
      return (await reply.json()) as PluginObject
    }
    const attach = (who: Somebody, aid: string, id: string) =>
      who.api.post(`/assistants/${aid}/plugins`, { plugin_id: id })
    const knowledge = async (who: Somebody): Promise<[FileObject, VectorStoreObject]> => {
      const file = await who.api.file('What we know.', 'known.txt', { purpose: 'assistants' })
      const store = await who.api.post<VectorStoreObject>('/vector_stores', { file_ids: [file.id] })
      return [file, store]
    }

    it('go with what nothing else uses; the old owner keeps edit', async () => {
      const [file, store] = await knowledge(owner)
      const code = await owner.api.file('1,2', 'table.csv', { purpose: 'assistants' })
      const shared = await owner.api.file('3,4', 'other.csv', { purpose: 'assistants' })
      const { id } = await owner.api.assistant({
        tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
        tool_resources: {
          file_search: { vector_store_ids: [store.id] },
          code_interpreter: { file_ids: [code.id, shared.id] },
        },
      })
      const other = await owner.api.assistant({
        tools: [{ type: 'code_interpreter' }],
        tool_resources: { code_interpreter: { file_ids: [shared.id] } },
      })
      const alone = await plugin(owner, 'alone')
      const common = await plugin(owner, 'common')
      const known = await plugin(owner, 'known')
      await plugin(heir, 'known', ' # my own')
      for (const one of [alone, common, known]) await attach(owner, id, one.id)
      await attach(owner, other.id, common.id)
      await owner.api.post(`/plugins/${alone.id}/secrets`, { name: 'TOKEN', value: 'sesame' })
      await owner.api.post(`/assistants/${id}/shares`, {
        type: 'person',
        person_id: heir.personId,
      })

      const done = await owner.api.post<TransferObject>(`/assistants/${id}/transfer`, {
        email: 'Heir@example.com',
      })
      assert.deepEqual(done, {
        id,
        object: 'assistant.transfer',
        owner_id: heir.personId,
        kept: 'edit',
        handed_over: {
          plugin_ids: [alone.id],
          vector_store_ids: [store.id],
          file_ids: done.handed_over.file_ids,
        },
      })
      assert.deepEqual(done.handed_over.file_ids.toSorted(), [file.id, code.id].toSorted())

      for (const path of [
        `/plugins/${alone.id}`,
        `/vector_stores/${store.id}`,
        `/files/${file.id}`,
        `/files/${code.id}`,
      ]) {
        await heir.api.get(path)
        await owner.api.refused('GET', path, undefined, { status: 404 })
      }
      for (const path of [`/plugins/${common.id}`, `/plugins/${known.id}`, `/files/${shared.id}`]) {
        await owner.api.get(path)
        await heir.api.refused('GET', path, undefined, { status: 404 })
      }
      const whole = await heir.api.get<AssistantObject>(`/assistants/${id}`)
      assert.equal(whole.tools.filter(({ type }) => type === 'function').length, 3)
      assert.deepEqual(whole.tool_resources, {
        file_search: { vector_store_ids: [store.id] },
        code_interpreter: { file_ids: [code.id, shared.id] },
      })
      const secrets = await heir.api.get<{ data: { name: string; is_set: boolean }[] }>(
        `/plugins/${alone.id}/secrets`,
      )
      assert.equal(secrets.data.find(({ name }) => name === 'TOKEN')?.is_set, true)

      const { data } = await heir.api.get<ShareList>(`/assistants/${id}/shares`)
      assert.deepEqual(
        data.map((one) => [one.grantee.id, one.access]),
        [[owner.personId, 'edit']],
      )
      await owner.api.post(`/assistants/${id}`, { name: 'Still mine to edit' })
      await owner.api.refused('DELETE', `/assistants/${id}`, undefined, { status: 403 })
      const back = { person_id: owner.personId }
      await owner.api.refused('POST', `/assistants/${id}/transfer`, back, { status: 403 })
    })

    it('leave the old owner what it asks to keep', async () => {
      for (const keep of ['use', null] as const) {
        const { id } = await owner.api.assistant()
        const body = { person_id: heir.personId, keep }
        await owner.api.post(`/assistants/${id}/transfer`, body)
        const { data } = await heir.api.get<AccessList>(`/assistants/${id}/access`)
        const mine = data.find((one) => one.id === owner.personId)?.access ?? null
        assert.equal(mine, keep)
        const status = keep === null ? 404 : 403
        await owner.api.refused('POST', `/assistants/${id}`, {}, { status })
      }
    })

    it('go to members of the workspace only', async () => {
      const { id } = await owner.api.assistant()
      const path = `/assistants/${id}/transfer`
      const refusals: [object, number][] = [
        [{}, 400],
        [{ person_id: heir.personId, email: 'heir@example.com' }, 400],
        [{ person_id: owner.personId }, 400],
        [{ person_id: guest.personId }, 400],
        [{ email: 'guest@example.com' }, 400],
        [{ person_id: stranger.personId }, 404],
        [{ email: 'stranger@example.com' }, 404],
        [{ email: 'not-there@example.com' }, 404],
        [{ person_id: newId('person_') }, 404],
        [{ person_id: heir.personId, keep: 'own' }, 400],
      ]
      for (const [body, status] of refusals) await owner.api.refused('POST', path, body, { status })
      // of two at once one is done, and the other is no longer the owner
      const both = await Promise.all(
        [1, 2].map(() => owner.api.request('POST', path, { person_id: heir.personId })),
      )
      assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([200, 403]))
    })

    it('are copied by whoever may look into them, without what is somebody else’s', async () => {
      const [, store] = await knowledge(owner)
      const code = await owner.api.file('1,2', 'table.csv', { purpose: 'assistants' })
      const { id } = await owner.api.assistant({
        name: 'Leonardo',
        instructions: 'Paint.',
        metadata: { a: 'b' },
        temperature: 0.5,
        tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
        tool_resources: {
          file_search: { vector_store_ids: [store.id] },
          code_interpreter: { file_ids: [code.id] },
        },
      })
      const first = await plugin(owner, 'first-copied')
      const second = await plugin(owner, 'second-copied')
      for (const one of [first, second]) await attach(owner, id, one.id)
      await owner.api.post(`/plugins/${first.id}/secrets`, { name: 'TOKEN', value: 'sesame' })
      const theirs = await plugin(heir, 'second-copied', ' # another text')

      const path = `/assistants/${id}/duplicate`
      await heir.api.refused('POST', path, {}, { status: 404 })
      const share = { type: 'person', person_id: heir.personId }
      await owner.api.post(`/assistants/${id}/shares`, { ...share, access: 'use' })
      await heir.api.refused('POST', path, {}, { status: 403 })
      await owner.api.post(`/assistants/${id}/shares`, { ...share, access: 'view' })
      const made = await heir.api.post<DuplicateObject>(path)
      const copy = await heir.api.get<AssistantObject>(`/assistants/${made.id}`)
      assert.equal(copy.name, 'Leonardo (copy)')
      assert.equal(copy.instructions, 'Paint.')
      assert.deepEqual(copy.metadata, { a: 'b' })
      assert.equal(copy.temperature, 0.5)
      assert.deepEqual(copy.tool_resources?.code_interpreter?.file_ids, [])
      assert.equal(copy.tool_resources?.file_search?.vector_store_ids?.length ?? 0, 0)
      const attached = await heir.api.get<{ data: { id: string; name_for_human: string }[] }>(
        `/assistants/${made.id}/plugins`,
      )
      assert.equal(attached.data.length, 1)
      const own = attached.data[0]?.id ?? ''
      assert.notEqual(own, first.id)
      const secrets = await heir.api.get<{ data: { name: string; is_set: boolean }[] }>(
        `/plugins/${own}/secrets`,
      )
      assert.deepEqual(
        secrets.data.map(({ name, is_set }) => [name, is_set]),
        [['TOKEN', false]],
      )
      assert.deepEqual(
        made.left_out.map(({ type, id: what }) => `${type} ${what}`).toSorted(),
        [
          `file ${code.id}`,
          `plugin ${second.id}`,
          `secrets ${own}`,
          `vector_store ${store.id}`,
        ].toSorted(),
      )
      // what the copier had is as it was
      const kept = await heir.api.get<PluginObject>(`/plugins/${theirs.id}`)
      assert.equal(kept.version, 1)
      await owner.api.refused('GET', `/assistants/${made.id}`, undefined, { status: 404 })
      await owner.api.refused('POST', `/assistants/${made.id}/duplicate`, {}, { status: 404 })
    })

    it('are copied whole by their owner', async () => {
      const [, store] = await knowledge(owner)
      const { id } = await owner.api.assistant({
        tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } },
      })
      const mine = await plugin(owner, 'mine')
      await attach(owner, id, mine.id)
      const made = await owner.api.post<DuplicateObject>(`/assistants/${id}/duplicate`)
      assert.deepEqual(made.left_out, [])
      const copy = await owner.api.get<AssistantObject>(`/assistants/${made.id}`)
      const source = await owner.api.get<AssistantObject>(`/assistants/${id}`)
      assert.deepEqual({ ...copy, id: '', created_at: 0 }, { ...source, id: '', created_at: 0 })
      const limited = await house.key(owner)
      await house.sql("update api_keys set most = 'use' where id = ?1", limited.keyId)
      await limited.api.refused('POST', `/assistants/${id}/duplicate`, {}, { status: 403 })
    })
  })
})
