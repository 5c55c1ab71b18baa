import type { ChunkingStrategy } from '@melzi/contract/chunking-strategy.ts'
import type { FileBatchObject, StoreFileObject } from '@melzi/contract/vector-store-file.ts'
import type { SearchResult } from '@melzi/contract/vector-store-search.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import type { Passage } from './search.ts'
import type { BatchView, EntryRecord, StoreView } from './service.ts'

/** Keys in the order of the live API (behaviour.md 14). */
export const presentStore = ({
  store,
  contents,
  status,
  expiresAt,
  search,
}: StoreView): VectorStoreObject => ({
  id: store.id,
  object: 'vector_store',
  created_at: store.createdAt,
  name: store.name,
  description: store.description,
  usage_bytes: contents.usageBytes,
  file_counts: contents.counts,
  status,
  expires_after:
    store.expiresAfterDays === null
      ? null
      : { anchor: 'last_active_at', days: store.expiresAfterDays },
  expires_at: expiresAt,
  last_active_at: store.lastActiveAt,
  metadata: store.metadata,
  melzi: { search },
})

const presentChunking = (entry: EntryRecord): ChunkingStrategy => ({
  type: 'static',
  static: {
    max_chunk_size_tokens: entry.maxTokens,
    chunk_overlap_tokens: entry.overlapTokens,
  },
})

export const presentEntry = (entry: EntryRecord): StoreFileObject => ({
  id: entry.fileId,
  object: 'vector_store.file',
  usage_bytes: entry.usageBytes,
  created_at: entry.createdAt,
  vector_store_id: entry.storeId,
  status: entry.status,
  last_error: entry.lastError,
  chunking_strategy: presentChunking(entry),
  attributes: entry.attributes,
})

export const presentBatch = ({ batch, contents, status }: BatchView): FileBatchObject => ({
  id: batch.id,
  object: 'vector_store.file_batch',
  created_at: batch.createdAt,
  vector_store_id: batch.storeId,
  status,
  file_counts: contents.counts,
})

export const presentPassage = (passage: Passage): SearchResult => ({
  file_id: passage.fileId,
  filename: passage.filename,
  score: passage.score,
  attributes: passage.attributes,
  content: [{ type: 'text', text: passage.text }],
})
