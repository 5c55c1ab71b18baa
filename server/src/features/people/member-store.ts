import type { Role } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

/** A person as a member of one workspace. */
export interface MemberRecord {
  workspaceId: string
  id: string
  name: string
  email: string | null
  role: Role
  /** Unix seconds: when it joined. */
  createdAt: number
}

export interface WorkspaceRecord {
  id: string
  name: string
  createdAt: number
}

const toMember = (row: Row): MemberRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  name: row['name'] as string,
  email: row['email'] as string | null,
  role: row['role'] as Role,
  createdAt: row['created_at'] as number,
})

/** A select as a table, so that pages are cut of it by the person's id. */
const MEMBERS = `(select m.workspace_id, m.person_id as id, p.name, p.email, m.role, m.created_at
  from memberships m join people p on p.id = m.person_id) members`

export const findMemberById = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<MemberRecord | null> => {
  const row = await db.get(`select * from ${MEMBERS} where workspace_id = ?1 and id = ?2`, [
    workspaceId,
    id,
  ])
  return row === null ? null : toMember(row)
}

/** @param search part of a name or address, in any case of letters */
export const listMembers = async (
  db: Reader,
  workspaceId: string,
  { search, role }: { search: string | null; role: Role | null },
  query: PageQuery,
): Promise<Page<MemberRecord>> => {
  const params: SqlValue[] = [workspaceId]
  const conditions = ['workspace_id = ?1']
  if (role !== null) conditions.push(`role = ?${params.push(role)}`)
  if (search !== null) {
    const place = params.push(`%${search.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`)
    conditions.push(
      `(lower(name) like ?${place} escape '\\' or lower(email) like ?${place} escape '\\')`,
    )
  }
  const page = await selectPage<Row>(
    db,
    { table: MEMBERS, where: conditions.join(' and '), params, orderBy: 'id', kind: 'person' },
    query,
  )
  return { items: page.items.map(toMember), hasMore: page.hasMore }
}

/** Makes a person a member; one who is in already keeps the greater role. */
export const joinWorkspace = async (
  tx: Tx,
  member: Pick<MemberRecord, 'workspaceId' | 'id' | 'role' | 'createdAt'>,
): Promise<void> => {
  const { workspaceId, id, role, createdAt } = member
  await tx.run(
    `insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, ?3, ?4)
     on conflict (workspace_id, person_id) do update set role = excluded.role where memberships.role = 'guest'`,
    [workspaceId, id, role, createdAt],
  )
}

export const updateRole = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  role: Role,
): Promise<void> => {
  await tx.run('update memberships set role = ?3 where workspace_id = ?1 and person_id = ?2', [
    workspaceId,
    id,
    role,
  ])
}

/** Keys, shares, groups and taken up links of the person in this workspace go with it: who comes back begins anew. */
export const deleteMembership = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run(
    "delete from shares where workspace_id = ?1 and grantee_kind = 'person' and grantee_id = ?2",
    [workspaceId, id],
  )
  for (const table of ['api_keys', 'memberships'])
    await tx.run(`delete from ${table} where workspace_id = ?1 and person_id = ?2`, [
      workspaceId,
      id,
    ])
}

/**
 * How many owners the workspace has. Its row is locked until the unit ends, so that of two owners who leave at once one stays.
 */
export const countOwners = async (tx: Tx, workspaceId: string): Promise<number> => {
  await tx.run('update workspaces set name = name where id = ?1', [workspaceId])
  const row = await tx.get<{ n: number }>(
    "select count(*) as n from memberships where workspace_id = ?1 and role = 'owner'",
    [workspaceId],
  )
  return row?.n ?? 0
}

export const insertPerson = async (
  tx: Tx,
  person: { id: string; name: string; createdAt: number },
): Promise<void> => {
  await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, null, ?3)', [
    person.id,
    person.name,
    person.createdAt,
  ])
}

export const renamePerson = async (tx: Tx, id: string, name: string): Promise<void> => {
  await tx.run('update people set name = ?2 where id = ?1', [id, name])
}

const toWorkspace = (row: Row): WorkspaceRecord => ({
  id: row['id'] as string,
  name: row['name'] as string,
  createdAt: row['created_at'] as number,
})

export const findWorkspace = async (db: Reader, id: string): Promise<WorkspaceRecord | null> => {
  const row = await db.get('select * from workspaces where id = ?1', [id])
  return row === null ? null : toWorkspace(row)
}

/** The workspaces of a person with what it is there, the oldest membership first. */
export const workspacesOf = async (
  db: Reader,
  personId: string,
): Promise<(WorkspaceRecord & { role: Role })[]> => {
  const rows = await db.all(
    `select w.*, m.role from memberships m join workspaces w on w.id = m.workspace_id where m.person_id = ?1
     order by m.created_at, w.id`,
    [personId],
  )
  return rows.map((row) => ({ ...toWorkspace(row), role: row['role'] as Role }))
}

export const insertWorkspace = async (tx: Tx, workspace: WorkspaceRecord): Promise<void> => {
  await tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, ?3)', [
    workspace.id,
    workspace.name,
    workspace.createdAt,
  ])
}

export const renameWorkspace = async (tx: Tx, id: string, name: string): Promise<void> => {
  await tx.run('update workspaces set name = ?2 where id = ?1', [id, name])
}
