/** Constructs what runs code that is not ours, for the context and for the commands that try it. */
import { readFileSync } from 'node:fs'
import type { Config } from './config/config.ts'
import { readMcpCommands } from './config/mcp-commands.ts'
import { createSearchKind, type SearchStore } from './features/plugins/search-kind.ts'
import type { CodeInterpreter } from './interpreter/code-interpreter.ts'
import { NativeInterpreter } from './interpreter/native-interpreter.ts'
import { createNoInterpreter } from './interpreter/no-interpreter.ts'
import type { Clock } from './platform/clock.ts'
import { createPluginKinds } from './plugins/plugin-kinds.ts'
import { ChoosingDriver } from './plugins/python/choosing-driver.ts'
import { DenoDriver } from './plugins/python/deno-driver.ts'
import { NativeDriver } from './plugins/python/native-driver.ts'
import { createNoDriver } from './plugins/python/no-driver.ts'
import type { SandboxDriver } from './plugins/python/sandbox-driver.ts'
import { sandboxGate } from './plugins/python/sandbox-gate.ts'

/** The kinds of plugins as this server runs them; they start nothing yet. */
export const createKinds = (
  config: Config,
  clock: Clock,
  driver: SandboxDriver,
  search: SearchStore,
) =>
  createPluginKinds({
    driver,
    mcp: {
      clock,
      egress: { internalHosts: config.sandbox.allowedInternalHosts },
      commands: readMcpCommands(config.mcp.commands, (file) => readFileSync(file, 'utf8')),
      path: config.mcp.path,
    },
    openapi: { clock, reach: { internalHosts: config.sandbox.allowedInternalHosts } },
    search: createSearchKind(search),
  })

/** The sandbox of Python plugins as the settings have it. @param poolSize processes kept ready; as many as may run when left out */
export const createSandbox = (
  { sandbox, interpreter, data }: Config,
  poolSize: number = sandbox.workers,
): SandboxDriver => {
  if (!sandbox.enabled) return createNoDriver()
  const { cacheDir, packageIndexUrl, driver } = sandbox
  const { python, bubblewrap, path } = interpreter
  const common = {
    cacheDir,
    packageIndexUrl,
    poolSize,
    bubblewrap,
    path,
    gate: sandboxGate(sandbox.workers),
    egress: { internalHosts: sandbox.allowedInternalHosts },
  }
  const createNative = () =>
    new NativeDriver({
      ...common,
      privateFolders: [data.dir],
      python,
      eager: driver === 'native' && poolSize > 0,
    })
  if (driver === 'native') return createNative()
  const deno = new DenoDriver({ ...common, pyodidePackagesUrl: sandbox.pyodidePackagesUrl })
  if (driver === 'deno') return deno
  const denoProvides = (names: readonly string[]) => deno.canProvide(names)
  return new ChoosingDriver({ deno, native: createNative(), denoProvides })
}

/** The code interpreter as the settings have it; it starts nothing yet. */
export const createInterpreter = (
  { interpreter, sandbox, data }: Config,
  clock: Clock,
): CodeInterpreter => {
  if (!interpreter.enabled) return createNoInterpreter()
  const { python, bubblewrap, path, wallMs, memoryMiB, diskMiB, maxSessions, idleMs } = interpreter
  return new NativeInterpreter({
    cacheDir: sandbox.cacheDir,
    privateFolders: [data.dir],
    clock,
    python,
    bubblewrap,
    path,
    packageIndexUrl: sandbox.packageIndexUrl,
    limits: { wallMs, memoryMiB, diskMiB },
    maxSessions,
    idleMs,
  })
}
