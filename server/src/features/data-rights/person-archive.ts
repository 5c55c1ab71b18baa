import { PassThrough, Readable } from 'node:stream'
import yazl from 'yazl'
import type { BlobStore } from '../../platform/blobs/blob-store.ts'
import { AppError } from '../../platform/errors.ts'
import type { Store } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { pictureBlobsOf, rowsOf, SOURCES } from './export-store.ts'

export interface ArchiveDeps {
  store: Store
  blobs: BlobStore
  files: Pick<FileService, 'openContent'>
}

/** In place of what was deleted while the archive was written. */
const nothing = (): Readable => Readable.from([])

const unlessGone = (opened: Promise<Readable>): Promise<Readable> =>
  opened.catch((error: unknown) => {
    if (error instanceof AppError && error.status === 404) return nothing()
    throw error
  })

/** A name that is safe in an archive on any system. */
const safeName = (name: string): string =>
  name
    .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 120)

/**
 * Everything a person has in a workspace, as a zip: one file of JSON lines for each kind, the bytes of its files, the pictures of its messages.
 * Each part is opened when its turn comes, so that nothing is held as a whole; a fault breaks the stream off.
 */
export const personArchive = async (
  { store, blobs, files }: ArchiveDeps,
  workspaceId: string,
  personId: string,
): Promise<Readable> => {
  const zip = new yazl.ZipFile()
  const output = new PassThrough()
  let part: Readable | null = null
  zip.outputStream.pipe(output)
  // whoever reads it may leave: then the part that is open is let go, and no other is opened
  output.once('close', () => part?.destroy())
  const add = (name: string, open: () => Promise<Readable>, compress = true): void => {
    zip.addReadStreamLazy(name, { compress }, (take) => {
      open().then(
        (stream) => {
          if (output.destroyed) return stream.destroy()
          part = stream.on('error', (error) => output.destroy(error))
          return take(null, stream)
        },
        (error: unknown) => output.destroy(error as Error),
      )
    })
  }
  for (const source of SOURCES) {
    const lines = async function* () {
      for await (const row of rowsOf(store, source, workspaceId, personId)) {
        yield `${JSON.stringify(row)}\n`
      }
    }
    add(`${source.name}.jsonl`, async () => Readable.from(lines()))
  }
  const all = SOURCES.find(({ name }) => name === 'files')
  if (all !== undefined) {
    for await (const row of rowsOf(store, all, workspaceId, personId)) {
      const id = row['id'] as string
      const name = safeName(row['filename'] as string)
      add(`files/${id} ${name}`, () => unlessGone(files.openContent({ workspaceId, id })), false)
    }
  }
  for (const blob of await pictureBlobsOf(store, workspaceId, personId)) {
    add(`pictures/${blob}`, async () => (await blobs.open(workspaceId, blob)) ?? nothing(), false)
  }
  zip.end()
  return output
}
