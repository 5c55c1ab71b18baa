/**
 * numpy, pandas, matplotlib, pillow and whatever else Pyodide was built with, for plugins in Deno.
 *
 * They are machine code for WebAssembly and in no npm package. The host (never a plugin, never the installation) fetches the files when
 * a plugin first asks for them, takes only what has the SHA-256 of Pyodide's lock file, and keeps it in the cache folder. The address is
 * the operator's (MELZI_PYODIDE_PACKAGES), or else the one that Pyodide's npm package states; since every byte is pinned, it has to be
 * reachable, not trusted. Without a network the files can be put into `<cacheDir>/pyodide-packages` by hand.
 */
import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DATA_PACKAGES } from '../../walls/find-python.ts'
import { IMPORTABLE } from './python-packages.ts'
import type { LockedWheel, PyodideLock } from './pyodide-lock.ts'

/** All files of a plugin together. */
const FETCH_MS = 60_000
const FILE_BYTES = 64 * 1024 * 1024
/** An address that failed is not tried again for so long: plugins must not wait for a dead network each time. */
const RETRY_MS = 60_000
const OFF = 'this server is set up not to fetch them (MELZI_PYODIDE_PACKAGES=off)'

/** What a job gets: files to unpack, and for import names that are not there the sentence that says why. */
export interface GivenPackages {
  wheels: string[]
  missing: Record<string, string>
}

export interface PyodidePackagesOptions {
  /** Where files are kept; the user of the processes must be able to read there. */
  folder: string
  lock: PyodideLock
  /** Base address of the files; undefined: the one that Pyodide states; null: never fetched. */
  address: string | null | undefined
  /** The one that Pyodide states; null when it states none. */
  stated: string | null
}

export class PyodidePackages {
  readonly #options: PyodidePackagesOptions
  /** Files whose hash was checked since the start. */
  readonly #checked = new Set<string>()
  readonly #fetching = new Map<string, Promise<void>>()
  #failure: { message: string; at: number } | null = null

  constructor(options: PyodidePackagesOptions) {
    this.#options = options
  }

  get folder(): string {
    return this.#options.folder
  }

  /** Whether these packages can be given: they are here, or the operator named an address and they come from there. */
  async canProvide(names: readonly string[], signal: AbortSignal): Promise<boolean> {
    const wheels = names.map((name) => this.#options.lock.wheelsFor(name))
    if (wheels.includes(null)) return false
    const files = wheels.flatMap((some) => some ?? [])
    if ((await this.#absent(files)).length === 0) return true
    if (typeof this.#options.address !== 'string') return false
    return (await this.#bring(files, signal)) === null
  }

  /** What a plugin needs by its file and by its source; fetches what is not here yet. */
  async give(
    asked: readonly string[],
    source: string,
    signal: AbortSignal,
  ): Promise<GivenPackages> {
    const { lock } = this.#options
    const given: GivenPackages = { wheels: [], missing: {} }
    const named = asked.filter((name) => !IMPORTABLE.includes(name))
    const files = new Map<string, LockedWheel>()
    const wanted = new Map<string, LockedWheel[]>()
    for (const name of new Set([...named, ...lock.importedBy(source)])) {
      const wheels = lock.wheelsFor(name)
      if (wheels !== null) wanted.set(name, wheels)
      else if (lock.importsOf(name).length > 0)
        explain(given, lock.importsOf(name), 'it needs a shared library that is not loaded here')
    }
    for (const [imported, name] of Object.entries(DATA_PACKAGES))
      if (lock.wheelsFor(name) === null) explain(given, [imported], 'Pyodide has no such package')
    for (const [name, wheels] of wanted) {
      const why = await this.#bring(wheels, signal)
      if (why === null) for (const wheel of wheels) files.set(wheel.file, wheel)
      else explain(given, lock.importsOf(name), why)
    }
    given.wheels = [...files.keys()].toSorted().map((file) => join(this.#options.folder, file))
    return given
  }

  async #absent(wheels: readonly LockedWheel[]): Promise<LockedWheel[]> {
    const absent: LockedWheel[] = []
    for (const wheel of wheels) {
      if (this.#checked.has(wheel.file)) continue
      const bytes = await readFile(join(this.#options.folder, wheel.file)).catch(() => null)
      if (bytes !== null && sha256(bytes) === wheel.sha256) this.#checked.add(wheel.file)
      else absent.push(wheel)
    }
    return absent
  }

  /** @returns null when all are here, else why not */
  async #bring(wheels: readonly LockedWheel[], signal: AbortSignal): Promise<string | null> {
    const absent = await this.#absent(wheels)
    if (absent.length === 0) return null
    const { address, stated } = this.#options
    if (address === null) return OFF
    const base = address ?? stated
    if (base === null) return 'this version of Pyodide does not say where its packages are'
    if (this.#failure !== null && Date.now() - this.#failure.at < RETRY_MS)
      return this.#failure.message
    const limit = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)])
    const results = await Promise.allSettled(
      absent.map((wheel) => this.#once(wheel, new URL(wheel.file, withSlash(base)), limit)),
    )
    signal.throwIfAborted()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return null
    const { reason } = failed as { reason: unknown }
    const message = reason instanceof Error ? reason.message : String(reason)
    this.#failure = { message, at: Date.now() }
    return message
  }

  #once(wheel: LockedWheel, url: URL, signal: AbortSignal): Promise<void> {
    const running = this.#fetching.get(wheel.file)
    if (running !== undefined) return running
    const fetching = this.#fetch(wheel, url, signal).finally(() =>
      this.#fetching.delete(wheel.file),
    )
    this.#fetching.set(wheel.file, fetching)
    return fetching
  }

  async #fetch({ file, sha256: wanted }: LockedWheel, url: URL, signal: AbortSignal) {
    const bytes = await download(url, signal)
    if (sha256(bytes) !== wanted)
      throw new Error(`${file} from ${url.host} is not the file that Pyodide's lock file names`)
    const { folder } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const temporary = join(folder, `.${file}-${randomBytes(6).toString('hex')}`)
    try {
      await writeFile(temporary, bytes)
      await chmod(temporary, 0o644)
      await rename(temporary, join(folder, file))
      this.#checked.add(file)
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

const explain = ({ missing }: GivenPackages, imports: readonly string[], why: string): void => {
  for (const name of imports)
    missing[name] =
      `The package '${name}' is not in this sandbox: ${why}. The operator can name an address of Pyodide's packages that is ` +
      "reachable (MELZI_PYODIDE_PACKAGES), or run plugins on the system's Python (MELZI_PLUGIN_DRIVER=native)."
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const withSlash = (base: string) => (base.endsWith('/') ? base : `${base}/`)

const download = async (url: URL, signal: AbortSignal): Promise<Buffer> => {
  let response: Response
  try {
    response = await fetch(url, { signal })
  } catch (cause) {
    throw new Error(`${url.host} cannot be reached`, { cause })
  }
  if (!response.ok) throw new Error(`${url.host} answered ${response.status} for ${url.pathname}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > FILE_BYTES) throw new Error(`${url.host} sent more than ${FILE_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
