/** MCP servers to test against: two real ones of third parties, and one whose answers the test decides. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createSocketServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pythonClient } from '../../../scripts/python-clients.ts'

const START_TIMEOUT_MS = 30_000

/** The protocol's reference server for clients, an npm package: arguments for `node`. */
export const EVERYTHING = path.join(
  import.meta.dirname,
  '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
)
/** A server on the protocol's Python SDK. */
export const PYTHON_TOOLS = path.join(import.meta.dirname, 'python/mcp_tools.py')

export interface McpServer extends AsyncDisposable {
  /** Its address for MCP. */
  readonly url: string
  /** `127.0.0.1:PORT` */
  readonly host: string
}

/**
 * The reference server over streamable HTTP: the protocol of 2025, sessions, answers as server-sent events.
 * @param port a free one unless told
 */
export const startEverything = async (port?: number): Promise<McpServer> => {
  const taken = port ?? (await freePort())
  const env = { PORT: String(taken) }
  return startProgram(process.execPath, [EVERYTHING, 'streamableHttp'], taken, env)
}

/** The Python server over streamable HTTP: the newest protocol, which has no sessions. @param flags `json`, `stateless` */
export const startPythonTools = async (...flags: string[]): Promise<McpServer> => {
  const port = await freePort()
  return startProgram(pythonClient('mcp-2'), [PYTHON_TOOLS, String(port), ...flags], port, {})
}

const startProgram = async (
  program: string,
  args: readonly string[],
  port: number,
  env: Record<string, string>,
): Promise<McpServer> => {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-10_000)))
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  const host = `127.0.0.1:${port}`
  const url = `http://${host}/mcp`
  for (const until = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    // Any answer will do: it listens.
    const answers = await fetch(url, { method: 'POST' }).then(
      (reply) => reply.body?.cancel().then(() => true),
      () => false,
    )
    if (answers) return { url, host, [Symbol.asyncDispose]: stop }
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`the MCP server did not start:\n${said}`)
    }
  }
}

const freePort = async (): Promise<number> => {
  const server = createSocketServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

/** A JSON-RPC message as it came, with the exchange it came in. */
export interface Asked {
  method: string
  /** Undefined for notifications. */
  id: string | number | undefined
  params: Record<string, unknown>
  /** The whole message. */
  message: Record<string, unknown>
  headers: IncomingHttpHeaders
  request: IncomingMessage
  response: ServerResponse
  /** Answers with a JSON result, and these headers. */
  result: (value: unknown, headers?: Record<string, string>) => void
  /** Begins server-sent events. */
  events: (headers?: Record<string, string>) => void
  /** Sends one message as an event. */
  event: (message: object, id?: string) => void
}

export interface ScriptedMcp extends McpServer {
  /** What came so far: the JSON-RPC method, or the HTTP method where there is no message. */
  readonly asked: { method: string; headers: IncomingHttpHeaders; message: unknown; url: string }[]
  /** Connections open now. */
  readonly open: number
  /** Waits until no connection is open; throws after five seconds. */
  allClosed(): Promise<void>
}

export const TOOL = {
  name: 't',
  description: 'A tool.',
  inputSchema: { type: 'object', properties: { x: { type: 'string' } } },
}

/** What the protocol of 2025 begins with; for a server that speaks it without sessions. */
export const HELLO = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'scripted', version: '1' },
}

/**
 * A server whose every answer the test may decide.
 * @param answer says whether it has answered; else the usual answer is given: the handshake of 2025 without a session, and one tool `t`
 */
export const startScriptedMcp = async (
  answer: (asked: Asked) => boolean | Promise<boolean>,
): Promise<ScriptedMcp> => {
  const asked: ScriptedMcp['asked'] = []
  const server = createServer((request, response) => {
    response.on('error', () => {})
    void handle(request, response, answer, asked).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  let open = 0
  server.on('connection', (socket) => {
    open += 1
    socket.on('error', () => {}).on('close', () => (open -= 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    host,
    url: `http://${host}/mcp`,
    get open() {
      return open
    },
    allClosed: async () => {
      const until = Date.now() + 5_000
      while (open > 0) {
        if (Date.now() > until) throw new Error(`${open} connections are still open`)
        await sleep(10)
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const handle = async (
  request: IncomingMessage,
  response: ServerResponse,
  answer: (asked: Asked) => boolean | Promise<boolean>,
  log: ScriptedMcp['asked'],
): Promise<void> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks).toString()
  const message = (body.startsWith('{') ? JSON.parse(body) : {}) as Record<string, unknown>
  const method = typeof message['method'] === 'string' ? message['method'] : (request.method ?? '')
  log.push({ method, headers: request.headers, message, url: request.url ?? '' })
  const id = message['id'] as string | number | undefined
  const one: Asked = {
    method,
    id,
    message,
    params: (message['params'] ?? {}) as Record<string, unknown>,
    headers: request.headers,
    request,
    response,
    result: (result, headers = {}) => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    },
    events: (headers = {}) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
      response.flushHeaders()
    },
    event: (event, eventId) => {
      const head = eventId === undefined ? '' : `id: ${eventId}\n`
      response.write(`${head}data: ${JSON.stringify({ jsonrpc: '2.0', ...event })}\n\n`)
    },
  }
  if (await answer(one)) return
  if (method === 'initialize') one.result(HELLO)
  else if (method === 'tools/list') one.result({ tools: [TOOL] })
  else if (method === 'tools/call') one.result({ content: [{ type: 'text', text: 'ok' }] })
  else if (method.startsWith('notifications/')) response.writeHead(202).end()
  else response.writeHead(400).end()
}
