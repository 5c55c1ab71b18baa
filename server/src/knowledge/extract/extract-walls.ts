import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Packages the program reads files with. */
const PACKAGES = ['htmlparser2', 'pdfjs-dist/package.json', 'unpdf', 'yauzl']
const PROGRAM = fileURLToPath(new URL('extract-program.ts', import.meta.url))
/** `nobody`, on every Linux. */
const NOBODY = 65_534

const MODULES = `${path.sep}node_modules${path.sep}`

/** The folder `node_modules` a package lies in. */
const modulesOf = (name: string): string => {
  const file = realpathSync(fileURLToPath(import.meta.resolve(name)))
  return file.slice(0, file.indexOf(MODULES) + MODULES.length)
}

const isReadableByAll = (file: string): boolean => {
  const needs = statSync(file).isDirectory() ? 0o005 : 0o004
  if ((statSync(file).mode & needs) !== needs) return false
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === path.dirname(folder)) return true
  }
}

export interface ExtractCommand {
  file: string
  args: string[]
  /** Who the process runs as; null for whom the server runs as. */
  user: { uid: number; gid: number } | null
}

/**
 * How the program that reads files is started: it may read its own source and the packages it uses, and write and start nothing. Where the
 * server is root, the program is `nobody`, unless nobody could not read the program. Node 24 cannot forbid sockets; from Node 25 on they
 * are forbidden as well, since nothing allows them.
 * @param heapBytes of V8
 */
export const extractCommand = (heapBytes: number): ExtractCommand => {
  const source = path.dirname(path.dirname(realpathSync(PROGRAM)))
  const manifest = path.join(source, '../../package.json')
  accessSync(manifest, constants.R_OK)
  const modules = [...new Set(PACKAGES.map(modulesOf))]
  const folders = [source, ...modules].map((folder) => path.join(folder, '*'))
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  const readable = [PROGRAM, process.execPath, manifest, ...modules]
  return {
    file: process.execPath,
    args: [
      `--max-old-space-size=${Math.max(64, Math.floor(heapBytes / 1024 / 1024))}`,
      '--disable-warning=ExperimentalWarning',
      '--permission',
      ...[...folders, manifest].map((allowed) => `--allow-fs-read=${allowed}`),
      // for the watch on a parent that is gone (orphan-watch.ts)
      '--allow-worker',
      PROGRAM,
    ],
    user: isRoot && readable.every(isReadableByAll) ? { uid: NOBODY, gid: NOBODY } : null,
  }
}
