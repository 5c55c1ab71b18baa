import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebhookEvent } from '@melzi/contract/webhook.ts'

/** A real HTTP server that webhooks are delivered to. */

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  /** As it came. */
  body: string
  event: WebhookEvent
  /** True once it was answered or left. */
  closed: boolean
}

/** Answers the nth delivery, from 0; an answer that is left open hangs. */
type Answer = (response: ServerResponse, nth: number, received: Received) => void

export const answering =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end('thank you')

export const startReceiver = async (first: Answer = answering(200)) => {
  let answer = first
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const event = WebhookEvent.parse(JSON.parse(body))
      const one: Received = {
        path: request.url ?? '',
        headers: request.headers,
        body,
        event,
        closed: false,
      }
      response.on('close', () => (one.closed = true))
      received.push(one)
      answer(response, received.length - 1, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    /** For the operator's list of internal hosts. */
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: (next: Answer) => (answer = next),
    /** Waits until so many have come, by default within 10 s. */
    until: async (count: number, timeoutMs = 10_000): Promise<Received[]> => {
      for (const end = Date.now() + timeoutMs; received.length < count; await sleep(10)) {
        assert.ok(Date.now() < end, `${received.length} of ${count} deliveries came`)
      }
      return received
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>
