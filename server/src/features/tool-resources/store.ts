import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'

/** Whose resources: an assistant's or a thread's. */
export type HolderKind = 'assistant' | 'thread'

export interface Holder {
  kind: HolderKind
  workspaceId: string
  id: string
}

/** Constants of this file, never anything a client sent. */
const TABLES = {
  assistant: { files: 'assistant_files', stores: 'assistant_vector_stores', id: 'assistant_id' },
  thread: { files: 'thread_files', stores: 'thread_vector_stores', id: 'thread_id' },
} as const

interface LinkRow {
  holder: string
  kind: 'file' | 'store'
  held: string
}

/**
 * The resources of some holders of one kind, in one statement.
 * @param now Unix seconds: a file that has expired by then is left out
 */
export const resourcesOf = async (
  db: Reader,
  kind: HolderKind,
  workspaceId: string,
  ids: readonly string[],
  now: number,
): Promise<(id: string) => ToolResources> => {
  const found = new Map<string, ToolResources>()
  if (ids.length === 0) return () => ({})
  const { files, stores, id } = TABLES[kind]
  const marks = ids.map((_, i) => `?${i + 3}`).join(', ')
  const rows = await db.all<LinkRow>(
    `select l.${id} as holder, 'file' as kind, l.file_id as held, l.position as position from ${files} l
       join files f on f.workspace_id = l.workspace_id and f.id = l.file_id
       where l.workspace_id = ?1 and l.${id} in (${marks}) and (f.expires_at is null or f.expires_at > ?2)
     union all
     select ${id} as holder, 'store' as kind, store_id as held, 0 as position from ${stores}
       where workspace_id = ?1 and ${id} in (${marks})
     order by position, held`,
    [workspaceId, now, ...ids],
  )
  for (const row of rows) {
    const resources = found.get(row.holder) ?? {}
    found.set(row.holder, resources)
    if (row.kind === 'file')
      (resources.code_interpreter ??= { file_ids: [] }).file_ids.push(row.held)
    else resources.file_search = { vector_store_ids: [row.held] }
  }
  return (holder) => found.get(holder) ?? {}
}

/** Puts files behind those that are linked. */
export const appendFiles = async (
  tx: Tx,
  holder: Holder,
  fileIds: readonly string[],
): Promise<void> => {
  const { files, id } = TABLES[holder.kind]
  const last = await tx.get<{ last: number | null }>(
    `select max(position) as last from ${files} where workspace_id = ?1 and ${id} = ?2`,
    [holder.workspaceId, holder.id],
  )
  const first = (last?.last ?? -1) + 1
  for (const [index, fileId] of fileIds.entries()) {
    await tx.run(
      `insert into ${files} (workspace_id, ${id}, file_id, position) values (?1, ?2, ?3, ?4)`,
      [holder.workspaceId, holder.id, fileId, first + index],
    )
  }
}

export const replaceFiles = async (
  tx: Tx,
  holder: Holder,
  fileIds: readonly string[],
): Promise<void> => {
  const { files, id } = TABLES[holder.kind]
  await tx.run(`delete from ${files} where workspace_id = ?1 and ${id} = ?2`, [
    holder.workspaceId,
    holder.id,
  ])
  if (fileIds.length > 0) await appendFiles(tx, holder, fileIds)
}

export const replaceStore = async (
  tx: Tx,
  holder: Holder,
  storeId: string | null,
): Promise<void> => {
  const { stores, id } = TABLES[holder.kind]
  await tx.run(`delete from ${stores} where workspace_id = ?1 and ${id} = ?2`, [
    holder.workspaceId,
    holder.id,
  ])
  if (storeId === null) return
  await tx.run(`insert into ${stores} (workspace_id, ${id}, store_id) values (?1, ?2, ?3)`, [
    holder.workspaceId,
    holder.id,
    storeId,
  ])
}
