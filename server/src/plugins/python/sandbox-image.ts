/**
 * What a sandbox process starts from, built once per version of its parts and kept in a cache folder: the runner's files, a
 * memory snapshot of a booted interpreter, and a warmed, read-only code cache. Where the unprivileged user of the processes cannot
 * reach Deno or Pyodide, they are copied there too.
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  copyFile,
  cp,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ChildOptions } from '@melzi/runner/child-options.ts'
import { reachable, reachableFolder, type Identity } from '../../platform/reachable-folder.ts'
import { childArguments, runToEnd } from './child-command.ts'

export interface SandboxParts {
  denoBinary: string
  /** Folder of the npm package `pyodide`. */
  pyodideDir: string
  /** Folder of the runner's sources. */
  runnerDir: string
  /** Paths of pure-Python wheels to be imported into the snapshot; their names hold their versions. */
  wheels: readonly string[]
}

export interface SandboxImage {
  denoBinary: string
  runnerEntry: string
  denoDir: string
  readable: string[]
  child: Omit<ChildOptions, 'mode' | 'packages' | 'memoryMiB' | 'keepDenoPermissions'>
  hasPackages: boolean
}

const BUILD_MS = 120_000
const BUILDING = '.building-'
const DAY_MS = 24 * 60 * 60 * 1000
/** Wasm memory while the snapshot is made; the limit of a call is set when the snapshot is loaded. */
const BUILD_MEMORY_MIB = 1024

const hash = (parts: readonly (string | Uint8Array)[]) => {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part).update('\0')
  return digest.digest('hex')
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  )

/** Deletes a tree that may hold read-only folders. */
export const removeTree = async (path: string): Promise<void> => {
  if (!(await exists(path))) return
  await setModes(path, 0o700, 0o600)
  await rm(path, { recursive: true, force: true })
}

const setModes = async (path: string, folder: number, file: number): Promise<void> => {
  const info = await lstat(path)
  if (!info.isDirectory()) return info.isFile() ? chmod(path, file) : undefined
  await chmod(path, 0o700)
  for (const name of await readdir(path)) await setModes(join(path, name), folder, file)
  await chmod(path, folder)
}

const setOwner = async (path: string, { uid, gid }: Identity): Promise<void> => {
  await chown(path, uid, gid)
  if ((await lstat(path)).isDirectory())
    for (const name of await readdir(path)) await setOwner(join(path, name), { uid, gid })
}

/** Removes what a build that was killed left behind a day ago or earlier. */
const sweep = async (cache: string): Promise<void> => {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(BUILDING)) continue
    const info = await lstat(join(cache, name)).catch(() => null)
    if (info !== null && Date.now() - info.mtimeMs > DAY_MS) await removeTree(join(cache, name))
  }
}

/** Builds under a temporary name and renames, so that two servers may build at once and a crash leaves nothing half done. */
const buildOnce = async (
  folder: string,
  isGood: () => Promise<boolean>,
  build: (temporary: string) => Promise<void>,
) => {
  if (await isGood()) return
  const temporary = join(
    dirname(folder),
    `${BUILDING}${process.pid}-${randomBytes(6).toString('hex')}`,
  )
  try {
    await mkdir(temporary)
    await build(temporary)
    if (await isGood()) return
    await removeTree(folder)
    await rename(temporary, folder).catch(async (error: unknown) => {
      if (!(await isGood())) throw error
    })
  } finally {
    await removeTree(temporary)
  }
}

const version = async (packageDir: string): Promise<string> => {
  const text = await readFile(join(packageDir, 'package.json'), 'utf8').catch(() => '{}')
  return (JSON.parse(text) as { version?: string }).version ?? 'unknown'
}

const runnerHash = async (folder: string): Promise<string> => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  return hash(await Promise.all(paths.map((path) => readFile(path))))
}

/**
 * @param identity whom the processes run as; null for the server's own user
 * @throws Error with a sentence that says what could not be made
 */
export const prepareImage = async (
  parts: SandboxParts,
  cacheDir: string,
  identity: Identity | null,
  signal: AbortSignal,
): Promise<SandboxImage> => {
  const cache = await reachableFolder(cacheDir, identity)
  await sweep(cache)
  const copyDeno = !(await reachable(parts.denoBinary, identity))
  const copyPyodide = !(await reachable(parts.pyodideDir, identity))
  const versions = [
    await version(dirname(parts.denoBinary)),
    await version(parts.pyodideDir),
    await runnerHash(parts.runnerDir),
  ]
  const wheels = parts.wheels.map((wheel) => basename(wheel))
  const key = hash([
    ...versions,
    process.arch,
    ...wheels,
    copyDeno ? '' : parts.denoBinary,
    copyPyodide ? '' : parts.pyodideDir,
  ])

  const files = join(cache, `files-${key.slice(0, 24)}`)
  await buildOnce(
    files,
    () => exists(files),
    async (temporary) => {
      await cp(parts.runnerDir, join(temporary, 'runner'), { recursive: true })
      await mkdir(join(temporary, 'wheels'))
      for (const wheel of parts.wheels)
        await copyFile(wheel, join(temporary, 'wheels', basename(wheel)))
      if (copyPyodide)
        await cp(parts.pyodideDir, join(temporary, 'pyodide'), {
          recursive: true,
          dereference: true,
        })
      await setModes(temporary, 0o755, 0o644)
      if (copyDeno) {
        await copyFile(parts.denoBinary, join(temporary, 'deno'))
        await chmod(join(temporary, 'deno'), 0o755)
      }
    },
  )

  const folder = join(cache, `image-${key.slice(0, 24)}`)
  const pyodideDir = copyPyodide ? join(files, 'pyodide') : parts.pyodideDir
  const describe = (root: string): SandboxImage => ({
    denoBinary: copyDeno ? join(files, 'deno') : parts.denoBinary,
    runnerEntry: join(files, 'runner', 'child.ts'),
    denoDir: join(root, 'deno-dir'),
    readable: [pyodideDir, files, root],
    child: {
      pyodideDir: `${pyodideDir}/`,
      preludeDir: `${join(files, 'runner', 'prelude')}/`,
      snapshotFile: join(root, 'snapshot'),
      wheels: wheels.map((name) => join(files, 'wheels', name)),
    },
    hasPackages: wheels.length > 0,
  })
  const isGood = async () => {
    const sum = await readFile(join(folder, 'snapshot.sha256'), 'utf8').catch(() => null)
    if (sum === null) return false
    const snapshot = await readFile(join(folder, 'snapshot')).catch(() => null)
    return snapshot !== null && hash([snapshot]) === sum
  }
  await buildOnce(folder, isGood, (temporary) =>
    buildImage(describe(temporary), temporary, identity, signal),
  )
  return describe(folder)
}

const buildImage = async (
  image: SandboxImage,
  folder: string,
  identity: Identity | null,
  signal: AbortSignal,
) => {
  await chmod(folder, 0o755)
  await mkdir(image.denoDir)
  // An ordinary file where Deno would make the folder of localStorage and the Cache API: both need no permission and persist.
  await writeFile(join(image.denoDir, 'location_data'), '')
  if (identity !== null) await setOwner(image.denoDir, identity)
  const run = (mode: ChildOptions['mode']) => {
    const options: ChildOptions = {
      ...image.child,
      mode,
      packages: [],
      memoryMiB: BUILD_MEMORY_MIB,
      keepDenoPermissions: false,
    }
    return runToEnd(
      childArguments(image, options),
      identity,
      image.denoDir,
      AbortSignal.any([signal, AbortSignal.timeout(BUILD_MS)]),
    )
  }
  const snapshot = await run('snapshot')
  await writeFile(image.child.snapshotFile, snapshot)
  await chmod(image.child.snapshotFile, 0o644)
  await run('warm')
  if (identity !== null)
    await setOwner(image.denoDir, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })
  await setModes(image.denoDir, 0o555, 0o444)
  await writeFile(join(folder, 'snapshot.sha256'), hash([snapshot]))
}
