import {
  FILE_PURPOSES,
  FilePurposeInput,
  type CreateFileFields,
  type FileExpiresAfter,
  type FileListQuery,
  type FilePurpose,
} from '@melzi/contract/file.ts'
import type { Readable } from 'node:stream'
import type { BlobStore, ByteRange } from '../../platform/blobs/blob-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { makerOf, requireOwnList, type Principal } from '../../platform/principal.ts'
import type { Page } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import { joinBlobs, receiveContent, type NewContent } from './content.ts'
import { createOwnedFiles, type FileOwner } from './owned-files.ts'
import {
  blobsOfFile,
  deleteFile,
  expiredFiles,
  findFile,
  findFiles,
  insertFile,
  isFileBlob,
  listFiles,
  type FileBlob,
  type FileRecord,
} from './store.ts'

export { joinBlobs, receiveContent, type NewContent } from './content.ts'
export { createOwnedFiles, type FileOwner, type OwnedFiles } from './owned-files.ts'
export { presentFile } from './present.ts'
export type { FileBlob, FileRecord } from './store.ts'

/** 512 MB (behaviour.md 14). */
const MAX_FILE_BYTES = 512 * 1024 * 1024
/** Life of a batch file that names none: thirty days, as the published schema says. */
const BATCH_SECONDS = 30 * 24 * 60 * 60
/** Uploaded files that cannot be fetched again (behaviour.md 14). */
const NOT_DOWNLOADED: readonly FilePurpose[] = ['assistants', 'user_data']
const MAX_FILENAME = 1_024
/** Expired files removed in one go. */
const SWEEP_BATCH = 200

/** What a file is, beside its content. */
export interface NewFile {
  purpose: FilePurpose
  filename: string
  /** Life of the file, seconds from now; null: as its purpose has it. */
  expiresAfterSeconds: number | null
}

export interface FileServiceDeps {
  store: Store
  clock: Clock
  blobs: BlobStore
}

export type FileService = ReturnType<typeof createFileService>

export const createFileService = (deps: FileServiceDeps) => {
  const { store, clock, blobs } = deps
  const now = () => seconds(clock.now())

  const { getOwned, getManyOwned } = createOwnedFiles(deps)

  /** Writes the rows of a file whose bytes are stored. @param content in order */
  const insert = async (
    tx: Tx,
    owner: FileOwner,
    file: NewFile,
    content: readonly FileBlob[],
  ): Promise<FileRecord> => {
    const createdAt = now()
    const life = file.expiresAfterSeconds ?? (file.purpose === 'batch' ? BATCH_SECONDS : null)
    const record: FileRecord = {
      workspaceId: owner.workspaceId,
      id: newId('file-'),
      ownerId: owner.personId,
      madeBy: makerOf(owner),
      createdAt,
      expiresAt: life === null ? null : createdAt + life,
      purpose: file.purpose,
      filename: file.filename,
      bytes: content.reduce((sum, { bytes }) => sum + bytes, 0),
    }
    await insertFile(tx, record, content)
    return record
  }

  const insertContent = (owner: FileOwner, file: NewFile, content: NewContent) =>
    content.heldBy(() => store.write('file.create', (tx) => insert(tx, owner, file, [content])))

  /** Removes row and bytes. @param allowed looks at the file inside the unit, and throws when it may not go */
  const remove = async (
    workspaceId: string,
    id: string,
    allowed: (tx: Tx) => Promise<unknown>,
  ): Promise<void> => {
    const pieces = await store.write('file.delete', async (tx) => {
      await allowed(tx)
      const content = await blobsOfFile(tx, workspaceId, id)
      await deleteFile(tx, workspaceId, id)
      return content
    })
    for (const { blobId } of pieces) await blobs.delete(workspaceId, blobId)
  }

  /**
   * The file's bytes, to be read or destroyed.
   * @param range in bytes, within the file; all of it when left out
   */
  const openContent = async (
    file: Pick<FileRecord, 'workspaceId' | 'id'>,
    range?: ByteRange,
  ): Promise<Readable> => {
    const { workspaceId, id } = file
    const pieces = await blobsOfFile(store, workspaceId, id)
    const isGone = async () => (await findFile(store, workspaceId, id, now())) === null
    // It may have been deleted since it was looked up: its pieces are gone then, and nobody must wait for their bytes.
    if (pieces.length === 0 && (await isGone())) throw errors.noSuchFile(id)
    return joinBlobs(blobs, workspaceId, pieces, range, async () =>
      (await isGone()) ? errors.noSuchFile(id) : null,
    )
  }

  return {
    maxBytes: MAX_FILE_BYTES,
    getOwned,
    getManyOwned,
    insert,
    openContent,

    /** The file, or null when it does not exist or has expired. Asks for no right: for files that a checked object names. */
    find: (db: Reader, workspaceId: string, id: string) => findFile(db, workspaceId, id, now()),

    /** The same for at most some hundred, in no order. */
    findMany: (db: Reader, workspaceId: string, ids: readonly string[]) =>
      findFiles(db, workspaceId, ids, now()),

    get: (principal: Principal, id: string) => getOwned(store, principal, id),

    /** Takes an upload's bytes in, before it is known whether a file is made of them. @throws AppError 413 */
    receive: (principal: Principal, content: Readable) =>
      receiveContent(blobs, principal.workspaceId, content, MAX_FILE_BYTES),

    /** @throws AppError 400 for a purpose that nobody may upload for, with the form that error has (behaviour.md 2) */
    async create(
      principal: Principal,
      fields: CreateFileFields & { filename: string },
      content: NewContent,
    ): Promise<FileRecord> {
      const purpose = FilePurposeInput.safeParse(fields.purpose)
      if (!purpose.success) throw errors.badPurpose(fields.purpose, FILE_PURPOSES)
      return insertContent(
        principal,
        {
          purpose: purpose.data,
          filename: checkFilename(fields.filename),
          expiresAfterSeconds: lifeOf(fields.expires_after),
        },
        content,
      )
    },

    /**
     * A file of the server's own making, such as what a tool wrote.
     * @param maxBytes of the stream
     * @throws AppError 413 when more comes
     */
    async createFrom(
      owner: FileOwner,
      file: NewFile,
      content: Readable,
      maxBytes: number = MAX_FILE_BYTES,
    ): Promise<FileRecord> {
      await using received = await receiveContent(blobs, owner.workspaceId, content, maxBytes)
      return await insertContent(owner, file, received)
    },

    /** @throws AppError 404 for a cursor that is not in the list */
    async list(principal: Principal, query: FileListQuery): Promise<Page<FileRecord>> {
      requireOwnList(principal)
      const { limit, order, after = null, purpose = null } = query
      const page = { limit, order, after, before: null }
      return listFiles(store, principal, purpose, now(), page)
    },

    /** The file and its bytes for its owner. @throws AppError 400 for purposes that are not given out (behaviour.md 14) */
    async download(
      principal: Principal,
      id: string,
    ): Promise<{ file: FileRecord; content: Readable }> {
      const file = await getOwned(store, principal, id)
      if (NOT_DOWNLOADED.includes(file.purpose)) throw errors.downloadRefused(file.purpose)
      return { file, content: await openContent(file) }
    },

    /** Rows that refer to the file go with it, by their foreign keys; messages keep its id. */
    delete: (principal: Principal, id: string) =>
      remove(principal.workspaceId, id, (tx) => getOwned(tx, principal, id)),

    /** Removes files whose time is over. @returns how many */
    async sweepExpired(): Promise<number> {
      let swept = 0
      for (;;) {
        const expired = await expiredFiles(store, now(), SWEEP_BATCH)
        for (const { workspaceId, id } of expired) await remove(workspaceId, id, async () => {})
        swept += expired.length
        if (expired.length < SWEEP_BATCH) return swept
      }
    },

    /** For the sweep of blobs. */
    holdsBlob: (workspaceId: string, blobId: string) => isFileBlob(store, workspaceId, blobId),
  }
}

/** Seconds; null when nothing was asked for. */
export const lifeOf = (expires: FileExpiresAfter | undefined): number | null =>
  expires?.seconds ?? null

const checkFilename = (filename: string): string => {
  if (filename.length <= MAX_FILENAME) return filename === '' ? 'upload' : filename
  throw errors.invalid(
    `Invalid 'file': name too long. Expected a name with maximum length ${MAX_FILENAME}, but got a name with length ${filename.length} instead.`,
    'file',
    'string_above_max_length',
  )
}
