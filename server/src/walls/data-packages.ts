/**
 * pandas, numpy, matplotlib, openpyxl and pillow for the sessions, where the system's Python does not have them by itself.
 *
 * Wheels hold machine code, so none is in the repository or in an npm package. The host (never a session, never the installation) has
 * pip put the files pinned by SHA-256 in data-packages.txt into a folder of the sandbox cache when code is first run; the index is the one
 * the operator names or whichever the host's pip is set up with. Every byte is pinned, so it has to be reachable, not trusted. The
 * folder is renamed into place when it is whole, and sessions can only read it; running ones see it as soon as it is there.
 */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  access,
  chmod,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { reachableFolder, type Identity } from '../platform/reachable-folder.ts'
import { DATA_PACKAGES, type Python } from './find-python.ts'

const run = promisify(execFile)
const PINS = new URL('data-packages.txt', import.meta.url)
/** The versions of CPython there are pins for. */
const PINNED_VERSIONS = ['3.11', '3.12', '3.13', '3.14']
const PLATFORMS = ['2_28', '2_27', '2_24', '2_17'].map((glibc) => `manylinux_${glibc}_x86_64`)
const BUILD_MS = 300_000
/** A build that failed is not tried again for so long. */
const RETRY_MS = 60_000
/** Of a line, what is looked at for an import. */
const LINE_LENGTH = 300
const STALE_MS = 60 * 60 * 1000
const BUILDING = '.building-'
const HOW =
  "The operator can set MELZI_PYTHON_INDEX to a package index that is reachable, or install it for the system's Python."

/** Prints matplotlib's list of the system's fonts, whose making costs seconds. */
const LIST_FONTS = `import glob, os, sys
sys.path.insert(0, sys.argv[1])
import matplotlib.font_manager
(path,) = glob.glob(os.path.join(os.environ["MPLCONFIGDIR"], "fontlist-*.json"))
print(os.path.basename(path))
print(open(path).read())`

export class DataPackages {
  readonly #python: Python
  readonly #identity: Identity | null
  readonly #indexUrl: string | null | undefined
  readonly #stop: AbortSignal
  /** Of all builds; sessions may read it. */
  readonly root: string
  /** Of the one for this Python; it exists when it is whole. */
  readonly folder: string
  #building: Promise<void> | null = null
  #failure: { message: string; at: number } | null = null
  #isThere: boolean

  private constructor(
    python: Python,
    identity: Identity | null,
    indexUrl: string | null | undefined,
    place: { root: string; folder: string; isThere: boolean },
    stop: AbortSignal,
  ) {
    this.#python = python
    this.#identity = identity
    this.#indexUrl = indexUrl
    this.#stop = stop
    this.root = place.root
    this.folder = place.folder
    this.#isThere = place.isThere
  }

  /** @param indexUrl of a package index (simple API); undefined: what pip is set up with; null: never fetch */
  static async open(
    cacheDir: string,
    python: Python,
    identity: Identity | null,
    indexUrl: string | null | undefined,
    stop: AbortSignal,
  ): Promise<DataPackages> {
    const root = join(await reachableFolder(cacheDir, identity), 'data-packages')
    await mkdir(root, { recursive: true, mode: 0o755 })
    const key = createHash('sha256')
      .update(await readFile(PINS))
      .digest('hex')
      .slice(0, 12)
    const folder = join(root, `python${python.version}-${process.arch}-${key}`)
    await sweep(root)
    const isThere = await exists(folder)
    return new DataPackages(python, identity, indexUrl, { root, folder, isThere }, stop)
  }

  /** Import names of those that come from here and not from the system. */
  get names(): string[] {
    return Object.entries(DATA_PACKAGES)
      .filter(([, name]) => !this.#python.packages.includes(name))
      .map(([imported]) => imported)
  }

  /** Names of the packages that sessions have. */
  get present(): string[] {
    return this.#isThere ? Object.values(DATA_PACKAGES) : this.#python.packages
  }

  /** Whether code seems to import one that is not there; a name in a comment costs no more than a wait. */
  isNeeded(code: string): boolean {
    if (this.#isThere) return false
    const imports = new RegExp(`\\b(?:import|from)\\b.*\\b(?:${this.names.join('|')})\\b`)
    return code.split('\n').some((line) => imports.test(line.slice(0, LINE_LENGTH)))
  }

  /** A sentence that says why they are not there and what helps. */
  get why(): string {
    if (this.#isThere) return ''
    if (this.#building !== null)
      return 'the data packages are being fetched; run this again in a minute.'
    if (this.#indexUrl === null)
      return `this server is set up not to fetch packages (MELZI_PYTHON_INDEX=off). ${HOW}`
    return `${this.#failure?.message ?? 'it has not been fetched yet'}. ${HOW}`
  }

  /** Builds in the background what is missing. @returns the build, which never rejects; null when there is nothing to do */
  ensure(): Promise<void> | null {
    if (this.#isThere || this.names.length === 0 || this.#indexUrl === null) return null
    if (this.#building !== null) return this.#building
    if (this.#failure !== null && Date.now() - this.#failure.at < RETRY_MS) return null
    this.#building = this.#build()
      .then(() => {
        this.#isThere = true
      })
      .catch((error: unknown) => {
        this.#failure = { message: sentence(error), at: Date.now() }
      })
      .finally(() => {
        this.#building = null
      })
    return this.#building
  }

  async #build(): Promise<void> {
    const { version, executable } = this.#python
    if (!PINNED_VERSIONS.includes(version) || process.arch !== 'x64')
      throw new Error(
        `there are data packages for CPython ${PINNED_VERSIONS.join(', ')} on x64 only; this is ${version} on ${process.arch}`,
      )
    if (await exists(this.folder)) return
    const temporary = join(this.root, `${BUILDING}${process.pid}-${randomBytes(6).toString('hex')}`)
    try {
      await mkdir(temporary, { mode: 0o755 })
      await this.#install(temporary)
      await this.#run(executable, ['-I', '-m', 'compileall', '-q', '-j', '2', temporary])
      await this.#listFonts(temporary)
      await run('chmod', ['-R', 'a+rX,go-w', temporary])
      await rename(temporary, this.folder)
    } catch (error) {
      // Another server may have been quicker.
      if (!(await exists(this.folder))) throw error
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  }

  #run(program: string, args: readonly string[], options: object = {}) {
    const signal = AbortSignal.any([this.#stop, AbortSignal.timeout(BUILD_MS)])
    return run(program, args, { signal, maxBuffer: 64 * 1024 * 1024, ...options })
  }

  /** Any pip can do it for any Python: it only unpacks. */
  async #install(target: string): Promise<void> {
    const index = typeof this.#indexUrl === 'string' ? ['--index-url', this.#indexUrl] : []
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--no-deps',
      '--no-compile',
      '--require-hashes',
      '--only-binary=:all:',
      '--target',
      target,
      '--implementation',
      'cp',
      '--python-version',
      this.#python.version,
      ...PLATFORMS.flatMap((platform) => ['--platform', platform]),
      ...index,
      '--requirement',
      fileURLToPath(PINS),
    ]
    let why = ''
    for (const program of new Set([this.#python.executable, 'python3'])) {
      try {
        await this.#run(program, args)
        return
      } catch (error) {
        this.#stop.throwIfAborted()
        const said = (error as { stderr?: string }).stderr ?? ''
        why = said.trim().split('\n').at(-1) || sentence(error)
      }
    }
    throw new Error(`the data packages could not be fetched with pip (${why.slice(0, 300)})`)
  }

  /** As the sessions' user, for it runs what the packages hold. */
  async #listFonts(target: string): Promise<void> {
    const config = join(target, '.config')
    await mkdir(config, { mode: 0o777 })
    await chmod(config, 0o777)
    await chmod(target, 0o755)
    await run('chmod', ['-R', 'a+rX', target])
    const { stdout } = await this.#run(
      this.#python.executable,
      ['-I', '-B', '-c', LIST_FONTS, target],
      { ...this.#identity, cwd: '/', env: { MPLCONFIGDIR: config, MPLBACKEND: 'Agg' } },
    )
    const [name = '', ...rest] = String(stdout).split('\n')
    if (!/^fontlist-[\w.]+\.json$/.test(name)) throw new Error('matplotlib made no list of fonts')
    await rm(config, { recursive: true, force: true })
    await mkdir(join(target, 'fonts'))
    await writeFile(join(target, 'fonts', name), rest.join('\n'))
  }

  /** Waits until a build that is under way has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#building
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** Removes what builds that were killed left behind. */
const sweep = async (root: string): Promise<void> => {
  for (const name of await readdir(root)) {
    if (!name.startsWith(BUILDING)) continue
    const info = await stat(join(root, name)).catch(() => null)
    if (info !== null && Date.now() - info.mtimeMs > STALE_MS)
      await rm(join(root, name), { recursive: true, force: true })
  }
}

const sentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
