import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row } from '../../platform/store/store.ts'

/** One text of a plugin; versions are never changed and go with their plugin. */
export interface PluginVersion {
  pluginId: string
  /** From 1. */
  version: number
  /** The plugin file byte for byte. */
  manifest: string
  document: string | null
  /** Unix seconds. */
  createdAt: number
  createdBy: string
  /** The version whose text this one brought back. */
  restoredFrom: number | null
}

const toVersion = (row: Row): PluginVersion => ({
  pluginId: row['plugin_id'] as string,
  version: row['version'] as number,
  manifest: row['manifest'] as string,
  document: row['document'] as string | null,
  createdAt: row['created_at'] as number,
  createdBy: row['created_by'] as string,
  restoredFrom: row['restored_from'] as number | null,
})

export const findVersion = async (
  db: Reader,
  workspaceId: string,
  pluginId: string,
  version: number,
): Promise<PluginVersion | null> => {
  const row = await db.get(
    'select * from plugin_versions where workspace_id = ?1 and plugin_id = ?2 and version = ?3',
    [workspaceId, pluginId, version],
  )
  return row === null ? null : toVersion(row)
}

/** `plug_...@3`: what a version is called in lists. */
export const versionId = ({ pluginId, version }: PluginVersion): string => `${pluginId}@${version}`

/** Versions without their texts, each of which may be a megabyte: `manifest` is empty. */
export const listVersions = async (
  db: Reader,
  workspaceId: string,
  pluginId: string,
  query: PageQuery,
): Promise<Page<PluginVersion>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: `(select workspace_id, plugin_id, version, '' as manifest, null as document, created_at, created_by, restored_from,
                 plugin_id || '@' || version as id from plugin_versions) as listed`,
      where: 'workspace_id = ?1 and plugin_id = ?2',
      params: [workspaceId, pluginId],
      orderBy: 'version',
      kind: 'plugin version',
    },
    query,
  )
  return { items: page.items.map(toVersion), hasMore: page.hasMore }
}
