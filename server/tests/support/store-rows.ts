/** Rows of vector stores as tests of search put them in, past the indexer. */
import type { EntryRecord } from '../../src/features/vector-stores/entry-store.ts'
import type { StoreRecord } from '../../src/features/vector-stores/store.ts'
import { newId } from '../../src/platform/ids.ts'
import type { Principal } from '../../src/platform/principal.ts'
import type { Tx } from '../../src/platform/store/store.ts'

type Owner = Pick<Principal, 'workspaceId' | 'personId'>

export const storeRecord = ({ workspaceId, personId }: Owner): StoreRecord => ({
  workspaceId,
  id: newId('vs_'),
  ownerId: personId,
  madeBy: null,
  createdAt: 1,
  name: null,
  description: null,
  metadata: {},
  expiresAfterDays: null,
  lastActiveAt: 1,
})

/** An entry that somebody works on. */
export const entryRecord = (
  { workspaceId }: Owner,
  storeId: string,
  attributes: EntryRecord['attributes'] = {},
): EntryRecord => ({
  workspaceId,
  storeId,
  fileId: newId('file-'),
  entryId: newId('vsf_'),
  batchId: null,
  createdAt: 1,
  filename: 'a.txt',
  status: 'in_progress',
  lastError: null,
  attributes,
  maxTokens: 800,
  overlapTokens: 400,
  usageBytes: 0,
  attempt: 1,
  tries: 0,
})

/** The file behind an entry, without content. */
export const insertFileRow = async (tx: Tx, owner: Owner, id: string): Promise<void> => {
  await tx.run(
    `insert into files (workspace_id, id, owner_id, created_at, purpose, filename, bytes) values (?1, ?2, ?3, 1, 'assistants', 'a', 1)`,
    [owner.workspaceId, id, owner.personId],
  )
}
