import type { Role } from '../../platform/principal.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'

/** A person in a workspace, and what it is there. */
export interface Member {
  workspaceId: string
  personId: string
  role: Role
}

/** The id of the first workspace of every store is the same, so that two servers starting on one empty store can't make two. */
const FIRST_WORKSPACE = `ws_${'0'.repeat(24)}`

export const hasWorkspace = async (db: Reader): Promise<boolean> =>
  (await db.get('select 1 as found from workspaces limit 1')) !== null

/** Gives the id of the first workspace, or null when another server is quicker. */
export const insertFirstWorkspace = async (
  tx: Tx,
  name: string,
  createdAt: number,
): Promise<string | null> => {
  const inserted = await tx.run(
    'insert into workspaces (id, name, created_at) values (?1, ?2, ?3) on conflict (id) do nothing',
    [FIRST_WORKSPACE, name, createdAt],
  )
  return inserted === 1 ? FIRST_WORKSPACE : null
}

export const insertMember = async (
  tx: Tx,
  member: Member & { name: string; createdAt: number },
): Promise<void> => {
  await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, null, ?3)', [
    member.personId,
    member.name,
    member.createdAt,
  ])
  await tx.run(
    'insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, ?3, ?4)',
    [member.workspaceId, member.personId, member.role, member.createdAt],
  )
}

/** The owner of the oldest workspace. */
export const findFirstOwner = async (db: Reader): Promise<Member | null> => {
  const row = await db.get<{ workspace_id: string; person_id: string }>(
    `select workspace_id, person_id from memberships where role = 'owner' order by workspace_id, created_at, person_id limit 1`,
  )
  return row === null
    ? null
    : { workspaceId: row.workspace_id, personId: row.person_id, role: 'owner' }
}

/** The oldest member of this name. */
export const findMemberByName = async (
  db: Reader,
  workspaceId: string,
  name: string,
): Promise<Member | null> => {
  const row = await db.get<{ person_id: string; role: Role }>(
    `select m.person_id, m.role from memberships m join people p on p.id = m.person_id
     where m.workspace_id = ?1 and p.name = ?2 order by m.person_id limit 1`,
    [workspaceId, name],
  )
  return row === null ? null : { workspaceId, personId: row.person_id, role: row.role }
}
