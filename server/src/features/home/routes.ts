import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

const FOLDER = join(import.meta.dirname, '../../../../panel/src')
/** Everything comes from this server, and nothing else is let in. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  // the addresses of doors hold secrets
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

const HTML = 'text/html; charset=utf-8'
const CSS = 'text/css; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'

const FILES = [
  ['/', 'index.html', HTML],
  ['/page.css', 'page.css', CSS],
  ['/page.js', 'page.js', SCRIPT],
  ['/setup', 'door.html', HTML],
  ['/invitation', 'door.html', HTML],
  ['/sign-in', 'door.html', HTML],
  ['/reset-password', 'door.html', HTML],
  ['/share', 'door.html', HTML],
  ['/door.css', 'door.css', CSS],
  ['/door.js', 'door.js', SCRIPT],
  ['/door-page.js', 'door-page.js', SCRIPT],
  ['/door-words.js', 'door-words.js', SCRIPT],
] as const

/** The pages a person sees who opens the server's address, or a link that leads in, in a browser. */
export const homeRoutes = (app: FastifyInstance): void => {
  for (const [path, file, type] of FILES) {
    app.get(path, async (_request, reply) =>
      reply
        .headers(HEADERS)
        .type(type)
        .send(await readFile(join(FOLDER, file))),
    )
  }
}
