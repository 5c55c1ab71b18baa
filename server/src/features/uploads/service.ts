import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  MAX_UPLOAD_BYTES,
  type CompleteUploadRequest,
  type CreateUploadRequest,
} from '@melzi/contract/upload.ts'
import type { BlobStore } from '../../platform/blobs/blob-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { isOwn, makerOf, type Principal } from '../../platform/principal.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import {
  joinBlobs,
  lifeOf,
  receiveContent,
  type FileRecord,
  type FileService,
  type NewContent,
} from '../files/service.ts'
import { chooseParts } from './choose-parts.ts'
import {
  deleteOldUploads,
  endUpload,
  findUpload,
  findUploadForUpdate,
  insertPart,
  insertUpload,
  isPartBlob,
  overdueUploads,
  partsOfUpload,
  sizeOfParts,
  type PartRecord,
  type UploadRecord,
} from './store.ts'

export type { PartRecord, UploadRecord } from './store.ts'

/** 64 MB (behaviour.md 14). */
const MAX_PART_BYTES = 64 * 1024 * 1024
/** More rows than any client needs for 8 GB. */
const MAX_PARTS = 10_000
/** An upload is pending for one hour (behaviour.md 14). */
const PENDING_SECONDS = 60 * 60
/** Uploads that have ended are remembered so long: a client that repeats its completion gets the same answer. */
const REMEMBER_SECONDS = 7 * 24 * 60 * 60
/** Uploads expired in one go. */
const SWEEP_BATCH = 200

export interface UploadServiceDeps {
  store: Store
  clock: Clock
  blobs: BlobStore
  files: FileService
}

export type UploadService = ReturnType<typeof createUploadService>

/** A completed upload with its file, which is null when it has been deleted since. */
interface Completed {
  upload: UploadRecord
  file: FileRecord | null
}

export const createUploadService = (deps: UploadServiceDeps) => {
  const { store, clock, blobs, files } = deps
  const now = () => seconds(clock.now())

  const owned = (upload: UploadRecord | null, principal: Principal, id: string): UploadRecord => {
    if (upload === null || !isOwn(principal, upload)) {
      throw errors.notFound('upload', id)
    }
    if (upload.status === 'pending' && upload.expiresAt <= now()) {
      return { ...upload, status: 'expired' }
    }
    return upload
  }
  const getOwned = async (db: Reader, principal: Principal, id: string): Promise<UploadRecord> =>
    owned(await findUpload(db, principal.workspaceId, id), principal, id)

  const getPending = async (
    db: Reader,
    principal: Principal,
    id: string,
    doing: string,
  ): Promise<UploadRecord> => pending(await getOwned(db, principal, id), doing)

  const lockPending = async (
    tx: Tx,
    principal: Principal,
    id: string,
    doing: string,
  ): Promise<UploadRecord> =>
    pending(owned(await findUploadForUpdate(tx, principal.workspaceId, id), principal, id), doing)

  const deleteBlobs = async (parts: readonly PartRecord[]): Promise<void> => {
    for (const { workspaceId, blobId } of parts) await blobs.delete(workspaceId, blobId)
  }

  /** @throws AppError 400 when the parts' bytes are not those the client has */
  const checkMd5 = async (parts: readonly PartRecord[], md5: string): Promise<void> => {
    const hash = createHash('md5')
    const [first] = parts
    if (first !== undefined) {
      for await (const chunk of joinBlobs(blobs, first.workspaceId, parts)) {
        hash.update(chunk as Uint8Array)
      }
    }
    const found = hash.digest('hex')
    if (found === md5.toLowerCase()) return
    throw errors.invalid(
      `The MD5 of the uploaded bytes is '${found}', not '${md5.slice(0, 64)}'.`,
      'md5',
      'invalid_value',
    )
  }

  /** What a completion that is repeated with the same parts answers: nobody can know whether the first answer arrived. */
  const repeated = async (
    upload: UploadRecord,
    request: CompleteUploadRequest,
  ): Promise<Completed | null> => {
    if (upload.status !== 'completed' || upload.fileId === null) return null
    if (upload.partIds?.join() !== request.part_ids.join()) return null
    return { upload, file: await files.find(store, upload.workspaceId, upload.fileId) }
  }

  return {
    maxPartBytes: MAX_PART_BYTES,

    async create(principal: Principal, request: CreateUploadRequest): Promise<UploadRecord> {
      const createdAt = now()
      const record: UploadRecord = {
        workspaceId: principal.workspaceId,
        id: newId('upload_'),
        ownerId: principal.personId,
        madeBy: makerOf(principal),
        createdAt,
        expiresAt: createdAt + PENDING_SECONDS,
        status: 'pending',
        purpose: request.purpose,
        filename: request.filename,
        mimeType: request.mime_type,
        bytes: request.bytes,
        fileExpiresAfter: lifeOf(request.expires_after),
        fileId: null,
        partIds: null,
      }
      await store.write('upload.create', (tx) => insertUpload(tx, record))
      return record
    },

    /** Whether a part may be sent at all: asked before its bytes are read. @throws AppError 404, 400 */
    async checkPending(principal: Principal, id: string): Promise<void> {
      await getPending(store, principal, id, 'take parts')
    },

    /** Takes a part's bytes in. @throws AppError 413 */
    receive: (principal: Principal, content: Readable) =>
      receiveContent(blobs, principal.workspaceId, content, MAX_PART_BYTES),

    /** @throws AppError 400 when the upload has ended or its parts would be too many or too long */
    async addPart(principal: Principal, id: string, content: NewContent): Promise<PartRecord> {
      const unit = async (tx: Tx): Promise<PartRecord> => {
        const upload = await lockPending(tx, principal, id, 'take parts')
        const { count, bytes } = await sizeOfParts(tx, upload.workspaceId, id)
        if (count >= MAX_PARTS || bytes + content.bytes > MAX_UPLOAD_BYTES) {
          throw errors.invalid(
            `Upload '${id}' cannot take more: the limits are ${MAX_PARTS} parts and ${MAX_UPLOAD_BYTES} bytes.`,
            'data',
            'invalid_value',
          )
        }
        const part: PartRecord = {
          workspaceId: upload.workspaceId,
          uploadId: id,
          id: newId('part_'),
          createdAt: now(),
          blobId: content.blobId,
          bytes: content.bytes,
        }
        await insertPart(tx, part)
        return part
      }
      return content.heldBy(() => store.write('upload.part', unit))
    },

    /**
     * Makes the file: one unit moves the parts' bytes from the upload to it, so a process that dies leaves either all or nothing done.
     * @throws AppError 400 for parts that do not fit, another MD5, or an upload that has ended otherwise
     */
    async complete(
      principal: Principal,
      id: string,
      request: CompleteUploadRequest,
    ): Promise<Completed> {
      const before = await getOwned(store, principal, id)
      const same = await repeated(before, request)
      if (same !== null) return same
      pending(before, 'be completed')
      if (request.md5 !== undefined) {
        const parts = await partsOfUpload(store, before.workspaceId, id)
        await checkMd5(chooseParts(before, parts, request.part_ids), request.md5)
      }
      const done = await store.write('upload.complete', async (tx) => {
        const found = await findUploadForUpdate(tx, principal.workspaceId, id)
        if (found?.status === 'completed') return null
        const locked = pending(owned(found, principal, id), 'be completed')
        const parts = await partsOfUpload(tx, locked.workspaceId, id)
        const chosen = chooseParts(locked, parts, request.part_ids)
        const { purpose, filename, fileExpiresAfter: expiresAfterSeconds } = locked
        const made = await files.insert(
          tx,
          principal,
          { purpose, filename, expiresAfterSeconds },
          chosen,
        )
        const upload: UploadRecord = {
          ...locked,
          status: 'completed',
          fileId: made.id,
          partIds: request.part_ids,
        }
        await endUpload(tx, upload)
        const used = new Set(chosen)
        return { upload, file: made, left: parts.filter((part) => !used.has(part)) }
      })
      if (done === null) {
        // another completion came between
        const after = await getOwned(store, principal, id)
        return (await repeated(after, request)) ?? refuse(after, 'be completed')
      }
      await deleteBlobs(done.left)
      return { upload: done.upload, file: done.file }
    },

    /** @throws AppError 400 when the upload has ended */
    async cancel(principal: Principal, id: string): Promise<UploadRecord> {
      const { upload, parts } = await store.write('upload.cancel', async (tx) => {
        const locked = await lockPending(tx, principal, id, 'be cancelled')
        const held = await partsOfUpload(tx, locked.workspaceId, id)
        const cancelled: UploadRecord = { ...locked, status: 'cancelled' }
        await endUpload(tx, cancelled)
        return { upload: cancelled, parts: held }
      })
      await deleteBlobs(parts)
      return upload
    },

    /** Expires uploads nobody completed, and forgets those that ended long ago. @returns how many expired */
    async sweepExpired(): Promise<number> {
      const overdue = await overdueUploads(store, now(), SWEEP_BATCH)
      for (const { workspaceId, id } of overdue) {
        const parts = await store.write('upload.expire', async (tx) => {
          const upload = await findUploadForUpdate(tx, workspaceId, id)
          if (upload?.status !== 'pending') return []
          const held = await partsOfUpload(tx, workspaceId, id)
          await endUpload(tx, { ...upload, status: 'expired' })
          return held
        })
        await deleteBlobs(parts)
      }
      await store.write('upload.forget', (tx) => deleteOldUploads(tx, now() - REMEMBER_SECONDS))
      return overdue.length
    },

    /** For the sweep of blobs. */
    holdsBlob: (workspaceId: string, blobId: string) => isPartBlob(store, workspaceId, blobId),
  }
}

/** @param doing what was asked of the upload, for the error */
const pending = (upload: UploadRecord, doing: string): UploadRecord => {
  return upload.status === 'pending' ? upload : refuse(upload, doing)
}

const refuse = (upload: UploadRecord, doing: string): never => {
  throw errors.invalid(`Upload '${upload.id}' cannot ${doing}: its status is '${upload.status}'.`)
}
