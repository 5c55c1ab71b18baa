import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Counts what plugins do: each execution of the plugin asks for its token once. */
export interface Counter extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string
  /** Executions by token. */
  readonly counts: ReadonlyMap<string, number>
  /** A plugin file whose plugin asks the model, reports its token here and prints it. */
  pluginFile(): object
}

export const startCounter = async (): Promise<Counter> => {
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    const token = new URL(request.url ?? '/', 'http://counter').searchParams.get('token') ?? ''
    counts.set(token, (counts.get(token) ?? 0) + 1)
    response.end('counted')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    counts,
    pluginFile: () => ({
      id: 'counted',
      schema_version: 'v1',
      name_for_human: 'Counted',
      name_for_model: 'counted',
      description_for_model: 'Counts its executions.',
      api: {
        type: 'python',
        python: {
          source: `from pyodide.http import pyfetch\nawait chat(conversation=[{'role': 'user', 'content': 'inner ' + ARGUMENTS['token']}])\nreply = await pyfetch('http://${host}/?token=' + ARGUMENTS['token'])\nawait reply.string()\nprint('counted ' + ARGUMENTS['token'])\n`,
        },
      },
      melzi: {
        parameters: {
          type: 'object',
          properties: { token: { type: 'string' } },
          required: ['token'],
        },
        network: ['127.0.0.1'],
      },
    }),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
