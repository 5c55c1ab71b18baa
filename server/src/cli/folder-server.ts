import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readPluginFolder, readSource } from './plugin-folder.ts'

export interface FolderServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string
}

/** A page of another origin may read, also one that came from the public internet: that is what this server is started for. */
const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-private-network': 'true',
  'access-control-allow-methods': 'GET, OPTIONS',
  'cache-control': 'no-store',
}

/**
 * Serves a plugin's folder to this machine: `/plugin.json` with the source in it, and `/source.py`, as they are at that moment. So a
 * plugin that is developed in a browser can fetch its source anew at each call.
 * @param port 0 takes a free one
 * @throws Error for a port that cannot be used
 */
export const serveFolder = async (folder: string, port: string): Promise<FolderServer> => {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`--port takes a number from 0 to 65535, not '${port}'.`)
  const pages: Record<string, { type: string; read: () => Promise<string> }> = {
    '/plugin.json': {
      type: 'application/json',
      read: async () => (await readPluginFolder(folder)).text,
    },
    '/source.py': { type: 'text/x-python; charset=utf-8', read: () => readSource(folder) },
  }
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url ?? '/', 'http://localhost').pathname]
    if (request.method === 'OPTIONS') {
      response.writeHead(204, HEADERS).end()
      return
    }
    if (page === undefined || request.method !== 'GET') {
      response.writeHead(404, HEADERS).end('There are /plugin.json and /source.py.\n')
      return
    }
    page.read().then(
      (text) => response.writeHead(200, { ...HEADERS, 'content-type': page.type }).end(text),
      (error: Error) => response.writeHead(500, HEADERS).end(`${error.message}\n`),
    )
  })
  server.listen(Number(port), '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new Error(`--port ${port} cannot be used: ${(cause as Error).message}`, { cause })
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
