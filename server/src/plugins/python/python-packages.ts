/**
 * The pure-Python packages that plugins expect beside the standard library: `requests`, `httpx` and what they need, and the
 * time zones of `zoneinfo`.
 *
 * They are in no npm package, and a binary bundle in the repository could not be reviewed. So the host (never a plugin, never the
 * installation) fetches them from a Python package index when the first plugin imports one, takes only the files pinned by
 * SHA-256 in python-packages.json, and keeps them in the cache folder. The index is the one the operator names, or else whichever the
 * host's own pip is set up with; since every byte is pinned, it has to be reachable, not trusted. An operator without a network or
 * pip puts the files into `<cacheDir>/wheels` by hand. Everything else (pyfetch, urllib, http.client, js.fetch) needs none of this.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipDownload } from './pip-download.ts'

interface PinnedWheel {
  name: string
  file: string
  sha256: string
  bytes: number
  /** Names that a plugin imports. */
  imports: string[]
}

/** All files together; pip starts slowly on a small machine. */
const FETCH_MS = 20_000
const PAGE_BYTES = 20 * 1024 * 1024
/** A fetch that failed is not tried again for so long: plugins must not wait for a dead network each time. */
const RETRY_MS = 60_000

const pinned = async (): Promise<PinnedWheel[]> =>
  JSON.parse(
    await readFile(new URL('python-packages.json', import.meta.url), 'utf8'),
  ) as PinnedWheel[]

/** Names that a plugin may import of them. */
export const IMPORTABLE = [
  'requests',
  'httpx',
  'urllib3',
  'certifi',
  'idna',
  'charset_normalizer',
  'httpcore',
  'h11',
  'anyio',
  'sniffio',
  'typing_extensions',
  'tzdata',
  // The standard library's time zones are in tzdata.
  'zoneinfo',
]

/** What stands before a name that is imported, on its line. */
const BEFORE_IMPORT = /\bimport\b|\bfrom\s+$|import_module\(\s*["']$/
const LINE_START_LENGTH = 200
/** Of one name: a source that repeats it more often before it imports it does so to cost time. */
const MAX_MENTIONS = 1000

/** Which of the packages a source seems to import; a name in a string or comment costs no more than a needless fetch. */
export const importedPackages = (source: string): string[] =>
  IMPORTABLE.filter((name) => {
    let mentions = 0
    for (const { index } of source.matchAll(new RegExp(`\\b${name}\\b`, 'g'))) {
      const before = source.slice(Math.max(0, index - LINE_START_LENGTH), index)
      if (BEFORE_IMPORT.test(before.slice(before.lastIndexOf('\n') + 1))) return true
      mentions += 1
      if (mentions === MAX_MENTIONS) return false
    }
    return false
  })

export class PythonPackages {
  readonly #folder: string
  readonly #indexUrl: string | null | undefined
  #fetching: Promise<string[]> | null = null
  #failure: { message: string; at: number } | null = null

  /** @param indexUrl speaks the simple repository API, as HTML (PEP 503) or JSON (PEP 691); undefined asks the host's pip; null never fetches */
  constructor(cacheDir: string, indexUrl: string | null | undefined) {
    this.#folder = join(cacheDir, 'wheels')
    this.#indexUrl = indexUrl
  }

  /** Paths of all wheels when every one is there and is what it should be, else an empty list. */
  async cached(): Promise<string[]> {
    const paths: string[] = []
    for (const wheel of await pinned()) {
      const path = join(this.#folder, wheel.file)
      const bytes = await readFile(path).catch(() => null)
      if (bytes === null || sha256(bytes) !== wheel.sha256) return []
      paths.push(path)
    }
    return paths
  }

  /** Brings the packages here. A failure is a value: for each import name the sentence that says how to get it. */
  async fetch(
    signal: AbortSignal,
  ): Promise<{ paths: string[] } | { missing: Record<string, string> }> {
    const before = await this.cached()
    if (before.length > 0) return { paths: before }
    if (this.#indexUrl === null) return this.#explain('this server is set up not to fetch packages')
    if (this.#failure !== null && Date.now() - this.#failure.at < RETRY_MS)
      return this.#explain(this.#failure.message)
    this.#fetching ??= this.#download(
      this.#indexUrl,
      AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]),
    ).finally(() => {
      this.#fetching = null
    })
    try {
      return { paths: await this.#fetching }
    } catch (error) {
      signal.throwIfAborted()
      const message = error instanceof Error ? error.message : String(error)
      this.#failure = { message, at: Date.now() }
      return this.#explain(message)
    }
  }

  async #explain(why: string): Promise<{ missing: Record<string, string> }> {
    const missing: Record<string, string> = {}
    for (const wheel of await pinned()) {
      for (const name of wheel.imports) {
        missing[name] =
          `The package '${name}' is not on this server: ${why}. The operator can name a package index that is reachable, ` +
          `or put ${wheel.file} and its companions into the folder "wheels" of the sandbox cache; pyfetch and urllib work without it.`
      }
    }
    return { missing }
  }

  async #download(indexUrl: string | undefined, signal: AbortSignal): Promise<string[]> {
    await mkdir(this.#folder, { recursive: true })
    if (indexUrl === undefined) {
      const files = (await pinned()).map((wheel) => wheel.file)
      await pipDownload(files, this.#folder, (file, bytes) => this.#keep(file, bytes), signal)
      return this.cached()
    }
    const base = indexUrl.endsWith('/') ? indexUrl : `${indexUrl}/`
    const wheels = await pinned()
    await Promise.all(
      wheels.map((wheel) => this.#downloadOne(wheel, new URL(`${wheel.name}/`, base), signal)),
    )
    return this.cached()
  }

  async #downloadOne(wheel: PinnedWheel, page: URL, signal: AbortSignal): Promise<void> {
    const index = await get(
      page,
      'application/vnd.pypi.simple.v1+json, text/html;q=0.5',
      PAGE_BYTES,
      signal,
    )
    const link = linkTo(wheel.file, index.text, index.url)
    if (link === null) throw new Error(`the package index has no ${wheel.file}`)
    const { bytes } = await get(link, '*/*', wheel.bytes, signal)
    await this.#keep(wheel.file, bytes)
  }

  /** Puts a file into the cache if it is, byte for byte, the pinned one. */
  async #keep(file: string, bytes: Uint8Array): Promise<void> {
    const wheel = (await pinned()).find((one) => one.file === file)
    if (wheel === undefined || sha256(bytes) !== wheel.sha256)
      throw new Error(`${file} from the package index is not the file that is expected`)
    const temporary = join(this.#folder, `.${file}-${randomBytes(6).toString('hex')}`)
    try {
      await writeFile(temporary, bytes)
      await rename(temporary, join(this.#folder, file))
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const get = async (url: URL, accept: string, limit: number, signal: AbortSignal) => {
  let response: Response
  try {
    response = await fetch(url, { headers: { accept }, signal })
  } catch (cause) {
    throw new Error(`the package index at ${url.host} cannot be reached`, { cause })
  }
  if (!response.ok) throw new Error(`the package index at ${url.host} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > limit)
      throw new Error(`the package index at ${url.host} sent more than ${limit} bytes`)
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  return { bytes, text: bytes.toString('utf8'), url: new URL(response.url) }
}

/** The link to a file on an index page; both forms of the page, with relative links too. */
const linkTo = (file: string, page: string, base: URL): URL | null => {
  const links = page.trimStart().startsWith('{')
    ? ((JSON.parse(page) as { files?: { url: string }[] }).files ?? []).map(({ url }) => url)
    : [...page.matchAll(/href\s*=\s*["']([^"']+)["']/gi)].map((match) =>
        (match[1] ?? '').replaceAll('&amp;', '&'),
      )
  for (const link of links) {
    if (!URL.canParse(link, base.href)) continue
    const url = new URL(link, base)
    if (decodeURIComponent(url.pathname).endsWith(`/${file}`)) return url
  }
  return null
}
