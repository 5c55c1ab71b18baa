/** A client of one MCP server: the official SDK on our own ways out, with nothing offered to the server in return. */
import type {
  Client,
  JSONRPCMessage,
  RequestOptions,
  Transport,
} from '@modelcontextprotocol/client'
import type { AuthEgress, PluginCredentials } from '../auth-headers.ts'
import type { PluginAuth } from '../plugin-auth.ts'
import { CallBudget, currentBudget, type HttpRecord } from './call-budget.ts'
import { createMcpFetch } from './mcp-fetch.ts'
import { McpFailure } from './mcp-failure.ts'
import { reduceMessage } from './reduce-message.ts'
import { StdioTransport, type StdioCommand } from './stdio-transport.ts'

/** Where a server is. */
export type McpTarget =
  | {
      kind: 'http'
      url: string
      auth: PluginAuth
      secrets: Readonly<Record<string, string>>
      credentials: PluginCredentials
      egress: AuthEgress
    }
  | { kind: 'stdio'; command: StdioCommand; path: string }

/** Of the opening: the handshake, and the look for the newer protocol before it. */
const OPENING = { requests: 8, upBytes: 65_536, downBytes: 1_000_000, messages: 100, parts: 5_000 }
const OPENING_MS = 10_000
/** So long a server over HTTP may think about which protocol it speaks. */
const PROBE_MS = 3_000
const STDIO_LIMITS = { bytes: 10_000_000, messages: 500, parts: 100_000 }
/** A program may have to be fetched before it first starts. */
const START_MS = 20_000
const CLOSE_MS = 2_000
/** The protocol without sessions, which a server may speak alone. */
const NEWEST = '2026-07-28'
const CLIENT_INFO = { name: 'melzi', version: '0.1.0' }
/** What a broken stream may be asked for again: `retry` of the server is not followed beyond. */
const RECONNECT = {
  initialReconnectionDelay: 300,
  maxReconnectionDelay: 2_000,
  reconnectionDelayGrowFactor: 2,
  maxRetries: 3,
}

type Sdk = typeof import('@modelcontextprotocol/client')

export class McpConnection implements AsyncDisposable {
  /** Requests of the opening. */
  readonly openingHttp: readonly HttpRecord[]
  readonly #client: Client
  readonly #transport: Transport
  readonly #stdio: StdioTransport | null
  #isClosed = false
  #onClosed: () => void = () => {}

  /** Made by {@link openConnection}. */
  constructor(made: {
    client: Client
    transport: Transport
    stdio: StdioTransport | null
    openingHttp: readonly HttpRecord[]
  }) {
    this.#client = made.client
    this.#transport = made.transport
    this.#stdio = made.stdio
    this.openingHttp = made.openingHttp
    made.client.onclose = () => {
      this.#isClosed = true
      this.#onClosed()
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Called when the connection ends without having been disposed of. */
  onClosed(heard: () => void): void {
    this.#onClosed = heard
  }

  /** Whether the server keeps a session for this connection, which it may forget. */
  get hasSession(): boolean {
    return this.#transport.sessionId !== undefined
  }

  get serverInfo(): { name: string; version: string; title?: string | undefined } | null {
    return this.#client.getServerVersion() ?? null
  }

  get protocol(): string | null {
    return this.#client.getNegotiatedProtocolVersion() ?? null
  }

  get instructions(): string | null {
    return this.#client.getInstructions() ?? null
  }

  /** Id of the program; null over HTTP. */
  get pid(): number | null {
    return this.#stdio?.pid ?? null
  }

  /**
   * Makes one exchange within a budget, which ends with it. The server is told of a cancellation.
   * @throws the fault of the budget; what `work` throws; the reason of `signal`
   */
  async exchange<T>(
    budget: CallBudget,
    signal: AbortSignal,
    work: (client: Client, options: RequestOptions) => Promise<T>,
  ): Promise<T> {
    try {
      return await runWithin(budget, signal, (both) =>
        work(this.#client, {
          signal: both,
          // The signal is what limits it: progress of the server neither shortens nor lengthens a call.
          timeout: 2 ** 31 - 1,
          onprogress: () => {},
        }),
      )
    } catch (error) {
      const fault = this.#stdio?.fault ?? null
      if (fault === null || signal.aborted) throw error
      throw new McpFailure('crash', `The program of the MCP server ${fault}.`, error)
    }
  }

  /** Ends the session, as far as the server listens, and closes. Never throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#onClosed = () => {}
    if (this.#isClosed) return
    this.#isClosed = true
    const limit = AbortSignal.timeout(CLOSE_MS)
    try {
      if ('terminateSession' in this.#transport)
        await orAbort((this.#transport as SessionTransport).terminateSession(), limit)
    } catch {
      // A server that is gone has no session to end.
    }
    await this.#client.close().catch(() => {})
  }
}

interface SessionTransport extends Transport {
  terminateSession(): Promise<void>
}

/**
 * Opens a connection and shakes hands, within {@link OPENING_MS} or {@link START_MS}.
 * @param http takes what was asked over the network, also when the opening fails
 * @throws what explainFailure of mcp-failure.ts explains; the reason of `signal`
 */
export const openConnection = async (
  target: McpTarget,
  signal: AbortSignal,
  http: HttpRecord[],
): Promise<McpConnection> => {
  const sdk = await import('@modelcontextprotocol/client')
  if (target.kind === 'http') {
    try {
      return await connect(sdk, target, signal, http, 'auto')
    } catch (error) {
      // Silence on the question for the newest protocol may be an older server's way to say no.
      if (!sdk.SdkError.isInstance(error) || error.code !== sdk.SdkErrorCode.RequestTimeout)
        throw error
      return await connect(sdk, target, signal, http, 'legacy')
    }
  }
  try {
    return await connect(sdk, target, signal, http, 'legacy')
  } catch (error) {
    // It runs and does not know the handshake: a server of the newer protocol alone.
    if (!sdk.ProtocolError.isInstance(error)) throw error
    return await connect(sdk, target, signal, http, { pin: NEWEST })
  }
}

const connect = async (
  sdk: Sdk,
  target: McpTarget,
  signal: AbortSignal,
  http: HttpRecord[],
  mode: 'auto' | 'legacy' | { pin: string },
): Promise<McpConnection> => {
  const client = new sdk.Client(CLIENT_INFO, {
    capabilities: {},
    versionNegotiation: { mode, ...(mode === 'auto' ? { probe: { timeoutMs: PROBE_MS } } : {}) },
    inputRequired: { autoFulfill: false },
    // Results are text for a model: a foreign schema is never compiled here.
    jsonSchemaValidator: {
      getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
    },
  })
  const timeout = target.kind === 'http' ? OPENING_MS : START_MS
  const stdio =
    target.kind === 'stdio'
      ? new StdioTransport({ ...target, limits: STDIO_LIMITS, parse: sdk.parseJSONRPCMessage })
      : null
  const transport = stdio ?? httpTransport(sdk, target as Extract<McpTarget, { kind: 'http' }>)
  // The SDK calls what was there before its own, with the message it goes on with.
  transport.onmessage = (message: JSONRPCMessage) => {
    currentBudget.getStore()?.countMessage()
    reduceMessage(message)
  }
  const budget = new CallBudget({ ...OPENING, timeoutMs: timeout })
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
    await runWithin(budget, either, (both) => client.connect(transport, { signal: both, timeout }))
  } catch (error) {
    const fault = stdio?.fault ?? null
    await client.close().catch(() => {})
    await transport.close().catch(() => {})
    if (signal.aborted) throw signal.reason
    if (fault !== null)
      throw new McpFailure('crash', `The program of the MCP server ${fault}.`, error)
    throw error
  } finally {
    http.push(...budget.http)
  }
  return new McpConnection({ client, transport, stdio, openingHttp: http })
}

const httpTransport = (sdk: Sdk, target: Extract<McpTarget, { kind: 'http' }>): Transport => {
  const { url, auth, secrets, credentials, egress } = target
  return new sdk.StreamableHTTPClientTransport(new URL(url), {
    fetch: createMcpFetch({
      url,
      egress,
      authorize: (signal) => credentials.partsOf(auth, secrets, signal),
      forget: () => credentials.forget(auth, secrets),
    }),
    reconnectionOptions: RECONNECT,
    reconnectionScheduler: (reconnect, delayMs) => {
      const timer = setTimeout(reconnect, Math.min(delayMs, RECONNECT.maxReconnectionDelay))
      timer.unref()
      return () => clearTimeout(timer)
    },
  })
}

const runWithin = async <T>(
  budget: CallBudget,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const both = AbortSignal.any([signal, budget.signal])
  try {
    return await currentBudget.run(budget, () => orAbort(work(both), both))
  } catch (error) {
    throw budget.fault ?? (signal.aborted ? signal.reason : error)
  } finally {
    budget.end()
  }
}

/** Rejects with the signal's reason as soon as it aborts, whatever becomes of the promise. */
export const orAbort = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
