import { release } from 'node:os'
import { prepareDataFolder } from '../config/data-folder.ts'
import { missing, note, ok, type Check } from './check.ts'

const NEEDED_NODE = 24

/** What of the machine matters to the checks. */
export interface Machine {
  /** Without `v`. */
  nodeVersion: string
  platform: string
  arch: string
  /** Null where the C library is not glibc. */
  glibc: string | null
  /** Of the kernel. */
  release: string
}

export const thisMachine = (): Machine => {
  // Else the report looks up the names of open sockets; the property is newer than its type.
  Object.assign(process.report, { excludeNetwork: true })
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    glibc: header.glibcVersionRuntime ?? null,
    release: release(),
  }
}

export const checkNode = ({ nodeVersion }: Machine): Check =>
  Number(nodeVersion.split('.')[0]) >= NEEDED_NODE
    ? ok('Node.js', `version ${nodeVersion}`)
    : missing(
        'Node.js',
        `version ${nodeVersion}, but ${NEEDED_NODE} is needed`,
        'run `npm ci`, which brings Node.js 24, and start with `npm start` or `npx melzi`',
      )

/** Supported: Linux x64 with glibc (design 6b). */
export const checkPlatform = ({ platform, arch, glibc, release: kernel }: Machine): Check => {
  const found = `${platform} ${arch}`
  if (platform === 'win32') {
    return missing('Platform', found, 'install WSL2 (`wsl --install`) and run Melzi in it')
  }
  if (platform === 'linux' && glibc === null) {
    return missing(
      'Platform',
      `${found} without glibc (musl)`,
      'use a distribution or image with glibc, such as Debian or node:24-slim',
    )
  }
  if (platform === 'linux' && arch === 'x64') {
    const wsl = /microsoft/i.test(kernel) ? ', WSL' : ''
    return ok('Platform', `${found}, glibc ${glibc}${wsl}`)
  }
  return note(
    'Platform',
    `${found}: the server runs, plugins only where the sandbox check passes`,
    'use Linux x64 with glibc to be sure',
  )
}

export const checkDataFolder = (dir: string): Check => {
  try {
    prepareDataFolder(dir)
    return ok('Data folder', dir)
  } catch (error) {
    return missing(
      'Data folder',
      error instanceof Error ? error.message : String(error),
      'set MELZI_DATA to a folder this user may write; what lies in it was not checked',
    )
  }
}
