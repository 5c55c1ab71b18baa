/** A model server for whatever a test lets it answer, and that keeps what it was asked; for wires the scripted model does not speak. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ServerRequest {
  method: string
  /** Path with its query. */
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** Resolves when the answer is over; true when the client closed the connection before it was whole. */
  cut: Promise<boolean>
}

export interface ModelServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  readonly requests: ServerRequest[]
  /** The last request's JSON body. */
  lastJson(): Record<string, unknown>
}

/** @param answer gives the answer to one request; what it throws becomes a 500 that names it */
export const startModelServer = async (
  answer: (request: ServerRequest, response: ServerResponse) => void | Promise<void>,
): Promise<ModelServer> => {
  const requests: ServerRequest[] = []
  const server = createServer((incoming, response) => {
    const serve = async () => {
      const pieces: Buffer[] = []
      for await (const piece of incoming) pieces.push(piece as Buffer)
      const { promise: cut, resolve } = Promise.withResolvers<boolean>()
      response.once('close', () => resolve(!response.writableFinished))
      const { method = '', url: path = '', headers } = incoming
      const request = { method, path, headers, body: Buffer.concat(pieces), cut }
      requests.push(request)
      await answer(request, response)
    }
    serve().catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end(String(error))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    lastJson: () => JSON.parse(requests.at(-1)?.body.toString() ?? '') as Record<string, unknown>,
    [Symbol.asyncDispose]: async () => {
      const done = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await done
    },
  }
}

/** Answers JSON. */
export const sendJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
