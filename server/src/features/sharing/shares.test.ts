import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { AccessList, NewShare, ShareList, ShareObject } from '@melzi/contract/share.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from '../../../tests/support/door-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { newId } from '../../platform/ids.ts'

const DAY_MS = 86_400_000

onEachEngine('shares of an assistant', (engine) => {
  // the house is closed before its database
  describe('through the door', () => {
    let house: DoorHouse
    let owner: Somebody
    let friend: Somebody
    let guest: Somebody
    let stranger: Somebody
    let group: string

    before(async () => {
      house = await openDoorHouse(engine)
      owner = await house.person({ email: 'owner@example.com' })
      const { workspaceId } = owner
      friend = await house.person({ workspaceId, email: 'friend@example.com' })
      guest = await house.person({ workspaceId, role: 'guest', email: 'guest@example.com' })
      stranger = await house.person({ email: 'stranger@example.com' })
      group = newId('group_')
      await house.sql(
        'insert into person_groups (workspace_id, id, name, created_at) values (?1, ?2, ?3, 1)',
        workspaceId,
        group,
        'Class 3B',
      )
    })
    after(() => house?.[Symbol.asyncDispose]())

    const assistant = async () => (await owner.api.assistant({ instructions: 'secret' })).id
    const share = (id: string, body: object): Promise<NewShare> =>
      owner.api.post(`/assistants/${id}/shares`, body)
    const join = (who: Somebody) =>
      house.sql(
        'insert into group_members (workspace_id, group_id, person_id, added_at) values (?1, ?2, ?3, 1)',
        owner.workspaceId,
        group,
        who.personId,
      )
    const leave = (who: Somebody) =>
      house.sql('delete from group_members where person_id = ?1', who.personId)

    /** What somebody may do, found out by doing it. */
    const rightOf = async (who: Somebody, id: string): Promise<string | null> => {
      const looked = await who.api.request('GET', `/assistants/${id}`)
      if (looked.status === 404) {
        const list = (await who.api.get<{ data: AssistantObject[] }>('/assistants')).data
        assert.ok(!list.some((one) => one.id === id))
        await who.api.refused('POST', '/threads/runs', { assistant_id: id }, { status: 404 })
        return null
      }
      const list = (await who.api.get<{ data: AssistantObject[] }>('/assistants')).data
      assert.ok(list.some((one) => one.id === id))
      const settings = await who.api.request('GET', `/assistants/${id}/settings`)
      if (settings.status === 403) return 'use'
      const changed = await who.api.request('POST', `/assistants/${id}`, { description: 'seen' })
      if (changed.status === 403) return 'view'
      const shares = await who.api.request('GET', `/assistants/${id}/shares`)
      return shares.status === 403 ? 'edit' : 'own'
    }

    for (const access of ['use', 'view', 'edit'] as const)
      it(`gives ${access} to a person, a group and the workspace, and takes it back`, async () => {
        const id = await assistant()
        assert.equal(await rightOf(friend, id), null)
        const ways: [object, () => Promise<unknown>][] = [
          [{ type: 'person', person_id: friend.personId }, async () => undefined],
          [{ type: 'person', email: ' Friend@Example.com' }, async () => undefined],
          [{ type: 'group', group_id: group }, () => join(friend)],
          [{ type: 'workspace' }, async () => undefined],
        ]
        for (const [grantee, enter] of ways) {
          const made = await share(id, { ...grantee, access })
          await enter()
          assert.equal(made.access, access)
          assert.equal(made.pending, false)
          assert.equal(await rightOf(friend, id), access)
          assert.equal(await rightOf(stranger, id), null)
          const { data } = await owner.api.get<ShareList>(`/assistants/${id}/shares`)
          assert.deepEqual(
            data.map((one) => one.id),
            [made.id],
          )
          const { invitation, ...shown } = made
          assert.equal(invitation, null)
          assert.deepEqual(data[0], shown)
          await owner.api.delete(`/assistants/${id}/shares/${made.id}`)
          assert.equal(await rightOf(friend, id), null)
        }
        await leave(friend)
      })

    it('takes a second share with somebody as a change of the first', async () => {
      const id = await assistant()
      const first = await share(id, { type: 'person', person_id: friend.personId, access: 'edit' })
      const second = await share(id, { type: 'person', email: 'friend@example.com', access: 'use' })
      assert.equal(second.id, first.id)
      assert.equal(await rightOf(friend, id), 'use')
      await owner.api.post(`/assistants/${id}/shares/${first.id}`, { access: 'view' })
      assert.equal(await rightOf(friend, id), 'view')
    })

    it('gives the greatest of several', async () => {
      const id = await assistant()
      await share(id, { type: 'workspace', access: 'use' })
      await share(id, { type: 'group', group_id: group, access: 'edit' })
      assert.equal(await rightOf(friend, id), 'use')
      await join(friend)
      assert.equal(await rightOf(friend, id), 'edit')
      await leave(friend)
      assert.equal(await rightOf(friend, id), 'use')
    })

    it('leaves guests out of the whole workspace, but not of a group', async () => {
      const id = await assistant()
      await share(id, { type: 'workspace', access: 'edit' })
      assert.equal(await rightOf(guest, id), null)
      await share(id, { type: 'group', group_id: group, access: 'view' })
      await join(guest)
      assert.equal(await rightOf(guest, id), 'view')
      await leave(guest)
      assert.equal(await rightOf(guest, id), null)
    })

    it('ends at its end, and can be given another', async () => {
      const id = await assistant()
      const now = Math.floor(house.context.clock.now() / 1000)
      const made = await share(id, {
        type: 'person',
        person_id: friend.personId,
        expires_at: now + 86_400,
      })
      assert.equal(await rightOf(friend, id), 'use')
      house.pass(DAY_MS + 1000)
      assert.equal(await rightOf(friend, id), null)
      const { data } = await owner.api.get<AccessList>(`/assistants/${id}/access`)
      assert.deepEqual(
        data.map((one) => one.id),
        [owner.personId],
      )
      await owner.api.refused(
        'POST',
        `/assistants/${id}/shares/${made.id}`,
        { expires_at: now },
        { status: 400, param: 'expires_at' },
      )
      const path = `/assistants/${id}/shares/${made.id}`
      const changed = await owner.api.post<ShareObject>(path, { expires_at: null })
      assert.equal(changed.expires_at, null)
      assert.equal(await rightOf(friend, id), 'use')
    })

    it('names everybody who has access, and by which ways', async () => {
      const id = await assistant()
      const single = await share(id, { type: 'person', person_id: friend.personId, access: 'use' })
      const grouped = await share(id, { type: 'group', group_id: group, access: 'edit' })
      await join(friend)
      await join(guest)
      const { data } = await owner.api.get<AccessList>(`/assistants/${id}/access?order=asc`)
      const found = new Map(data.map((one) => [one.id, one]))
      assert.deepEqual(
        [...found.keys()].toSorted(),
        [owner, friend, guest].map((one) => one.personId).toSorted(),
      )
      assert.deepEqual(found.get(owner.personId)?.via, [
        { type: 'owner', share_id: null, access: 'own' },
      ])
      assert.equal(found.get(friend.personId)?.access, 'edit')
      assert.deepEqual(found.get(friend.personId)?.via, [
        { type: 'person', share_id: single.id, access: 'use' },
        { type: 'group', share_id: grouped.id, access: 'edit' },
      ])
      assert.equal(found.get(guest.personId)?.role, 'guest')
      const first = await owner.api.get<AccessList>(`/assistants/${id}/access?order=asc&limit=1`)
      assert.ok(first.has_more)
      const rest = await owner.api.get<AccessList>(
        `/assistants/${id}/access?order=asc&after=${first.last_id}`,
      )
      assert.equal(rest.data.length, 2)
      await leave(friend)
      await leave(guest)
    })

    it('is managed by the owner alone, with a key that is not limited', async () => {
      const id = await assistant()
      const other = await assistant()
      const made = await share(id, { type: 'person', person_id: friend.personId, access: 'edit' })
      const routes: [string, string, object?][] = [
        ['GET', `/assistants/${id}/shares`],
        ['POST', `/assistants/${id}/shares`, { type: 'workspace' }],
        ['GET', `/assistants/${id}/shares/${made.id}`],
        ['POST', `/assistants/${id}/shares/${made.id}`, { access: 'edit' }],
        ['DELETE', `/assistants/${id}/shares/${made.id}`],
        ['GET', `/assistants/${id}/access`],
        ['POST', `/assistants/${id}/transfer`, { person_id: friend.personId }],
      ]
      const limited = await house.key(owner)
      await house.sql(
        'update api_keys set assistant_ids = ?2 where id = ?1',
        limited.keyId,
        JSON.stringify([id]),
      )
      for (const [method, path, body] of routes) {
        await friend.api.refused(method, path, body, { status: 403 })
        await limited.api.refused(method, path, body, { status: 403 })
        await stranger.api.refused(method, path, body, { status: 404 })
        await guest.api.refused(method, path, body, { status: 404 })
        await owner.api.refused(method, path.replace(id, newId('asst_')), body, { status: 404 })
      }
      // a share belongs to one assistant
      for (const method of ['GET', 'POST', 'DELETE']) {
        const path = `/assistants/${other}/shares/${made.id}`
        await owner.api.refused(method, path, method === 'POST' ? {} : undefined, { status: 404 })
      }
      assert.equal(await rightOf(friend, id), 'edit')
    })

    it('refuses what cannot be shared', async () => {
      const id = await assistant()
      const refusals: [object, number, string][] = [
        [{ type: 'person' }, 400, 'person_id'],
        [{ type: 'group' }, 400, 'group_id'],
        [{ type: 'person', person_id: owner.personId }, 400, 'person_id'],
        [{ type: 'person', email: 'owner@example.com' }, 400, 'person_id'],
        [{ type: 'person', person_id: friend.personId, email: 'a@example.com' }, 400, 'email'],
        [{ type: 'person', email: 'nobody' }, 400, 'email'],
        [{ type: 'workspace', person_id: friend.personId }, 400, 'person_id'],
        [{ type: 'workspace', password: 'let me in' }, 400, 'password'],
        [{ type: 'workspace', access: 'own' }, 400, 'access'],
        [{ type: 'workspace', expires_at: 1 }, 400, 'expires_at'],
        [{ type: 'link', password: 'short' }, 400, 'password'],
        [{ type: 'link', guests: true, access: 'view' }, 400, 'access'],
      ]
      for (const [body, status, param] of refusals)
        await owner.api.refused('POST', `/assistants/${id}/shares`, body, { status, param })
      for (const body of [
        { type: 'person', person_id: stranger.personId },
        { type: 'person', person_id: newId('person_') },
        { type: 'group', group_id: newId('group_') },
      ])
        await owner.api.refused('POST', `/assistants/${id}/shares`, body, { status: 404 })
      const { data } = await owner.api.get<ShareList>(`/assistants/${id}/shares`)
      assert.deepEqual(data, [])
    })

    it('gives a guest without an account no more than use', async () => {
      const { workspaceId } = owner
      const nobody = await house.person({ workspaceId, role: 'guest' })
      const id = await assistant()
      const body = { type: 'person', person_id: nobody.personId, access: 'edit' }
      await owner.api.refused('POST', `/assistants/${id}/shares`, body, {
        status: 400,
        param: 'access',
      })
      await share(id, { type: 'group', group_id: group, access: 'edit' })
      await join(nobody)
      assert.equal(await rightOf(nobody, id), 'use')
      const { data } = await owner.api.get<AccessList>(`/assistants/${id}/access`)
      assert.equal(data.find((one) => one.id === nobody.personId)?.access, 'use')
      await leave(nobody)
    })

    it('notes who did what', async () => {
      const id = await assistant()
      const made = await share(id, { type: 'person', person_id: friend.personId })
      await owner.api.post(`/assistants/${id}/shares/${made.id}`, { access: 'view' })
      await owner.api.delete(`/assistants/${id}/shares/${made.id}`)
      const rows = await house.context.store.all<{ action: string; person_id: string }>(
        'select action, person_id from audit_entries where workspace_id = ?1 and object_id = ?2 order by id',
        [owner.workspaceId, made.id],
      )
      assert.deepEqual(
        rows.map(({ action }) => action),
        ['share.create', 'share.update', 'share.delete'],
      )
      assert.ok(rows.every((row) => row.person_id === owner.personId))
    })
  })
})
