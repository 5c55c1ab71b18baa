/** The lock file as `npm ci` reads it, as far as we look into it. */
export interface LockFile {
  lockfileVersion: number
  packages: Record<string, LockedPackage>
}

interface LockedPackage {
  resolved?: string
  integrity?: string
  link?: boolean
  inBundle?: boolean
  hasInstallScript?: boolean
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const sorted = (versions: Record<string, string> = {}) =>
  JSON.stringify(
    versions,
    Object.keys(versions).toSorted((a, b) => (a < b ? -1 : 1)),
  )

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const

/**
 * What is wrong with the lock file: a manifest it was not made from, a platform's package left out, a package without a hash, a package that names the host it came
 * from (the host is the user's setting), or one that runs a script when it is installed.
 * @param manifests each workspace's package.json by its folder, '' for the root
 */
export const checkLockFile = (
  lock: LockFile,
  manifests: Record<string, LockedPackage>,
): string[] => {
  const problems: string[] = []
  for (const [folder, manifest] of Object.entries(manifests)) {
    const locked = lock.packages[folder]
    for (const kind of KINDS) {
      if (sorted(manifest[kind]) !== sorted(locked?.[kind]))
        problems.push(
          `${folder || '.'}/package.json: ${kind} differ from the lock file's; run npm install`,
        )
    }
  }
  const there = new Set(
    Object.keys(lock.packages).map((name) => name.split('node_modules/').at(-1)),
  )
  for (const [name, entry] of Object.entries(lock.packages)) {
    for (const optional of Object.keys(entry.optionalDependencies ?? {})) {
      if (!there.has(optional))
        problems.push(`${name}: lacks its package ${optional}; npm ci refuses`)
    }
    if (entry.resolved?.includes('://'))
      problems.push(`${name}: names the host it came from (${new URL(entry.resolved).host})`)
    if (!name.includes('node_modules/') || entry.link === true || entry.inBundle === true) continue
    if (entry.integrity === undefined) problems.push(`${name}: has no hash`)
    if (entry.hasInstallScript === true)
      problems.push(`${name}: runs a script when it is installed`)
  }
  return problems
}
