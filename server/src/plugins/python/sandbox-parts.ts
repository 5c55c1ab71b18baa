/** Finds Deno, Pyodide and the runner among the installed npm packages. */
import { realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { SandboxParts } from './sandbox-image.ts'

/** The npm package that holds Deno's binary for this system; null where the sandbox has no second wall. */
const denoPackage = (): string | null => {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64'))
    return null
  return `@deno/linux-${process.arch}-glibc`
}

/** @throws Error with a sentence that says what is missing and how to get it */
export const locateParts = async (
  given: Partial<Omit<SandboxParts, 'wheels'>>,
): Promise<Omit<SandboxParts, 'wheels'>> => {
  const require = createRequire(import.meta.url)
  const folderOf = (name: string) => {
    try {
      return dirname(require.resolve(`${name}/package.json`))
    } catch (cause) {
      throw new Error(
        `the npm package ${name} is not installed; run npm ci without --omit=optional`,
        { cause },
      )
    }
  }
  const name = denoPackage()
  if (name === null) {
    throw new Error(
      `Python plugins need Linux on x64 or arm64, where seccomp holds; this is ${process.platform} on ${process.arch}`,
    )
  }
  return {
    denoBinary: await realpath(given.denoBinary ?? join(folderOf(name), 'deno')),
    pyodideDir: await realpath(given.pyodideDir ?? folderOf('pyodide')),
    runnerDir: await realpath(given.runnerDir ?? join(folderOf('@melzi/runner'), 'src')),
  }
}
