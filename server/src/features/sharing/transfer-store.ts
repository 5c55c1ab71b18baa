import type { Reader, Tx } from '../../platform/store/store.ts'

interface Handed {
  workspaceId: string
  assistantId: string
  /** Whose things they were, and whose they become. */
  from: string
  to: string
}

const paramsOf = ({ workspaceId, assistantId, from, to }: Handed) => [
  workspaceId,
  assistantId,
  from,
  to,
]

const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

export const giveAssistant = async (tx: Tx, handed: Handed): Promise<void> => {
  const { workspaceId, assistantId, to } = handed
  await tx.run('update assistants set owner_id = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    assistantId,
    to,
  ])
}

/** Plugins that no other assistant has, unless the new owner has one of the same file; with their secrets. @returns ids */
export const givePlugins = async (tx: Tx, handed: Handed): Promise<string[]> =>
  idsOf(
    await tx.all<{ id: string }>(
      `update plugins set owner_id = ?4 where workspace_id = ?1 and owner_id = ?3
         and exists (select 1 from assistant_plugins a where a.workspace_id = ?1 and a.plugin_id = plugins.id and a.assistant_id = ?2)
         and not exists (select 1 from assistant_plugins a where a.workspace_id = ?1 and a.plugin_id = plugins.id and a.assistant_id <> ?2)
         and not exists (select 1 from plugins o where o.workspace_id = ?1 and o.owner_id = ?4 and o.plugin_id = plugins.plugin_id)
       returning id`,
      paramsOf(handed),
    ),
  )

/** Vector stores that no other assistant, thread or plugin searches. @returns ids */
export const giveStores = async (tx: Tx, handed: Handed): Promise<string[]> =>
  idsOf(
    await tx.all<{ id: string }>(
      `update vector_stores set owner_id = ?4, made_by = null where workspace_id = ?1 and owner_id = ?3
         and (exists (select 1 from assistant_vector_stores a where a.workspace_id = ?1 and a.store_id = vector_stores.id and a.assistant_id = ?2)
           or exists (select 1 from plugins p where p.workspace_id = ?1 and p.vector_store_id = vector_stores.id and p.owner_id = ?4))
         and not exists (select 1 from assistant_vector_stores a where a.workspace_id = ?1 and a.store_id = vector_stores.id and a.assistant_id <> ?2)
         and not exists (select 1 from thread_vector_stores t where t.workspace_id = ?1 and t.store_id = vector_stores.id)
         and not exists (select 1 from plugins p where p.workspace_id = ?1 and p.vector_store_id = vector_stores.id and p.owner_id <> ?4)
       returning id`,
      paramsOf(handed),
    ),
  )

/**
 * Files of the assistant and of stores that are the new owner's by now, unless something else holds them: another assistant, a thread, or a
 * store of somebody else. @returns ids
 */
export const giveFiles = async (tx: Tx, handed: Handed): Promise<string[]> =>
  idsOf(
    await tx.all<{ id: string }>(
      `update files set owner_id = ?4, made_by = null where workspace_id = ?1 and owner_id = ?3
         and (exists (select 1 from assistant_files a where a.workspace_id = ?1 and a.file_id = files.id and a.assistant_id = ?2)
           or exists (select 1 from vector_store_files v join vector_stores s on s.workspace_id = v.workspace_id and s.id = v.store_id
             where v.workspace_id = ?1 and v.id = files.id and s.owner_id = ?4))
         and not exists (select 1 from assistant_files a where a.workspace_id = ?1 and a.file_id = files.id and a.assistant_id <> ?2)
         and not exists (select 1 from thread_files t where t.workspace_id = ?1 and t.file_id = files.id)
         and not exists (select 1 from vector_store_files v join vector_stores s on s.workspace_id = v.workspace_id and s.id = v.store_id
           where v.workspace_id = ?1 and v.id = files.id and s.owner_id <> ?4)
       returning id`,
      paramsOf(handed),
    ),
  )

/** Whether nothing has changed hands in the meantime; locks the assistant's row until the unit ends. */
export const lockAssistant = async (
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<string | null> => {
  const row = await tx.get<{ owner_id: string }>(
    'update assistants set owner_id = owner_id where workspace_id = ?1 and id = ?2 returning owner_id',
    [workspaceId, id],
  )
  return row?.owner_id ?? null
}

/** A share with a person is of no use to who owns the assistant. */
export const deleteSharesWith = async (
  tx: Tx,
  share: { workspaceId: string; assistantId: string; personId: string },
): Promise<void> => {
  await tx.run(
    "delete from shares where workspace_id = ?1 and assistant_id = ?2 and grantee_kind = 'person' and grantee_id = ?3",
    [share.workspaceId, share.assistantId, share.personId],
  )
}

/** Which of these files and stores are the person's: what a copy of its own may have. */
export const ownedOf = async (
  db: Reader,
  table: 'files' | 'vector_stores',
  owner: { workspaceId: string; personId: string },
  ids: readonly string[],
): Promise<{ id: string; isOwn: boolean; name: string | null }[]> => {
  if (ids.length === 0) return []
  const name = table === 'files' ? 'filename' : 'name'
  const marks = ids.map((_, i) => `?${i + 3}`).join(', ')
  const rows = await db.all<{ id: string; own: number; name: string | null }>(
    `select id, case when owner_id = ?2 then 1 else 0 end as own, ${name} as name from ${table}
     where workspace_id = ?1 and id in (${marks})`,
    [owner.workspaceId, owner.personId, ...ids],
  )
  return rows.map((row) => ({ id: row.id, isOwn: row.own === 1, name: row.name }))
}
