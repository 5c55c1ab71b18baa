import { createAuditLog } from '../../src/features/audit/service.ts'
import { createGroups, createMembers } from '../../src/features/people/service.ts'
import { newId } from '../../src/platform/ids.ts'
import type { Principal, Role } from '../../src/platform/principal.ts'
import { openFeatureStore } from './feature-store.ts'
import type { TestEngine } from './store-engines.ts'

/** One workspace with somebody of each role, and the services on it. */
export const openPeopleHouse = async (engine: TestEngine) => {
  await using stack = new AsyncDisposableStack()
  const home = stack.use(await openFeatureStore(engine))
  const { store } = home
  const time = { ms: 1_700_000_000_000 }
  const clock = { now: () => time.ms }
  const audit = createAuditLog({ clock })
  const members = createMembers({
    store,
    clock,
    audit,
    assistantsOf: async (db, workspaceId, personId) => {
      const rows = await db.all<{ id: string }>(
        'select id from assistants where workspace_id = ?1 and owner_id = ?2 order by id',
        [workspaceId, personId],
      )
      return rows.map(({ id }) => id)
    },
    handOver: async (tx, _principal, { workspaceId, assistantId: id, to }) => {
      await tx.run('update assistants set owner_id = ?3 where workspace_id = ?1 and id = ?2', [
        workspaceId,
        id,
        to,
      ])
    },
  })
  const owner: Principal = { ...(await home.person()), role: 'owner' }
  const { workspaceId } = owner
  const setRole = (personId: string, role: Role) =>
    store.write('test.role', (tx) =>
      tx.run('update memberships set role = ?3 where workspace_id = ?1 and person_id = ?2', [
        workspaceId,
        personId,
        role,
      ]),
    )
  const join = async (role: Role): Promise<Principal> => {
    const person = await home.person(workspaceId)
    await setRole(person.personId, role)
    return { ...person, role }
  }
  await setRole(owner.personId, 'owner')
  const everybody = {
    owner,
    admin: await join('admin'),
    member: await join('member'),
    guest: await join('guest'),
    outsider: { ...(await home.person()), role: 'owner' as const },
  }
  const owned = stack.move()
  return {
    ...everybody,
    home,
    store,
    time,
    clock,
    audit,
    members,
    groups: createGroups({ store, clock, audit }),
    join,
    setRole,
    /** The same person by a key that only uses. */
    limited: (who: Principal): Principal => {
      const keyId = newId('key_')
      return { ...who, keyId, scope: { keyId, assistantIds: null, most: 'use', shared: false } }
    },
    /** What the audit log says of an object, the oldest first. */
    deeds: async (id: string): Promise<string[]> => {
      const rows = await store.all<{ action: string }>(
        'select action from audit_entries where object_id = ?1 order by id',
        [id],
      )
      return rows.map(({ action }) => action)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
