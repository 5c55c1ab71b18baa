/** For tests: an API that notes what it is asked, a kind that may reach it, and plugins of documents. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import type { PluginJob, PluginKind } from '../plugin-kind.ts'
import { parsePluginFile, type JsonObject } from '../manifest.ts'
import type { Json, SandboxLimits, SandboxResult } from '../python/sandbox-driver.ts'
import { createOpenApiKind } from './openapi-kind.ts'
import type { ReadDocument } from './read-document.ts'

export interface Asked {
  method: string
  url: string
  headers: Record<string, string | string[] | undefined>
  body: string
}

export interface LocalApi extends AsyncDisposable {
  port: number
  asked: Asked[]
  /** Answers the next requests; `{}` as JSON unless it is set. */
  answer: (request: Asked, response: ServerResponse) => void | Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** A server on a port of its own that keeps every request it gets. */
export const startApi = async (): Promise<LocalApi> => {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method = '', url = '', headers } = request
      const one = { method, url, headers, body }
      asked.push(one)
      return api.answer(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const api: LocalApi = {
    port,
    asked,
    answer: (_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return api
}

/** A document of `fixtures/`, whose servers are made to be `http://HOST:PORT`, HOST unchanged. */
export const fixture = (name: string, port: number): string =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
    .replaceAll(/"host": "([a-z.]+\.example\.(?:com|tw))"/g, `"host": "$1:${port}"`)
    .replaceAll(/^host: ([a-z.]+)$/gm, `host: $1:${port}`)
    .replaceAll(/"schemes": \[[^\]]*\]/g, '"schemes": ["http"]')
    .replaceAll('schemes: [https]', 'schemes: [http]')
    .replaceAll(/https?:\/\/([a-z.{}]+\.example\.(?:com|tw)|\{host\})/g, `http://$1:${port}`)

/** Every name leads to this machine, and the ports named are opened as an operator would. */
export const kindFor = (
  ports: readonly number[],
  given: { now?: () => number; readDocument?: ReadDocument } = {},
): PluginKind =>
  createOpenApiKind({
    clock: { now: given.now ?? (() => 1_000_000) },
    reach: {
      internalHosts: ports.flatMap((port) => [
        `127.0.0.1:${port}`,
        ...['*.example.com', '*.example.tw', '*.test'].map((name) => `${name}:${port}`),
      ]),
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    },
    ...(given.readDocument === undefined ? {} : { readDocument: given.readDocument }),
  })

/** A plugin file of an OpenAPI document. */
export const pluginFile = (melzi: JsonObject, url: string | null = null): string =>
  JSON.stringify({
    id: 'api',
    api: { type: 'openapi', ...(url === null ? {} : { url }) },
    melzi,
  })

export const describePlugin = (
  kind: PluginKind,
  file: string,
  signal: AbortSignal = AbortSignal.timeout(60_000),
  owner = 'ws_1/person_1',
): Promise<string | null> =>
  kind.describe(
    { functionName: 'api', manifest: parsePluginFile(file), secrets: {} },
    owner,
    signal,
  )

/** A described plugin, ready to be called. */
export interface House {
  functions: ReturnType<PluginKind['functions']>
  call(
    operation: string | null,
    args?: JsonObject,
    more?: Partial<PluginJob>,
    signal?: AbortSignal,
  ): Promise<SandboxResult>
}

export const openHouse = async (kind: PluginKind, file: string): Promise<House> => {
  const manifest = parsePluginFile(file)
  const document = await describePlugin(kind, file)
  const text = { functionName: 'api', manifest, document }
  return {
    functions: kind.functions(text),
    call: (operation, args = {}, more = {}, signal = AbortSignal.timeout(60_000)) =>
      kind.call({ ...jobOf(operation, args), ...text, ...more }, signal),
  }
}

const jobOf = (operation: string | null, args: JsonObject) => ({
  workspaceId: 'ws_1',
  ownerId: 'person_1',
  callerId: 'person_2',
  pluginId: 'plug_1',
  version: 1,
  vectorStoreId: null,
  operation,
  arguments: args,
  customizedParams: null as Json,
  conversation: [],
  userCookie: 'cookie-of-caller',
  modelTokenLimit: null,
  secrets: {},
  files: [],
  answer: null,
  limits: LIMITS,
  defaultHosts: [],
})

/** Of the calls of a house. */
export const LIMITS: SandboxLimits = {
  wallMs: 10_000,
  waitMs: 1_000,
  cpuSeconds: 1,
  memoryMiB: 1,
  rssMiB: 1,
  stdoutBytes: 1,
  resultBytes: 262_144,
  rawBytes: 1,
  http: { requests: 20, upBytes: 100_000, downBytes: 2_000_000, timeoutMs: 5_000 },
  asks: 0,
  pictures: { count: 0, totalBytes: 0 },
}
