import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

/** People of a workspace who are given rights together. */
export interface GroupRecord {
  workspaceId: string
  id: string
  name: string
  /** Unix seconds. */
  createdAt: number
  memberCount: number
}

const GROUPS = `(select g.*, (select count(*) from group_members m where m.workspace_id = g.workspace_id and m.group_id = g.id)
  as member_count from person_groups g) counted`

const toGroup = (row: Row): GroupRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  name: row['name'] as string,
  createdAt: row['created_at'] as number,
  memberCount: row['member_count'] as number,
})

export const findGroup = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<GroupRecord | null> => {
  const row = await db.get(`select * from ${GROUPS} where workspace_id = ?1 and id = ?2`, [
    workspaceId,
    id,
  ])
  return row === null ? null : toGroup(row)
}

export const listGroups = async (
  db: Reader,
  workspaceId: string,
  query: PageQuery,
): Promise<Page<GroupRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: GROUPS,
      where: 'workspace_id = ?1',
      params: [workspaceId],
      orderBy: 'id',
      kind: 'group',
    },
    query,
  )
  return { items: page.items.map(toGroup), hasMore: page.hasMore }
}

/** Whether another group of the workspace has the name. */
export const isNameTaken = async (
  db: Reader,
  { workspaceId, id, name }: Pick<GroupRecord, 'workspaceId' | 'id' | 'name'>,
): Promise<boolean> =>
  (await db.get(
    'select 1 as found from person_groups where workspace_id = ?1 and name = ?2 and id <> ?3',
    [workspaceId, name, id],
  )) !== null

export const insertGroup = async (tx: Tx, group: GroupRecord): Promise<void> => {
  await tx.run(
    'insert into person_groups (workspace_id, id, name, created_at) values (?1, ?2, ?3, ?4)',
    [group.workspaceId, group.id, group.name, group.createdAt],
  )
}

export const renameGroup = async (
  tx: Tx,
  { workspaceId, id, name }: Pick<GroupRecord, 'workspaceId' | 'id' | 'name'>,
): Promise<void> => {
  await tx.run('update person_groups set name = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    name,
  ])
}

/** What was shared with the group is shared with its people no longer. */
export const deleteGroup = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run(
    "delete from shares where workspace_id = ?1 and grantee_kind = 'group' and grantee_id = ?2",
    [workspaceId, id],
  )
  await tx.run('delete from person_groups where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

export const insertGroupMember = async (
  tx: Tx,
  member: { workspaceId: string; groupId: string; personId: string; addedAt: number },
): Promise<void> => {
  await tx.run(
    `insert into group_members (workspace_id, group_id, person_id, added_at) values (?1, ?2, ?3, ?4)
     on conflict (workspace_id, group_id, person_id) do nothing`,
    [member.workspaceId, member.groupId, member.personId, member.addedAt],
  )
}

/** Whether it was one. */
export const deleteGroupMember = async (
  tx: Tx,
  workspaceId: string,
  groupId: string,
  personId: string,
): Promise<boolean> =>
  (await tx.run(
    'delete from group_members where workspace_id = ?1 and group_id = ?2 and person_id = ?3',
    [workspaceId, groupId, personId],
  )) > 0

/** Ids of the people of a group. */
export const memberIdsOf = async (
  db: Reader,
  workspaceId: string,
  groupId: string,
): Promise<string[]> => {
  const rows = await db.all<{ person_id: string }>(
    'select person_id from group_members where workspace_id = ?1 and group_id = ?2 order by person_id',
    [workspaceId, groupId],
  )
  return rows.map((row) => row.person_id)
}
