import type { Reader, Tx } from '../../platform/store/store.ts'

/** Embeddings by the hash of their text. A vector is little-endian 32-bit floats of length 1. */

/** Which of the hashes have a vector already. At most some hundred hashes. */
export const knownHashes = async (
  db: Reader,
  workspaceId: string,
  model: string,
  hashes: readonly string[],
): Promise<Set<string>> => {
  if (hashes.length === 0) return new Set()
  const rows = await db.all<{ hash: string }>(
    `select hash from embeddings where workspace_id = ?1 and model = ?2 and hash in (${hashes.map((_, i) => `?${i + 3}`).join(', ')})`,
    [workspaceId, model, ...hashes],
  )
  return new Set(rows.map(({ hash }) => hash))
}

/** @param now Unix seconds */
export const insertEmbeddings = async (
  tx: Tx,
  workspaceId: string,
  model: string,
  vectors: ReadonlyMap<string, Uint8Array>,
  now: number,
): Promise<void> => {
  for (const [hash, vector] of vectors) {
    await tx.run(
      `insert into embeddings (workspace_id, model, hash, vector, made_at) values (?1, ?2, ?3, ?4, ?5)
       on conflict (workspace_id, model, hash) do nothing`,
      [workspaceId, model, hash, vector, now],
    )
  }
}

/** The vectors of an entry's chunks after the given one, a page of them in the chunks' order. */
export const readVectors = (
  db: Reader,
  at: { workspaceId: string; entryId: string; model: string; after: number },
  limit: number,
): Promise<{ id: number; position: number; vector: Uint8Array }[]> =>
  db.all(
    `select c.id, c.position, e.vector from vector_chunks c
     join embeddings e on e.workspace_id = c.workspace_id and e.model = ?3 and e.hash = c.hash
     where c.workspace_id = ?1 and c.entry_id = ?2 and c.position > ?4 order by c.position limit ?5`,
    [at.workspaceId, at.entryId, at.model, at.after, limit],
  )

/** Forgets embeddings whose text is in no store any more. @param before Unix seconds; younger ones may be about to be used */
export const deleteUnusedEmbeddings = (tx: Tx, before: number): Promise<number> =>
  tx.run(
    `delete from embeddings where made_at < ?1 and not exists (
       select 1 from vector_chunks c where c.workspace_id = embeddings.workspace_id and c.hash = embeddings.hash)`,
    [before],
  )
