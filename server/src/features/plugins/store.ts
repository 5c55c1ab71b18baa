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
  /** What the plugin's own server says of itself: an OpenAPI document, a list of MCP tools; null for kinds that have none. */
  document: string | null
  /** What an AzureCognitiveSearch plugin searches. */
  vectorStoreId: string | null
  /** JSON: arguments by function, with which its owner tries it. */
  testArguments: string | null
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
  document: row['document'] as string | null,
  vectorStoreId: row['vector_store_id'] as string | null,
  testArguments: row['test_arguments'] as string | null,
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

/**
 * Inserts a plugin or, where its owner has one of this plugin id, makes the text its next version, unless text and document are the
 * same. A vector store that is not named stays.
 * @param restoredFrom the version whose text this is, when an earlier one is brought back
 */
export const upsertPlugin = async (
  tx: Tx,
  record: PluginRecord,
  restoredFrom: number | null = null,
): Promise<PluginRecord> => {
  await tx.run(
    `insert into plugins (workspace_id, id, owner_id, plugin_id, function_name, manifest, document, vector_store_id, version, created_at, updated_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?9)
     on conflict (workspace_id, owner_id, plugin_id) do update
       set manifest = excluded.manifest, document = excluded.document, version = plugins.version + 1,
         vector_store_id = coalesce(excluded.vector_store_id, plugins.vector_store_id), updated_at = excluded.updated_at
       where plugins.manifest <> excluded.manifest or coalesce(plugins.document, '') <> coalesce(excluded.document, '')
         or (excluded.vector_store_id is not null and coalesce(plugins.vector_store_id, '') <> excluded.vector_store_id)`,
    [
      record.workspaceId,
      record.id,
      record.ownerId,
      record.pluginId,
      record.functionName,
      record.manifest,
      record.document,
      record.vectorStoreId,
      record.createdAt,
    ],
  )
  const row = await tx.get(
    'select * from plugins where workspace_id = ?1 and owner_id = ?2 and plugin_id = ?3',
    [record.workspaceId, record.ownerId, record.pluginId],
  )
  if (row === null) throw new Error('a plugin that was written is not there')
  const plugin = toRecord(row)
  await tx.run(
    `insert into plugin_versions (workspace_id, plugin_id, version, manifest, document, created_at, created_by, restored_from)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (workspace_id, plugin_id, version) do nothing`,
    [
      plugin.workspaceId,
      plugin.id,
      plugin.version,
      plugin.manifest,
      plugin.document,
      record.createdAt,
      record.ownerId,
      restoredFrom,
    ],
  )
  return plugin
}

/** @param text JSON; see {@link PluginRecord.testArguments} */
export const updateTestArguments = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  text: string,
): Promise<void> => {
  await tx.run('update plugins set test_arguments = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    text,
  ])
}

/** Its attachments, versions and secrets go with it; the records of its calls stay. */
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

/** Of the assistants that have a plugin, what one has most of: plugins, and bytes of their texts together. */
export const largestHolder = async (
  db: Reader,
  workspaceId: string,
  pluginId: string,
): Promise<{ plugins: number; bytes: number }> => {
  // Its length is kept beside a text, which is not read for it.
  const row = await db.get<{ plugins: number | null; bytes: number | null }>(
    `select max(held.plugins) as plugins, max(held.bytes) as bytes from (
       select count(*) as plugins, sum(octet_length(p.manifest) + coalesce(octet_length(p.document), 0)) as bytes
       from assistant_plugins a
       join assistant_plugins b on b.workspace_id = a.workspace_id and b.assistant_id = a.assistant_id
       join plugins p on p.workspace_id = b.workspace_id and p.id = b.plugin_id
       where a.workspace_id = ?1 and a.plugin_id = ?2 group by a.assistant_id
     ) as held`,
    [workspaceId, pluginId],
  )
  return { plugins: Number(row?.plugins ?? 0), bytes: Number(row?.bytes ?? 0) }
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
