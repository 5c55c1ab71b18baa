/** A server that knows only the reference: it answers each operation with something of the right kind, and keeps what was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Operation } from '@melzi/contract/reference/operation.ts'

export interface Recorded {
  method: string
  /** After the operation's base, with its query. */
  path: string
  key: string
  type: string
  body: Buffer
}

export interface SnippetRecorder extends AsyncDisposable {
  /** Where the operation of this id is asked for; below it stand both the base and what is outside of it. */
  origin(id: string): string
  /** What came for an operation, in order. */
  requests(id: string): Recorded[]
}

const EVENTS = 'event: thread.run.completed\ndata: {"id": "run_1"}\n\nevent: done\ndata: [DONE]\n\n'

/** @param operations those whose snippets are to be tried */
export const startSnippetRecorder = async (
  operations: readonly Operation[],
): Promise<SnippetRecorder> => {
  const byId = new Map(operations.map((operation) => [operation.id, operation]))
  const kept = new Map<string, Recorded[]>()

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, id = '', path = ''] = /^\/(\w+)(\/.*)$/.exec(request.url ?? '') ?? []
    const body = await buffer(request)
    const { authorization = '', 'content-type': type = '' } = request.headers
    const recorded = { method: request.method ?? '', path, key: authorization, type, body }
    kept.set(id, [...(kept.get(id) ?? []), recorded])
    const types = Object.keys(byId.get(id)?.reply ?? {})
    const streams = types.length === 1 || body.includes('"stream"')
    if (types.includes('text/event-stream') && streams)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(EVENTS)
    else if (types.includes('application/json'))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data": []}')
    else response.writeHead(200, { 'content-type': types[0] ?? '' }).end('bytes')
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: (id) => `http://127.0.0.1:${port}/${id}`,
    requests: (id) => kept.get(id) ?? [],
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
