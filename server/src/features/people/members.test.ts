import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openPeopleHouse } from '../../../tests/support/people-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const newest = { limit: 20, order: 'desc', after: null, before: null } as const
const all = { search: null, role: null }

onEachEngine('members', (engine) => {
  it('are seen by members, and by no guest, limited key or other workspace', async () => {
    await using h = await openPeopleHouse(engine)
    const { items } = await h.members.list(h.member, all, newest)
    assert.deepEqual(
      items.map(({ id }) => id).toSorted(),
      [h.owner, h.admin, h.member, h.guest].map(({ personId }) => personId).toSorted(),
    )
    const guests = await h.members.list(h.member, { search: 'test', role: 'guest' }, newest)
    assert.deepEqual(
      guests.items.map(({ id }) => id),
      [h.guest.personId],
    )
    assert.equal(
      (await h.members.list(h.member, { search: 'te%t', role: null }, newest)).items.length,
      0,
    )
    for (const who of [h.guest, h.limited(h.owner)]) {
      await assert.rejects(h.members.list(who, all, newest), { status: 403 })
      await assert.rejects(h.members.get(who, h.member.personId), { status: 403 })
    }
    await assert.rejects(h.members.get(h.outsider, h.member.personId), { status: 404 })
    assert.equal((await h.members.list(h.outsider, all, newest)).items.length, 1)
  })

  it('have their roles changed by admins, and those of admins and owners by owners', async () => {
    await using h = await openPeopleHouse(engine)
    const { personId } = h.member
    assert.equal((await h.members.setRole(h.admin, personId, 'guest')).role, 'guest')
    assert.equal((await h.members.setRole(h.admin, personId, 'member')).role, 'member')
    for (const role of ['admin', 'owner'] as const) {
      await assert.rejects(h.members.setRole(h.admin, personId, role), { status: 403 })
    }
    await assert.rejects(h.members.setRole(h.admin, h.owner.personId, 'guest'), { status: 403 })
    for (const who of [h.member, h.guest, h.limited(h.owner)]) {
      await assert.rejects(h.members.setRole(who, personId, 'guest'), { status: 403 })
    }
    await assert.rejects(h.members.setRole(h.outsider, personId, 'guest'), { status: 404 })
    await h.members.setRole(h.owner, personId, 'admin')
    assert.deepEqual(await h.deeds(personId), ['person.role', 'person.role', 'person.role'])
  })

  it('always leave an owner, of two who step back at once too', async () => {
    await using h = await openPeopleHouse(engine)
    await assert.rejects(h.members.setRole(h.owner, h.owner.personId, 'member'), { status: 400 })
    await assert.rejects(h.members.remove(h.owner, h.owner.personId, null), { status: 400 })
    const second = await h.join('owner')
    const results = await Promise.allSettled([
      h.members.setRole(h.owner, h.owner.personId, 'member'),
      h.members.setRole(second, second.personId, 'member'),
    ])
    assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal(
      (await h.members.list(h.admin, { search: null, role: 'owner' }, newest)).items.length,
      1,
    )
  })

  it('leave their assistants to somebody when they go', async () => {
    await using h = await openPeopleHouse(engine)
    const assistantId = await h.home.assistant(h.member)
    await assert.rejects(h.members.remove(h.member, h.member.personId, null), {
      status: 400,
      param: 'assistants_to',
    })
    for (const heir of [h.guest.personId, h.outsider.personId]) {
      await assert.rejects(h.members.remove(h.admin, h.member.personId, heir), (error: unknown) =>
        [400, 404].includes((error as { status: number }).status),
      )
    }
    await h.members.remove(h.admin, h.member.personId, null)
    const row = await h.store.get('select owner_id from assistants where id = ?1', [assistantId])
    assert.equal(row?.['owner_id'], h.admin.personId)
    await assert.rejects(h.members.get(h.admin, h.member.personId), { status: 404 })
    assert.deepEqual(await h.deeds(h.member.personId), ['person.remove'])
  })

  it('take their shares and groups with them', async () => {
    await using h = await openPeopleHouse(engine)
    const assistantId = await h.home.assistant(h.owner)
    await h.store.write('test.share', (tx) =>
      tx.run(
        `insert into shares (workspace_id, id, assistant_id, grantee_kind, grantee_id, access, created_by, created_at)
         values (?1, 'share_1', ?2, 'person', ?3, 'edit', ?4, 1)`,
        [h.owner.workspaceId, assistantId, h.member.personId, h.owner.personId],
      ),
    )
    const { id } = await h.groups.create(h.admin, 'Class')
    await h.groups.addMember(h.admin, id, h.member.personId)
    await h.members.remove(h.admin, h.member.personId, null)
    assert.deepEqual(await h.store.all('select * from shares'), [])
    assert.equal((await h.groups.get(h.owner, id)).memberCount, 0)
  })

  it('may leave, guests too, but not by a key that is limited', async () => {
    await using h = await openPeopleHouse(engine)
    await assert.rejects(h.members.remove(h.limited(h.member), h.member.personId, null), {
      status: 403,
    })
    await assert.rejects(h.members.remove(h.member, h.guest.personId, null), { status: 403 })
    await h.members.remove(h.guest, h.guest.personId, null)
    await h.members.remove(h.member, h.member.personId, null)
  })

  it('know who they are and where, and make further workspaces', async () => {
    await using h = await openPeopleHouse(engine)
    const { person, workspace } = await h.members.me(h.guest)
    assert.deepEqual([person.id, workspace.role], [h.guest.personId, 'guest'])
    await assert.rejects(h.members.me(h.limited(h.owner)), { status: 403 })
    await assert.rejects(h.members.createWorkspace(h.member, 'Mine'), { status: 403 })
    const made = await h.members.createWorkspace(h.admin, 'Second')
    const own = await h.members.workspaces(h.admin)
    assert.deepEqual(
      own.map(({ id, role }) => `${id} ${role}`).toSorted(),
      [`${h.admin.workspaceId} admin`, `${made.id} owner`].toSorted(),
    )
    await assert.rejects(h.members.renameWorkspace(h.admin, made.id, 'x'), { status: 404 })
    await assert.rejects(h.members.renameWorkspace(h.member, h.member.workspaceId, 'x'), {
      status: 403,
    })
    assert.equal(
      (await h.members.renameWorkspace(h.admin, h.admin.workspaceId, 'School')).name,
      'School',
    )
  })
})

onEachEngine('groups', (engine) => {
  it('are made, filled and deleted by admins, and seen by members of their workspace', async () => {
    await using h = await openPeopleHouse(engine)
    const { id } = await h.groups.create(h.admin, 'Class 3B')
    await assert.rejects(h.groups.create(h.admin, 'Class 3B'), { status: 400, param: 'name' })
    await h.groups.addMember(h.admin, id, h.member.personId)
    await h.groups.addMember(h.admin, id, h.member.personId)
    await assert.rejects(h.groups.addMember(h.admin, id, h.outsider.personId), { status: 404 })
    assert.deepEqual(
      (await h.groups.members(h.member, id)).map((one) => one.id),
      [h.member.personId],
    )
    for (const who of [h.member, h.guest, h.limited(h.owner)]) {
      await assert.rejects(h.groups.create(who, 'x'), { status: 403 })
      await assert.rejects(h.groups.rename(who, id, 'x'), { status: 403 })
      await assert.rejects(h.groups.delete(who, id), { status: 403 })
      await assert.rejects(h.groups.addMember(who, id, h.guest.personId), { status: 403 })
      await assert.rejects(h.groups.removeMember(who, id, h.member.personId), { status: 403 })
    }
    await assert.rejects(h.groups.list(h.guest, newest), { status: 403 })
    for (const work of [
      () => h.groups.get(h.outsider, id),
      () => h.groups.members(h.outsider, id),
      () => h.groups.rename(h.outsider, id, 'x'),
      () => h.groups.delete(h.outsider, id),
      () => h.groups.addMember(h.outsider, id, h.outsider.personId),
    ]) {
      await assert.rejects(work(), { status: 404 })
    }
    await h.groups.removeMember(h.admin, id, h.member.personId)
    await assert.rejects(h.groups.removeMember(h.admin, id, h.member.personId), { status: 404 })
    assert.equal((await h.groups.rename(h.admin, id, 'Class 4B')).name, 'Class 4B')
    await h.groups.delete(h.admin, id)
    assert.deepEqual((await h.groups.list(h.member, newest)).items, [])
    assert.deepEqual(await h.deeds(id), [
      'group.create',
      'group.add_member',
      'group.add_member',
      'group.remove_member',
      'group.rename',
      'group.delete',
    ])
  })
})
