import { fromBuffer, type Entry, type ZipFile } from 'yauzl'
import { invalidFile } from './extract-error.ts'

/** Most bytes that may be unpacked from one file. An office file of this size holds pictures, which are not unpacked. */
const MAX_UNPACKED_BYTES = 200 * 1024 * 1024
const MAX_ENTRIES = 20_000

/** The entries of an office file or book, read on demand. */
export interface ZipArchive {
  /** Names in the archive's order. */
  readonly names: readonly string[]
  has(name: string): boolean
  /** @throws ExtractError invalid_file when the entry is missing, encrypted, broken or too large */
  text(name: string): Promise<string>
}

const broken = (cause: unknown) =>
  invalidFile(
    'The file is damaged and cannot be unpacked. Save it anew and upload it again.',
    cause,
  )

const open = (bytes: Buffer): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true, validateEntrySizes: true }, (error, zip) =>
      error === null ? resolve(zip) : reject(broken(error)),
    )
  })

const readDirectory = (zip: ZipFile): Promise<Map<string, Entry>> =>
  new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>()
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry)
      if (entries.size > MAX_ENTRIES) reject(invalidFile('The file has too many parts.'))
      else zip.readEntry()
    })
    zip.on('end', () => resolve(entries))
    zip.on('error', (error: Error) => reject(broken(error)))
    zip.readEntry()
  })

const readEntry = (zip: ZipFile, entry: Entry): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error !== null) {
        reject(broken(error))
        return
      }
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', () => resolve(Buffer.concat(pieces)))
      // An entry that gives more than it declares ends here, so the limit on declared sizes holds.
      stream.on('error', (cause: Error) => reject(broken(cause)))
    })
  })

/** @throws ExtractError invalid_file when it is no archive or a damaged one */
export const openZip = async (bytes: Buffer): Promise<ZipArchive> => {
  const zip = await open(bytes)
  const entries = await readDirectory(zip)
  let unpacked = 0
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    async text(name) {
      const entry = entries.get(name)
      if (entry === undefined) throw broken(new Error(`no entry ${name}`))
      if ((entry.generalPurposeBitFlag & 1) === 1)
        throw invalidFile('The file is encrypted. Remove its password and upload it again.')
      unpacked += entry.uncompressedSize
      if (unpacked > MAX_UNPACKED_BYTES) {
        throw invalidFile(
          `The file unpacks to more than ${MAX_UNPACKED_BYTES / 1024 / 1024} MiB, which is the limit. Split it into smaller files.`,
        )
      }
      return (await readEntry(zip, entry)).toString('utf8')
    },
  }
}

/** `2` before `10`: slides and sheets are numbered without leading zeros. */
export const byNumber = (a: string, b: string): number =>
  Number(/(\d+)\.\w+$/.exec(a)?.[1] ?? 0) - Number(/(\d+)\.\w+$/.exec(b)?.[1] ?? 0)
