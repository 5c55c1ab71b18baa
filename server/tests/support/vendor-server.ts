import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { createAiSdkModel } from '../../src/models/ai-sdk/ai-sdk-model.ts'
import type { VendorSettings } from '../../src/models/ai-sdk/settings.ts'
import type { LanguageModel, ModelPart, ModelRequest } from '../../src/models/language-model.ts'
import { startModelServer, type ModelServer } from './model-server.ts'

/** What a vendor's server answers: a stream in its wire form, or an error. */
export interface VendorAnswer {
  status?: number
  headers?: Record<string, string>
  body: string | Buffer
  /** Leaves the connection open after the body. */
  hangs?: boolean
}

export interface VendorServer extends ModelServer {
  readonly model: LanguageModel
  /** Answers to come, one for each request; the last stays. */
  answers: VendorAnswer[]
  /** Asks with the plainest request, changed. */
  ask(changes?: Partial<ModelRequest>, signal?: AbortSignal): Promise<ModelPart[]>
}

const PLAIN: ModelRequest = {
  model: 'any',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
  functions: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  temperature: 1,
  topP: 1,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens: null,
}

/** @param path of the base URL, where the vendor's has one */
export const startVendorServer = async (
  settings: Partial<VendorSettings> & Pick<VendorSettings, 'provider' | 'upstreamModel'>,
  path: string,
): Promise<VendorServer> => {
  const answers: VendorAnswer[] = []
  const server = await startModelServer((_request, response) => {
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500, body: '' }
    const type = typeof answer.body === 'string' ? 'text/event-stream' : EVENT_STREAM
    response.writeHead(answer.status ?? 200, {
      'content-type': answer.status === undefined ? type : 'application/json',
      ...answer.headers,
    })
    response.write(answer.body)
    if (answer.hangs !== true) response.end()
  })
  const model = createAiSdkModel(
    {
      name: 'ours',
      baseUrl: server.origin + path,
      apiKey: 'vendor-key-1234567890',
      apiVersion: null,
      aws: null,
      images: 'url',
      contextTokens: 1000,
      timeouts: { connectMs: 2000, headersMs: 2000, idleMs: 2000 },
      retries: { count: 2, baseMs: 1, maxWaitMs: 1000 },
      ...settings,
    },
    { fetchImage: async () => 'data:image/png;base64,aW1n' },
  )
  return {
    ...server,
    model,
    answers,
    ask: async (changes = {}, signal = new AbortController().signal) => {
      const parts: ModelPart[] = []
      for await (const part of model.stream({ ...PLAIN, ...changes }, signal)) parts.push(part)
      return parts
    },
  }
}

/** The text of `server/src/models/ai-sdk/fixtures/NAME.txt`. */
export const fixture = (name: string): VendorAnswer => ({
  body: readFileSync(
    new URL(`../../src/models/ai-sdk/fixtures/${name}.txt`, import.meta.url),
    'utf8',
  ),
})

export const textOf = (parts: readonly ModelPart[]): string =>
  parts.map((part) => (part.type === 'text' ? part.delta : '')).join('')

/** Calls by name with their arguments, joined; ids apart. */
export const callsOf = (parts: readonly ModelPart[]) => {
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const part of parts) {
    if (part.type === 'tool-call') calls.push({ id: part.id, name: part.name, arguments: '' })
    const call = part.type === 'tool-arguments' ? calls[part.index] : undefined
    if (call !== undefined && part.type === 'tool-arguments') call.arguments += part.delta
  }
  return calls
}

const EVENT_STREAM = 'application/vnd.amazon.eventstream'

/** One message of AWS's event stream encoding: lengths, headers, payload, two checksums. */
const awsMessage = (headers: Record<string, string>, payload: unknown): Buffer => {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(Buffer.byteLength(value))
      const type = Buffer.from([7])
      return Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        type,
        length,
        Buffer.from(value),
      ])
    }),
  )
  const body = Buffer.from(JSON.stringify(payload))
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + head.length + body.length, 0)
  prelude.writeUInt32BE(head.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const whole = Buffer.concat([prelude, head, body])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(whole))
  return Buffer.concat([whole, sum])
}

/** Bedrock's ConverseStream events, each with its name. */
export const converseStream = (events: readonly (readonly [string, unknown])[]): VendorAnswer => ({
  body: Buffer.concat(
    events.map(([name, payload]) =>
      awsMessage(
        name.endsWith('Exception')
          ? {
              ':exception-type': name,
              ':content-type': 'application/json',
              ':message-type': 'exception',
            }
          : { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' },
        payload,
      ),
    ),
  ),
})
