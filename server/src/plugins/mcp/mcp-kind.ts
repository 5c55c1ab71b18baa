/** Plugins that are MCP servers: over streamable HTTP, or a program that the operator has listed (plugins.md 5). */
import { createHash } from 'node:crypto'
import { systemClock, type Clock } from '../../platform/clock.ts'
import { AppError, errors } from '../../platform/errors.ts'
import { createPluginCredentials, type AuthEgress } from '../auth-headers.ts'
import { secretHider } from '../hide-secrets.ts'
import type { PluginManifest } from '../manifest.ts'
import type { PluginJob, PluginKind } from '../plugin-kind.ts'
import type { SandboxResult } from '../python/sandbox-driver.ts'
import { failedResult } from '../python/sandbox-result.ts'
import { CallBudget, type HttpRecord } from './call-budget.ts'
import { openConnection, type McpTarget } from './mcp-connection.ts'
import { describeServer, functionsOf, toolOf } from './mcp-document.ts'
import { explainFailure, McpFailure, statusOf } from './mcp-failure.ts'
import { McpPool, type PoolKey, type PoolOptions } from './mcp-pool.ts'
import { toResult } from './mcp-result.ts'
import type { StdioCommand } from './stdio-transport.ts'

export interface McpKindOptions {
  /** Of the tokens that are held. */
  clock?: Clock
  /** Hosts besides the public ones; left out, none. */
  egress?: AuthEgress
  /** Programs the operator has listed, by name; left out, none. */
  commands?: ReadonlyMap<string, StdioCommand>
  /** PATH of the programs. */
  path?: string
  /** Tests take shorter ones. */
  pools?: { http?: Partial<PoolOptions>; stdio?: Partial<PoolOptions> }
}

type McpApi = Extract<PluginManifest['api'], { kind: 'mcp' }>

const HTTP_POOL: PoolOptions = { most: 1_000, mostOfOwner: 100, idleMs: 300_000, backoff: null }
const STDIO_POOL: PoolOptions = {
  most: 16,
  mostOfOwner: 4,
  idleMs: 600_000,
  backoff: { firstMs: 1_000, longestMs: 60_000 },
}
/** Messages of a server during one call: replies, progress, log lines. */
const MESSAGES = 500
/** Objects, arrays, members and elements of their JSON: what takes the server some 50 ms to read. */
const PARTS = 100_000
/** Of the description: a list of tools is longer than most results. */
const LISTING = {
  requests: 40,
  upBytes: 65_536,
  downBytes: 5_000_000,
  messages: 500,
  parts: 200_000,
}
const LISTING_MS = 20_000
/** A server's session may be gone; these are what servers answer then. */
const SESSION_GONE = new Set([400, 404])

/** @returns the kind; disposing it closes all connections and ends all programs */
export const createMcpKind = (options: McpKindOptions): PluginKind & AsyncDisposable => {
  const { clock = systemClock, egress = {}, commands = new Map(), path = '' } = options
  const credentials = createPluginCredentials({ clock, egress })
  const http = new McpPool({ ...HTTP_POOL, ...options.pools?.http })
  const stdio = new McpPool({ ...STDIO_POOL, ...options.pools?.stdio })

  const targetOf = (api: McpApi, secrets: Readonly<Record<string, string>>): McpTarget => {
    const { url, command: name, auth } = api
    if (url !== null) return { kind: 'http', url, auth, secrets, credentials, egress }
    const command = commands.get(name ?? '')
    if (command === undefined) {
      throw errors.invalid(
        `Invalid 'api.command': this server has no command named '${name}'. Its operator lists them in MELZI_MCP_COMMANDS.`,
        'api.command',
        'invalid_value',
      )
    }
    return { kind: 'stdio', command, path }
  }

  const cleanerOf = (api: McpApi, secrets: Readonly<Record<string, string>>) =>
    secretHider(secrets, credentials.textsOf(api.auth, secrets))

  /** One call on a connection; says with it what was asked over the network. */
  const attempt = async (
    job: PluginJob,
    given: { target: McpTarget; pool: McpPool; key: PoolKey; signal: AbortSignal },
    usage: { http: HttpRecord[] },
    mayRenew: boolean,
  ): Promise<SandboxResult> => {
    const { target, pool, key, signal } = given
    const name = job.operation ?? ''
    const open = (stop: AbortSignal) => {
      const asked: HttpRecord[] = []
      return openConnection(target, stop, asked).catch((error: unknown) => {
        usage.http.push(...asked)
        throw error
      })
    }
    let renew = false
    try {
      return await pool.use(
        key,
        open,
        async (connection, isReused) => {
          if (!isReused) usage.http.push(...connection.openingHttp)
          const budget = new CallBudget({
            ...job.limits.http,
            messages: MESSAGES,
            parts: PARTS,
            timeoutMs: job.limits.wallMs,
          })
          try {
            const result = await connection.exchange(budget, signal, (client, request) =>
              client.callTool(
                { name, arguments: job.arguments },
                { ...request, ...definitionOf(job.document, name) },
              ),
            )
            return toResult(
              result,
              job.limits,
              cleanerOf(apiOf(job.manifest), job.secrets),
              noUsage(),
            )
          } catch (error) {
            const status = await statusOf(error)
            const isGone = connection.hasSession && status !== null && SESSION_GONE.has(status)
            if (isGone || budget.fault !== null) pool.forget(key, connection)
            // The request was refused before the tool ran, so asking again makes no call twice.
            renew = mayRenew && isReused && isGone
            throw error
          } finally {
            usage.http.push(...budget.http)
          }
        },
        signal,
      )
    } catch (error) {
      if (!renew) throw error
      return attempt(job, given, usage, false)
    }
  }

  return {
    functions: ({ manifest, document }) => {
      const api = apiOf(manifest)
      if (api.command !== null && api.auth.type !== 'none') {
        throw errors.invalid(
          "Invalid 'melzi.auth': a command has no login; what it needs stands in the operator's list of commands.",
          'melzi.auth',
          'invalid_value',
        )
      }
      return functionsOf(document)
    },

    describe: async ({ manifest, secrets }, _owner, signal) => {
      const api = apiOf(manifest)
      const target = targetOf(api, secrets)
      try {
        await using connection = await openConnection(target, signal, [])
        const budget = new CallBudget({ ...LISTING, timeoutMs: LISTING_MS })
        const both = AbortSignal.any([signal, AbortSignal.timeout(LISTING_MS)])
        return await connection.exchange(budget, both, (client, request) =>
          describeServer(connection, client, request, cleanerOf(api, secrets)),
        )
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw await importError(error, api, cleanerOf(api, secrets))
      }
    },

    call: async (job, signal) => {
      const started = performance.now()
      const usage = noUsage()
      const limit = AbortSignal.timeout(job.limits.wallMs)
      const ended = () => ({ ...usage, ms: Math.round(performance.now() - started) })
      try {
        const target = targetOf(apiOf(job.manifest), job.secrets)
        const pool = target.kind === 'http' ? http : stdio
        const both = AbortSignal.any([signal, limit])
        const given = { target, pool, key: keyOf(job, target), signal: both }
        const result = await attempt(job, given, usage, true)
        return { ...result, usage: ended() }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const seconds = job.limits.wallMs / 1000
        const { kind, message } = limit.aborted
          ? new McpFailure('timeout', `The MCP server did not answer within ${seconds} s.`)
          : await explainFailure(error)
        const text = cleanerOf(apiOf(job.manifest), job.secrets)(message)
        return kind === null
          ? { ...failedResult('crash', ''), output: text, error: null, usage: ended() }
          : { ...failedResult(kind, text), usage: ended() }
      }
    },

    [Symbol.asyncDispose]: async () => {
      await Promise.all([http[Symbol.asyncDispose](), stdio[Symbol.asyncDispose]()])
    },
  }
}

const apiOf = ({ api }: PluginManifest): McpApi => {
  if (api.kind === 'mcp') return api
  throw new Error(`a plugin of kind ${api.kind} came to the kind mcp`)
}

const noUsage = (): { ms: number; cpuMs: number; peakMiB: number; http: HttpRecord[] } => ({
  ms: 0,
  cpuMs: 0,
  peakMiB: 0,
  http: [],
})

/**
 * A session belongs to one caller, version and set of secrets, so that what a server keeps in it reaches nobody else. A program is one
 * for each owner and plugin.
 */
const keyOf = (job: PluginJob, target: McpTarget): PoolKey => {
  const owner = `${job.workspaceId}/${job.ownerId}`
  if (target.kind === 'stdio') {
    const command = JSON.stringify([target.command.command, target.command.args])
    return { text: `${owner}/${job.pluginId}/${command}`, owner }
  }
  const secrets = Object.entries(target.secrets).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const digest = createHash('sha256')
    .update(JSON.stringify([target.url, target.auth, secrets]))
    .digest('base64')
  return { text: `${owner}/${job.pluginId}@${job.version}/${job.callerId}/${digest}`, owner }
}

/** The newer protocol repeats some arguments as headers, which the tool's schema names. */
const definitionOf = (document: string | null, name: string) => {
  const tool = toolOf(document, name)
  if (tool === null) return {}
  const inputSchema = { ...tool.inputSchema, type: 'object' as const }
  return { toolDefinition: { name, inputSchema } }
}

const importError = async (
  error: unknown,
  api: McpApi,
  clean: (text: string) => string,
): Promise<AppError> => {
  if (error instanceof AppError && error.param !== null) return error
  const { message } = await explainFailure(error)
  return new AppError({
    status: 400,
    message: clean(message),
    param: api.url === null ? 'api.command' : 'api.url',
    code: 'invalid_value',
    cause: error,
  })
}
