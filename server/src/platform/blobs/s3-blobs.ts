import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  ListMultipartUploadsCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { checkBlobName, isBlobId, newBlobId } from './blob-names.ts'
import type { BlobStore, ByteRange, StoredBlob, StoredStream } from './blob-store.ts'
import { MeasureStream } from './measure-stream.ts'

export interface S3Settings {
  readonly bucket: string
  /** Of an S3-compatible server, addressed by path; null: Amazon's own for the region. */
  readonly endpoint: string | null
  readonly region: string
  /** Null: the SDK's own chain, such as the role of the machine. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** Before every key, '' or ending with a slash. */
  readonly prefix: string
}

/** Bytes of one part of a streamed blob: 10,000 of them, S3's limit, are 80 GB. */
const PART_BYTES = 8 * 1024 * 1024
/** Parts of one stream in memory at a time. */
const PARTS_IN_FLIGHT = 2
const CONNECT_MS = 5_000
/** Without a byte on a connection. */
const SILENCE_MS = 60_000
/** A download holds one for as long as its reader takes; the SDK's own limit of 50 would let slow readers stop everybody. */
const CONNECTIONS = 1_000
/** A multipart upload begun so long before the sweep's time is left from a process that died. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

/** Blobs in a bucket: `<prefix><workspace>/<id>`. An object appears when it is whole; that is S3's own promise. */
export class S3Blobs implements BlobStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string

  /** Opens no connection yet. */
  constructor(settings: S3Settings) {
    this.#bucket = settings.bucket
    this.#prefix = settings.prefix
    this.#client = new S3Client({
      region: settings.region,
      ...(settings.endpoint === null ? {} : { endpoint: settings.endpoint, forcePathStyle: true }),
      // a copy: the SDK writes into it
      ...(settings.credentials === null ? {} : { credentials: { ...settings.credentials } }),
      // the newer checksum headers are unknown to many compatible servers
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        socketTimeout: SILENCE_MS,
        httpAgent: { keepAlive: true, maxSockets: CONNECTIONS },
        httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      },
    })
  }

  async put(workspaceId: string, bytes: Uint8Array): Promise<string> {
    const id = createHash('sha256').update(bytes).digest('hex')
    // Written anew when it is there already: that makes it young, for no more requests than asking first.
    await this.#client.send(
      new PutObjectCommand({ ...this.#place(workspaceId, id), Body: bytes, ContentType: TYPE }),
    )
    return id
  }

  async putStream(
    workspaceId: string,
    content: Readable,
    options: { readonly maxBytes: number },
  ): Promise<StoredStream> {
    const id = newBlobId()
    const measure = new MeasureStream(options.maxBytes)
    const upload = new Upload({
      client: this.#client,
      params: { ...this.#place(workspaceId, id), Body: measure, ContentType: TYPE },
      partSize: PART_BYTES,
      queueSize: PARTS_IN_FLIGHT,
    })
    const stored = upload.done().catch((error: unknown) => {
      // So that the reading side ends too, with the reason.
      measure.destroy(error as Error)
      throw error
    })
    const [read, written] = await Promise.allSettled([pipeline(content, measure), stored])
    if (read.status === 'rejected') throw read.reason
    if (written.status === 'rejected') throw written.reason
    return { id, bytes: measure.bytes, md5: measure.md5() }
  }

  async get(workspaceId: string, id: string): Promise<Uint8Array | null> {
    const body = await this.#getBody(workspaceId, id)
    return body === null ? null : body.transformToByteArray()
  }

  async open(workspaceId: string, id: string, range?: ByteRange): Promise<Readable | null> {
    // in Node a body is a Readable with mixed-in helpers; its declared type also covers browsers
    return (await this.#getBody(workspaceId, id, range)) as Readable | null
  }

  async delete(workspaceId: string, id: string, olderThanMs?: number): Promise<void> {
    const place = this.#place(workspaceId, id)
    if (olderThanMs !== undefined) {
      const found = await orNull(this.#client.send(new HeadObjectCommand(place)))
      if ((found?.LastModified?.getTime() ?? Infinity) >= olderThanMs) return
    }
    await this.#client.send(new DeleteObjectCommand(place))
  }

  async *olderThan(timeMs: number): AsyncGenerator<StoredBlob> {
    const where = { Bucket: this.#bucket, Prefix: this.#prefix }
    for await (const page of paginateListObjectsV2({ client: this.#client }, where)) {
      for (const { Key: key = '', LastModified: modified } of page.Contents ?? []) {
        if ((modified?.getTime() ?? Infinity) >= timeMs) continue
        const [workspaceId = '', id = '', ...rest] = key.slice(this.#prefix.length).split('/')
        if (isBlobId(id) && rest.length === 0) yield { workspaceId, id }
      }
    }
    await this.#abortAbandoned(timeMs - ABANDONED_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy()
  }

  #place(workspaceId: string, id: string): { Bucket: string; Key: string } {
    checkBlobName(workspaceId, id)
    return { Bucket: this.#bucket, Key: `${this.#prefix}${workspaceId}/${id}` }
  }

  async #getBody(workspaceId: string, id: string, range?: ByteRange) {
    const place = this.#place(workspaceId, id)
    const found = await orNull(
      this.#client.send(
        new GetObjectCommand(
          range === undefined
            ? place
            : { ...place, Range: `bytes=${range.start}-${range.end - 1}` },
        ),
      ),
    )
    return found?.Body ?? null
  }

  /** Their parts cost space and are seen by no listing. */
  async #abortAbandoned(timeMs: number): Promise<void> {
    const where = { Bucket: this.#bucket, Prefix: this.#prefix }
    const { Uploads: open = [] } = await this.#client.send(new ListMultipartUploadsCommand(where))
    for (const { Key, UploadId, Initiated } of open) {
      if ((Initiated?.getTime() ?? Infinity) >= timeMs) continue
      await this.#client.send(
        new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }),
      )
    }
  }
}

const TYPE = 'application/octet-stream'

/** Null in place of "no such object". */
const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof NoSuchKey || error instanceof NotFound) return null
    throw error
  }
}
