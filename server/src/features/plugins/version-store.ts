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
