import type { Reader, Tx } from '../../platform/store/store.ts'

/** A person that is on its way out of a workspace with everything it has. */
export interface Erasure {
  workspaceId: string
  personId: string
  requestedBy: string
  /** Unix seconds. */
  createdAt: number
}

type Who = Pick<Erasure, 'workspaceId' | 'personId'>

export const insertErasure = async (tx: Tx, erasure: Erasure): Promise<void> => {
  await tx.run(
    `insert into erasures (workspace_id, person_id, requested_by, created_at) values (?1, ?2, ?3, ?4)
     on conflict (workspace_id, person_id) do update
       set requested_by = excluded.requested_by, created_at = excluded.created_at, finished_at = null`,
    [erasure.workspaceId, erasure.personId, erasure.requestedBy, erasure.createdAt],
  )
}

export const openErasures = async (db: Reader, limit: number): Promise<Who[]> => {
  const rows = await db.all<{ workspace_id: string; person_id: string }>(
    'select workspace_id, person_id from erasures where finished_at is null order by created_at limit ?1',
    [limit],
  )
  return rows.map((row) => ({ workspaceId: row.workspace_id, personId: row.person_id }))
}

export const finishErasure = async (tx: Tx, who: Who, now: number): Promise<void> => {
  await tx.run(
    'update erasures set finished_at = ?3 where workspace_id = ?1 and person_id = ?2 and finished_at is null',
    [who.workspaceId, who.personId, now],
  )
}

/** What a person has that is deleted row by row; everything below goes with it by foreign keys, bytes by the sweep. */
const OWNED = ['threads', 'files', 'uploads', 'vector_stores', 'plugins', 'assistants'] as const
export type OwnedTable = (typeof OWNED)[number]
export const OWNED_TABLES: readonly OwnedTable[] = OWNED

/** Deletes some rows of a person; gives how many. A plugin that an assistant of somebody else has stays with it. */
export const deleteSome = (tx: Tx, table: OwnedTable, who: Who, limit: number): Promise<number> => {
  const kept =
    table === 'plugins'
      ? ` and not exists (select 1 from assistant_plugins a join assistants o on o.workspace_id = a.workspace_id and o.id = a.assistant_id
          where a.workspace_id = t.workspace_id and a.plugin_id = t.id and o.owner_id <> t.owner_id)`
      : ''
  return tx.run(
    `delete from ${table} where workspace_id = ?1 and id in
       (select t.id from ${table} t where t.workspace_id = ?1 and t.owner_id = ?2${kept} order by t.id limit ?3)`,
    [who.workspaceId, who.personId, limit],
  )
}

/** Ends all keys of a person. */
export const deleteKeys = (tx: Tx, who: Who): Promise<number> =>
  tx.run('delete from api_keys where workspace_id = ?1 and person_id = ?2', [
    who.workspaceId,
    who.personId,
  ])

/** What a person wrote into calls of plugins, which stay as records of the plugins' owners. */
export const emptyCalls = async (tx: Tx, who: Who, limit: number): Promise<number> =>
  tx.run(
    `update plugin_calls set arguments = '', customized_params = null, output = null, stdout = null, stderr = null, error = null
     where workspace_id = ?1 and id in (select c.id from plugin_calls c
       where c.workspace_id = ?1 and c.caller_id = ?2 and (c.arguments <> '' or c.output is not null) order by c.id limit ?3)`,
    [who.workspaceId, who.personId, limit],
  )

/** Whether the person is still in any workspace. */
export const isMemberSomewhere = async (db: Reader, personId: string): Promise<boolean> =>
  (await db.get('select 1 as found from memberships where person_id = ?1 limit 1', [personId])) !==
  null

/** Whatever still names the person names nobody. */
export const forgetName = async (tx: Tx, personId: string): Promise<void> => {
  await tx.run("update people set name = '', email = null where id = ?1", [personId])
}
