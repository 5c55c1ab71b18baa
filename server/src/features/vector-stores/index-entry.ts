import { createHash } from 'node:crypto'
import type { StoreFileError } from '@melzi/contract/vector-store-file.ts'
import { EmbeddingError, type Embedder } from '../../knowledge/embeddings/embedder.ts'
import { ExtractError } from '../../knowledge/extract/extract-error.ts'
import type { ExtractedChunk } from '../../knowledge/extract/extract-protocol.ts'
import type { Extractor } from '../../knowledge/extract/extractor.ts'
import { toBytes } from '../../knowledge/vectors/vector-bytes.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { embeddingEntry, noteUsage, type UsageEntry } from '../usage/service.ts'
import { deleteChunks, insertChunks, type NewChunk } from './chunk-store.ts'
import { insertEmbeddings, knownHashes } from './embedding-store.ts'
import type { EntryRecord } from './entry-store.ts'
import { completeEntry, failEntry, fenceEntry, postponeEntry } from './job-store.ts'
import type { Pgvector } from './pgvector.ts'
import { findStore } from './store.ts'

export interface IndexEntryDeps {
  store: Store
  clock: Clock
  log: Logger
  files: Pick<FileService, 'find' | 'openContent'>
  extractor: Extractor
  embedder: Embedder | null
  /** Where the database searches vectors itself. */
  pgvector?: Pgvector | null
}

/** Another node has the entry, or it is gone: what this attempt still has to say is of no use. */
class EntryLost extends Error {
  override readonly name = 'EntryLost'
}

/** How often an entry is tried again after faults that are not the file's. */
const MAX_TRIES = 3
/** Before the first further try, doubled with each, in ms. */
const RETRY_MS = 5_000

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * Indexes one claimed entry: file to chunks, chunks to vectors, all behind the attempt's fence; found only when it is whole. An attempt
 * begins anew, but embeddings that were made are kept. Never rejects.
 */
export const indexEntry = async (
  deps: IndexEntryDeps,
  entry: EntryRecord,
  signal: AbortSignal,
): Promise<void> => {
  const attempt: Attempt = { entry, owed: [] }
  try {
    await writeChunks(deps, attempt, signal)
  } catch (error) {
    if (error instanceof EntryLost || signal.aborted) return
    await endInError(deps, attempt, error)
  }
}

interface Attempt {
  entry: EntryRecord
  /** What was used and stands in no ledger yet: the next unit writes it. */
  owed: UsageEntry[]
}

/** A write unit of this attempt. @throws EntryLost */
const fenced = async (
  deps: IndexEntryDeps,
  { entry, owed }: Attempt,
  work: (tx: Tx) => Promise<void>,
): Promise<void> => {
  await deps.store.write('vector-store.index', async (tx) => {
    if (!(await fenceEntry(tx, entry))) throw new EntryLost()
    await work(tx)
    for (const used of owed) await noteUsage(tx, used)
  })
  owed.length = 0
}

interface Batch {
  chunks: NewChunk[]
  /** By the hash of their text: those that are new. */
  vectors: Map<string, Uint8Array>
}

const writeChunks = async (
  deps: IndexEntryDeps,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> => {
  const { entry } = attempt
  const { store, clock, files, extractor } = deps
  if (entry.attempt > 1) await fenced(deps, attempt, (tx) => deleteChunks(tx, entry))
  const file = await files.find(store, entry.workspaceId, entry.fileId)
  if (file === null) throw new ExtractError('invalid_file', 'The file has expired.')
  await using content = await files.openContent(file)
  const source = { filename: entry.filename, bytes: file.bytes, content }
  const chunking = { maxTokens: entry.maxTokens, overlapTokens: entry.overlapTokens }
  let position = 0
  let usageBytes = 0
  // The last batch is written with the end: a small file is one commit.
  let last: Batch = { chunks: [], vectors: new Map() }
  for await (const extracted of extractor.read(source, chunking, signal)) {
    const written = last
    if (written.chunks.length > 0)
      await fenced(deps, attempt, (tx) => writeBatch(deps, tx, entry, written))
    const chunks = extracted.map((chunk: ExtractedChunk, index): NewChunk => ({
      ...chunk,
      position: position + index,
      hash: sha256(chunk.text),
    }))
    position += chunks.length
    last = { chunks, vectors: await makeVectors(deps, attempt, chunks, signal) }
    for (const chunk of chunks) usageBytes += Buffer.byteLength(chunk.text)
    for (const vector of last.vectors.values()) usageBytes += vector.byteLength
  }
  await fenced(deps, attempt, async (tx) => {
    await writeBatch(deps, tx, entry, last)
    await completeEntry(tx, entry, usageBytes, clock.now())
  })
}

const writeBatch = async (
  { clock, embedder, pgvector }: IndexEntryDeps,
  tx: Tx,
  entry: EntryRecord,
  { chunks, vectors }: Batch,
): Promise<void> => {
  const now = seconds(clock.now())
  if (embedder !== null) await insertEmbeddings(tx, entry.workspaceId, embedder.model, vectors, now)
  await insertChunks(tx, entry, chunks)
  const [first] = chunks
  if (first !== undefined) await pgvector?.write(tx, entry, first.position - 1)
}

/** Vectors of those texts that have none yet. */
const makeVectors = async (
  { store, clock, embedder, pgvector }: IndexEntryDeps,
  { entry, owed }: Attempt,
  chunks: readonly NewChunk[],
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> => {
  if (embedder === null) return new Map()
  const { workspaceId, storeId } = entry
  const texts = new Map(chunks.map(({ hash, text }) => [hash, text]))
  for (const hash of await knownHashes(store, workspaceId, embedder.model, [...texts.keys()]))
    texts.delete(hash)
  if (texts.size === 0) return new Map()
  const owner = await findStore(store, workspaceId, storeId)
  const vectors = await embedder.embed([...texts.values()], signal, (asked, tokens) => {
    if (owner === null) return
    const by = { workspaceId, personId: owner.ownerId, keyId: owner.madeBy, ...NO_RUN }
    owed.push(embeddingEntry(by, embedder.model, asked, tokens, seconds(clock.now())))
  })
  if (vectors[0] !== undefined) await pgvector?.prepare(vectors[0].length)
  return new Map([...texts.keys()].map((hash, index) => [hash, toBytes(vectors[index] ?? [])]))
}

const NO_RUN = { assistantId: null, runId: null }

const endInError = async (
  deps: IndexEntryDeps,
  attempt: Attempt,
  error: unknown,
): Promise<void> => {
  const { entry } = attempt
  const { clock, log } = deps
  const { workspaceId, storeId, fileId } = entry
  const isFilesFault = error instanceof ExtractError
  if (!isFilesFault) log.warn({ err: error, workspaceId, storeId, fileId }, 'indexing failed')
  const isFinal =
    isFilesFault ||
    (error instanceof EmbeddingError && !error.transient) ||
    entry.tries + 1 >= MAX_TRIES
  try {
    await fenced(deps, attempt, async (tx) => {
      if (!isFinal) {
        await postponeEntry(tx, entry, clock.now() + RETRY_MS * 2 ** entry.tries)
        return
      }
      await deleteChunks(tx, entry)
      await failEntry(tx, entry, toFileError(error))
    })
  } catch (failure) {
    if (failure instanceof EntryLost) return
    // The lease runs out by itself, and the entry is tried again.
    log.error({ err: failure, fileId }, 'the end of indexing could not be written')
  }
}

const toFileError = (error: unknown): StoreFileError => {
  if (error instanceof ExtractError) return { code: error.code, message: error.message }
  if (error instanceof EmbeddingError) return { code: 'server_error', message: error.message }
  return {
    code: 'server_error',
    message: 'An internal error occurred while the file was indexed. Add it to the store again.',
  }
}
