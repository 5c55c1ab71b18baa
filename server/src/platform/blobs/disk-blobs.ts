import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemClock, type Clock } from '../clock.ts'
import { checkBlobName, isBlobId, newBlobId } from './blob-names.ts'
import type { BlobStore, ByteRange, StoredBlob, StoredStream } from './blob-store.ts'
import { MeasureStream } from './measure-stream.ts'

/**
 * Blobs as files: `<folder>/<workspace>/<ab>/<cd>/<id>`. A blob appears under its name only when its bytes are on the disk, so what
 * can be read is whole.
 */
export class DiskBlobs implements BlobStore {
  readonly #folder: string
  readonly #clock: Clock

  /** @param folder made at the first put */
  constructor(folder: string, clock: Clock = systemClock) {
    this.#folder = folder
    this.#clock = clock
  }

  async put(workspaceId: string, bytes: Uint8Array): Promise<string> {
    const id = createHash('sha256').update(bytes).digest('hex')
    const file = this.#path(workspaceId, id)
    if (await this.#touch(file)) {
      // It may be there by a put that has not come this far yet.
      await syncFolder(dirname(file))
      return id
    }
    await this.#write(file, (temporary) => writeDurably(temporary, bytes))
    return id
  }

  async putStream(
    workspaceId: string,
    content: Readable,
    options: { readonly maxBytes: number },
  ): Promise<StoredStream> {
    const id = newBlobId()
    const measure = new MeasureStream(options.maxBytes)
    try {
      await this.#write(this.#path(workspaceId, id), (temporary) =>
        pipeline(
          content,
          measure,
          createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }),
        ),
      )
    } finally {
      content.destroy()
    }
    return { id, bytes: measure.bytes, md5: measure.md5() }
  }

  async get(workspaceId: string, id: string): Promise<Uint8Array | null> {
    return orNull(readFile(this.#path(workspaceId, id)))
  }

  async open(workspaceId: string, id: string, range?: ByteRange): Promise<Readable | null> {
    const handle = await orNull(open(this.#path(workspaceId, id), 'r'))
    if (handle === null) return null
    return handle.createReadStream(
      range === undefined ? {} : { start: range.start, end: range.end - 1 },
    )
  }

  async delete(workspaceId: string, id: string, olderThanMs?: number): Promise<void> {
    const file = this.#path(workspaceId, id)
    if (olderThanMs !== undefined) {
      const found = await orNull(stat(file))
      if (found === null || found.mtimeMs >= olderThanMs) return
    }
    await rm(file, { force: true })
  }

  async *olderThan(timeMs: number): AsyncGenerator<StoredBlob> {
    for (const workspaceId of await namesIn(this.#folder)) {
      for (const first of await namesIn(join(this.#folder, workspaceId))) {
        for (const second of await namesIn(join(this.#folder, workspaceId, first))) {
          const leaf = join(this.#folder, workspaceId, first, second)
          for (const name of await namesIn(leaf)) {
            const file = join(leaf, name)
            const found = await orNull(stat(file))
            if (found === null || found.mtimeMs >= timeMs) continue
            if (isBlobId(name)) yield { workspaceId, id: name }
            // Left by a process that died while it wrote.
            else await rm(file, { force: true })
          }
        }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing stays open between calls.
  }

  /** Lets a temporary file be written, and gives it its name when it is whole and on the disk. */
  async #write(file: string, fill: (temporary: string) => Promise<void>): Promise<void> {
    await this.#makeFolder(dirname(file))
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
    try {
      await fill(temporary)
      await rename(temporary, file)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(dirname(file))
    await this.#touch(file)
  }

  #path(workspaceId: string, id: string): string {
    checkBlobName(workspaceId, id)
    return join(this.#folder, workspaceId, id.slice(0, 2), id.slice(2, 4), id)
  }

  /** @returns whether the file is there */
  async #touch(file: string): Promise<boolean> {
    const now = new Date(this.#clock.now())
    return (await orNull(utimes(file, now, now).then(() => true))) ?? false
  }

  /** Makes the folders of a blob; each new name is written down in the folder above it. */
  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true })
    if (first === undefined) return
    for (let made = folder; made !== dirname(first); made = dirname(made))
      await syncFolder(dirname(made))
  }
}

const writeDurably = async (file: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A rename survives a power cut only when its folder is synced too. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const namesIn = async (folder: string): Promise<string[]> => (await orNull(readdir(folder))) ?? []

/** Null in place of "no such file". */
const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
