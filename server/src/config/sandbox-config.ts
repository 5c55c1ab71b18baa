import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { Env } from './env.ts'
import { address, flag, integer, list, reader } from './settings.ts'

/** Where and how plugins of Python run. */
export interface SandboxConfig {
  readonly enabled: boolean
  /** What runs Python plugins: Pyodide in Deno, the system's Python, or each what it can. */
  readonly driver: 'auto' | 'deno' | 'native'
  readonly cacheDir: string
  readonly workers: number
  /** Operator's list of internal hosts that plugins may reach although they are not public. */
  readonly allowedInternalHosts: readonly string[]
  /** Hosts of plugins whose file names none: no network, or any public host. */
  readonly defaultNetwork: 'none' | 'public'
  /** Python package index (simple API) for requests, httpx and the like; undefined: what the host's pip is set up with; null: never. */
  readonly packageIndexUrl: string | null | undefined
  /** Base address of the packages Pyodide was built with; null: never fetch; undefined: where Pyodide says they are. */
  readonly pyodidePackagesUrl: string | null | undefined
}

/** @throws {ConfigError} naming the variable and what it means */
export const readSandbox = (env: Env, dataDir: string): SandboxConfig => {
  const { optional, withDefault } = reader(env)
  return {
    enabled: withDefault('MELZI_SANDBOX', true, {
      meaning: 'whether plugins may run here (on or off)',
      schema: flag,
    }),
    driver: withDefault<'auto' | 'deno' | 'native'>('MELZI_PLUGIN_DRIVER', 'auto', {
      meaning:
        "what runs Python plugins: deno (Pyodide), native (the system's Python) or auto (deno, and native for pandas and the like)",
      schema: z.enum(['auto', 'deno', 'native']),
    }),
    cacheDir: resolve(env['MELZI_SANDBOX_CACHE']?.trim() || join(dataDir, 'sandbox')),
    workers: withDefault('MELZI_SANDBOX_WORKERS', 2, {
      meaning: 'how many plugin calls run at the same time',
      schema: integer(1, 256),
    }),
    allowedInternalHosts: withDefault<string[]>('MELZI_ALLOW_INTERNAL_HOSTS', [], {
      meaning:
        'internal hosts, separated by commas, each a name (ports 80 and 443) or name:port, that image fetches, and plugins which name them, may reach although they are not public',
      schema: list,
    }),
    defaultNetwork: withDefault<'none' | 'public'>('MELZI_PLUGIN_NETWORK', 'none', {
      meaning:
        'what network plugins have whose file names no hosts, or asks for any: none, or public (any host that is not internal)',
      schema: z.enum(['none', 'public']),
    }),
    packageIndexUrl: optional('MELZI_PYTHON_INDEX', {
      meaning:
        "the address of a Python package index (simple API), from which requests, httpx and what they need are fetched when a plugin first imports them; off for never; without it the host's own pip is asked",
      schema: z.union([z.literal('off').transform(() => null), address]),
    }),
    pyodidePackagesUrl: optional('MELZI_PYODIDE_PACKAGES', {
      meaning:
        "the base address of a mirror of Pyodide's packages (numpy, pandas and the like), for plugins in Deno; off for never; without it the address that Pyodide itself states is asked",
      schema: z.union([z.literal('off').transform(() => null), address]),
    }),
  }
}
