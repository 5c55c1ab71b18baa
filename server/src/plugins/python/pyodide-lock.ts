/** Which packages Pyodide was built with: its lock file names each with its file, SHA-256 and what it needs. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IMPORTABLE } from './python-packages.ts'

export interface LockedWheel {
  name: string
  file: string
  sha256: string
}

interface Entry {
  name: string
  file_name: string
  sha256: string
  depends: string[]
  imports: string[]
  package_type: string
}

const FILE_NAME = /^[\w.+-]+\.whl$/
const LINE_LENGTH = 300
const IMPORT =
  /\bfrom\s+([A-Za-z]\w*)[\w.]*\s+import\b|\bimport\s+([A-Za-z][\w., ]*)|\b(?:import_module|__import__)\(\s*["']([A-Za-z]\w*)/g

const keyOf = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, '-')

/** Top-level names that a source seems to import; one in a string costs no more than a needless fetch. */
export const importedNames = (source: string): Set<string> => {
  const names = new Set<string>()
  for (const line of source.split('\n')) {
    for (const [, from, list, called] of line.slice(0, LINE_LENGTH).matchAll(IMPORT)) {
      for (const part of (from ?? called ?? list ?? '').split(',')) {
        const name = /^\s*(\w+)/.exec(part)?.[1]
        if (name !== undefined) names.add(name)
      }
    }
  }
  return names
}

export class PyodideLock {
  readonly #entries: Map<string, Entry>
  /** Package keys by import name. */
  readonly #byImport = new Map<string, string>()

  private constructor(packages: Record<string, Entry>) {
    this.#entries = new Map(Object.entries(packages).map(([name, entry]) => [keyOf(name), entry]))
    for (const [key, { imports, package_type: type }] of this.#entries) {
      if (type !== 'package' || key.endsWith('-tests')) continue
      // What the runner brings itself is left to it.
      for (const name of imports)
        if (!IMPORTABLE.includes(name) && !this.#byImport.has(name)) this.#byImport.set(name, key)
    }
  }

  /** @throws Error when the file is not there or is no lock file */
  static async read(file: string): Promise<PyodideLock> {
    const { packages } = JSON.parse(await readFile(file, 'utf8')) as {
      packages: Record<string, Entry>
    }
    return new PyodideLock(packages)
  }

  /** Packages that a source imports. */
  importedBy(source: string): string[] {
    const keys = [...importedNames(source)].map((name) => this.#byImport.get(name))
    return [...new Set(keys.filter((key) => key !== undefined))]
  }

  /** Import names of a package. */
  importsOf(name: string): string[] {
    return this.#entries.get(keyOf(name))?.imports ?? []
  }

  /**
   * Files of a package and of all it needs, each once, sorted by name; null where Pyodide has no such package, or one of them is a
   * shared library, which is not loaded here.
   */
  wheelsFor(name: string): LockedWheel[] | null {
    const found = new Map<string, LockedWheel>()
    const open = [keyOf(name)]
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (found.has(key)) continue
      const entry = this.#entries.get(key)
      if (entry?.package_type !== 'package' || !FILE_NAME.test(entry.file_name)) return null
      found.set(key, { name: key, file: entry.file_name, sha256: entry.sha256 })
      open.push(...entry.depends.map(keyOf))
    }
    return [...found.values()].toSorted((a, b) => a.file.localeCompare(b.file))
  }
}

/** Where Pyodide itself says its packages are, for its own version; null when its npm package does not say it. */
export const statedAddress = async (pyodideDir: string): Promise<string | null> => {
  const [program, about] = await Promise.all([
    readFile(join(pyodideDir, 'pyodide.mjs'), 'utf8'),
    readFile(join(pyodideDir, 'package.json'), 'utf8'),
  ])
  const match = /`(https:\/\/[\w./-]+\/v)\$\{\w+\}(\/full\/)`/.exec(program)
  const { version } = JSON.parse(about) as { version: string }
  return match === null ? null : `${match[1]}${version}${match[2]}`
}
