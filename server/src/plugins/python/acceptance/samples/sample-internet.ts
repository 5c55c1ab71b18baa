/** The internet of the sample plugins: one server on loopback that answers for every host they name, as those services would. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EgressSettings } from '../../egress-broker.ts'
import { EXAMPLE_HOSTS } from './hosts-of-examples.ts'
import { createSampleHosts } from './hosts-of-samples.ts'

export interface FakeRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

export interface FakeReply {
  /** 200 when left out. */
  status?: number
  headers?: Record<string, string>
  /** Text and bytes as they are, anything else as JSON. */
  body?: unknown
  /** Before the first byte. */
  delayMs?: number
}

/** What one host answers; null is a 404. */
export type FakeHost = (request: FakeRequest) => FakeReply | null

export class SampleInternet implements AsyncDisposable {
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy())
  })
  readonly #hosts: Record<string, FakeHost> = { ...EXAMPLE_HOSTS, ...createSampleHosts() }
  #port = 0

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  get egress(): EgressSettings {
    return {
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      internalHosts: Object.keys(this.#hosts).map((host) => `${host}:${this.#port}`),
    }
  }

  /** Addresses of the hosts as they are reached here; everything else of the text stays. */
  toLocal(text: string): string {
    return Object.keys(this.#hosts).reduce(
      (done, host) => done.replaceAll(`https://${host}/`, `http://${host}:${this.#port}/`),
      text,
    )
  }

  /** The other way round. */
  toPublic(text: string): string {
    return text.replaceAll(new RegExp(`http://([a-z.-]+):${this.#port}`, 'g'), 'https://$1')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host = '' } = request.headers
    const url = new URL(request.url ?? '/', `http://${host}`)
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const reply = this.#hosts[url.hostname]?.({
      method: request.method ?? '',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    }) ?? { status: 404, body: { error: 'not found' } }
    const { status = 200, headers = {}, body = '', delayMs = 0 } = reply
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false })
    if (typeof body === 'string' || body instanceof Uint8Array)
      return void response
        .writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers })
        .end(body)
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(this.toLocal(JSON.stringify(body)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((done) => this.#server.close(() => done()))
  }
}
