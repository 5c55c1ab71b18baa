import type { Reader, Tx } from '../../platform/store/store.ts'

/** A secret of a plugin; its value is sealed. */
export interface SealedSecret {
  name: string
  sealed: string
  /** Unix seconds. */
  updatedAt: number
}

export const listSecrets = async (
  db: Reader,
  workspaceId: string,
  pluginId: string,
): Promise<SealedSecret[]> => {
  const rows = await db.all(
    'select * from plugin_secrets where workspace_id = ?1 and plugin_id = ?2 order by name',
    [workspaceId, pluginId],
  )
  return rows.map((row) => ({
    name: row['name'] as string,
    sealed: row['sealed'] as string,
    updatedAt: row['updated_at'] as number,
  }))
}

export const upsertSecret = async (
  tx: Tx,
  workspaceId: string,
  pluginId: string,
  secret: SealedSecret,
): Promise<void> => {
  await tx.run(
    `insert into plugin_secrets (workspace_id, plugin_id, name, sealed, updated_at) values (?1, ?2, ?3, ?4, ?5)
     on conflict (workspace_id, plugin_id, name) do update set sealed = excluded.sealed, updated_at = excluded.updated_at`,
    [workspaceId, pluginId, secret.name, secret.sealed, secret.updatedAt],
  )
}

/** @returns whether there was one */
export const deleteSecret = async (
  tx: Tx,
  workspaceId: string,
  pluginId: string,
  name: string,
): Promise<boolean> => {
  const gone = await tx.run(
    'delete from plugin_secrets where workspace_id = ?1 and plugin_id = ?2 and name = ?3',
    [workspaceId, pluginId, name],
  )
  return gone > 0
}
