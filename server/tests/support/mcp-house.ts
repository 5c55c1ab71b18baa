/** MCP plugins as tests of their kind call them. */
import assert from 'node:assert/strict'
import { parsePluginFile, type PluginManifest } from '../../src/plugins/manifest.ts'
import { createMcpKind, type McpKindOptions } from '../../src/plugins/mcp/mcp-kind.ts'
import { DEFAULT_LIMITS } from '../../src/plugins/call-limits.ts'
import type { PluginJob } from '../../src/plugins/plugin-kind.ts'
import type { SandboxLimits, SandboxResult } from '../../src/plugins/python/sandbox-driver.ts'
import { startScriptedMcp, type Asked } from './mcp-servers.ts'

const NEVER = new AbortController().signal
/** The defaults of a plugin call, with less time. */
const LIMITS: SandboxLimits = { ...DEFAULT_LIMITS, wallMs: 8_000 }

export interface McpCall extends Partial<Omit<PluginJob, 'limits'>> {
  limits?: Partial<SandboxLimits>
}

export interface McpHouse extends AsyncDisposable {
  /** Asks the server what it offers. */
  describe(secrets?: Record<string, string>, signal?: AbortSignal): Promise<string | null>
  /** Names of the functions of what {@link describe} gave. */
  names(document: string | null): string[]
  call(
    operation: string,
    args?: PluginJob['arguments'],
    given?: McpCall,
    signal?: AbortSignal,
  ): Promise<SandboxResult>
}

/** @param api `api` of the plugin file, without its type; `melzi` its key `melzi` */
export const mcpHouse = (
  api: { url: string } | { command: string },
  options: McpKindOptions & { melzi?: object } = {},
): McpHouse => {
  const kind = createMcpKind(options)
  const file = { id: 'plugin', api: { type: 'mcp', ...api }, melzi: options.melzi ?? {} }
  const manifest: PluginManifest = parsePluginFile(JSON.stringify(file))
  const text = { functionName: 'plugin', manifest }
  return {
    describe: (secrets = {}, signal = NEVER) =>
      kind.describe({ ...text, secrets }, 'ws_1/person_1', signal),
    names: (document) => kind.functions({ ...text, document }).map(({ name }) => name),
    call: (operation, args = {}, given = {}, signal = NEVER) =>
      kind.call(
        {
          ...text,
          document: null,
          workspaceId: 'ws_1',
          ownerId: 'person_1',
          callerId: 'person_2',
          pluginId: 'plug_1',
          version: 1,
          vectorStoreId: null,
          operation,
          arguments: args,
          customizedParams: null,
          conversation: [],
          userCookie: '',
          modelTokenLimit: null,
          secrets: {},
          files: [],
          answer: null,
          defaultHosts: [],
          ...given,
          limits: { ...LIMITS, ...given.limits },
        },
        signal,
      ),
    [Symbol.asyncDispose]: () => kind[Symbol.asyncDispose](),
  }
}

/** Holds work to a time, in ms. */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const started = performance.now()
  const value = await work
  assert.ok(performance.now() - started < ms, `it took longer than ${ms} ms`)
  return value
}

/** A scripted server and a plugin on it. @param onCall answers `tools/call` */
export const scriptedHouse = async (
  onCall: (asked: Asked) => boolean | Promise<boolean>,
  method = 'tools/call',
) => {
  const server = await startScriptedMcp((asked) => asked.method === method && onCall(asked))
  const mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
  return {
    server,
    mcp,
    methods: () => server.asked.map((one) => one.method),
    [Symbol.asyncDispose]: async () => {
      await mcp[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
