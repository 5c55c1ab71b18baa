import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openPeopleHouse } from '../../../tests/support/people-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { createAuditReader, type AuditFilter } from './service.ts'

const newest = { limit: 20, order: 'desc', after: null, before: null } as const
const all: AuditFilter = {
  personId: null,
  keyId: null,
  objectId: null,
  action: null,
  since: null,
  until: null,
}

onEachEngine('the audit log', (engine) => {
  it('says who did what to which object from where, and finds it again', async () => {
    await using h = await openPeopleHouse(engine)
    const reader = createAuditReader(h)
    const admin = { ...h.admin, from: '192.0.2.7', sessionId: 'session_1', keyId: null }
    const { id } = await h.groups.create(admin, 'Class')
    h.time.ms += 60_000
    await h.members.setRole(h.owner, h.member.personId, 'guest')
    const find = async (filter: Partial<AuditFilter>) =>
      (await reader.list(h.admin, { ...all, ...filter }, newest)).items.map(({ action }) => action)
    assert.deepEqual(await find({}), ['person.role', 'group.create'])
    assert.deepEqual(await find({ objectId: id }), ['group.create'])
    assert.deepEqual(await find({ personId: h.owner.personId }), ['person.role'])
    assert.deepEqual(await find({ action: 'group' }), ['group.create'])
    assert.deepEqual(await find({ action: 'grou' }), [])
    assert.deepEqual(await find({ action: 'person.role' }), ['person.role'])
    assert.deepEqual(await find({ since: h.time.ms / 1000 }), ['person.role'])
    assert.deepEqual(await find({ until: h.time.ms / 1000 }), ['group.create'])
    const [entry] = (await reader.list(h.admin, { ...all, objectId: id }, newest)).items
    assert.deepEqual(
      [entry?.personId, entry?.sessionId, entry?.address, entry?.kind],
      [admin.personId, 'session_1', '192.0.2.7', 'group'],
    )
  })

  it('is read by admins of its workspace only', async () => {
    await using h = await openPeopleHouse(engine)
    const reader = createAuditReader(h)
    await h.groups.create(h.admin, 'Class')
    for (const who of [h.member, h.guest, h.limited(h.owner)]) {
      await assert.rejects(reader.list(who, all, newest), { status: 403 })
      await assert.rejects(reader.export(who, all), { status: 403 })
      await assert.rejects(reader.get(who, 'audit_1'), { status: 403 })
    }
    assert.deepEqual((await reader.list(h.outsider, all, newest)).items, [])
    const [entry] = (await reader.list(h.admin, all, newest)).items
    await assert.rejects(reader.get(h.outsider, entry?.id ?? ''), { status: 404 })
  })

  it('is exported whole, which is itself noted', async () => {
    await using h = await openPeopleHouse(engine)
    const reader = createAuditReader(h)
    for (let i = 0; i < 205; i += 1) await h.groups.create(h.admin, `Class ${i}`)
    const actions: string[] = []
    for await (const { action } of await reader.export(h.admin, { ...all, action: 'group' })) {
      actions.push(action)
    }
    assert.equal(actions.length, 205)
    assert.deepEqual(await h.deeds(h.admin.workspaceId), ['audit.export'])
  })
})
