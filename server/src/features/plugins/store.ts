import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export interface PluginRecord {
  workspaceId: string
  id: string
  ownerId: string
  /** `id` of the plugin file, any text; unique per owner. */
  pluginId: string
  /** Given at the first import and kept by later versions, so that assistants and clients can rely on it. */
  functionName: string
  /** The plugin file byte for byte. */
  manifest: string
  /** From 1. */
  version: number
  /** Unix seconds. */
  createdAt: number
  updatedAt: number
}

const toRecord = (row: Row): PluginRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  pluginId: row['plugin_id'] as string,
  functionName: row['function_name'] as string,
  manifest: row['manifest'] as string,
  version: row['version'] as number,
  createdAt: row['created_at'] as number,
  updatedAt: row['updated_at'] as number,
})

export const findPlugin = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<PluginRecord | null> => {
  const row = await db.get('select * from plugins where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toRecord(row)
}

/** A person's plugin by its own id, the id of its file or its function name, in this order. */
export const findPluginByName = async (
  db: Reader,
  workspaceId: string,
  ownerId: string,
  name: string,
): Promise<PluginRecord | null> => {
  const row = await db.get(
    `select * from plugins where workspace_id = ?1 and owner_id = ?2 and (id = ?3 or plugin_id = ?3 or function_name = ?3)
     order by case when id = ?3 then 0 when plugin_id = ?3 then 1 else 2 end, id limit 1`,
    [workspaceId, ownerId, name],
  )
  return row === null ? null : toRecord(row)
}

export const listPlugins = async (
  db: Reader,
  workspaceId: string,
  ownerId: string,
  query: PageQuery,
): Promise<Page<PluginRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'plugins',
      where: 'workspace_id = ?1 and owner_id = ?2',
      params: [workspaceId, ownerId],
      orderBy: 'id',
      kind: 'plugin',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/** Inserts a plugin or, where its owner has one of this plugin id, makes the text its next version (unless it is the same text). */
export const upsertPlugin = async (tx: Tx, record: PluginRecord): Promise<PluginRecord> => {
  await tx.run(
    `insert into plugins (workspace_id, id, owner_id, plugin_id, function_name, manifest, version, created_at, updated_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7)
     on conflict (workspace_id, owner_id, plugin_id) do update
       set manifest = excluded.manifest, version = plugins.version + 1, updated_at = excluded.updated_at
       where plugins.manifest <> excluded.manifest`,
    [
      record.workspaceId,
      record.id,
      record.ownerId,
      record.pluginId,
      record.functionName,
      record.manifest,
      record.createdAt,
    ],
  )
  const row = await tx.get(
    'select * from plugins where workspace_id = ?1 and owner_id = ?2 and plugin_id = ?3',
    [record.workspaceId, record.ownerId, record.pluginId],
  )
  return row === null ? record : toRecord(row)
}

/** Its attachments go with it; the records of its calls stay. */
export const deletePlugin = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from plugins where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

/** Plugins of an assistant, in the order they were attached. */
export const listAttached = async (
  db: Reader,
  workspaceId: string,
  assistantId: string,
): Promise<PluginRecord[]> => {
  const rows = await db.all(
    `select p.* from assistant_plugins a join plugins p on p.workspace_id = a.workspace_id and p.id = a.plugin_id
     where a.workspace_id = ?1 and a.assistant_id = ?2 order by a.position, a.plugin_id`,
    [workspaceId, assistantId],
  )
  return rows.map(toRecord)
}

/** Attaches at the end; does nothing where the plugin is attached already. */
export const insertAttachment = async (
  tx: Tx,
  assistantId: string,
  plugin: PluginRecord,
): Promise<void> => {
  // The ids of the inner select are parameters of their own: PostgreSQL deduces text there and id_text for the columns.
  await tx.run(
    `insert into assistant_plugins (workspace_id, assistant_id, plugin_id, function_name, position)
     select ?1, ?2, ?3, ?4, coalesce(max(position) + 1, 0) from assistant_plugins where workspace_id = ?5 and assistant_id = ?6
     on conflict (workspace_id, assistant_id, plugin_id) do nothing`,
    [
      plugin.workspaceId,
      assistantId,
      plugin.id,
      plugin.functionName,
      plugin.workspaceId,
      assistantId,
    ],
  )
}

export const deleteAttachment = async (
  tx: Tx,
  workspaceId: string,
  assistantId: string,
  pluginId: string,
): Promise<void> => {
  await tx.run(
    'delete from assistant_plugins where workspace_id = ?1 and assistant_id = ?2 and plugin_id = ?3',
    [workspaceId, assistantId, pluginId],
  )
}
