import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

const FOLDER = join(import.meta.dirname, '../../../../panel/src')
/** Everything comes from this server, and nothing else is let in. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
] as const

/** The page a person sees who opens the server's address in a browser. */
export const homeRoutes = (app: FastifyInstance): void => {
  for (const [path, file, type] of FILES) {
    app.get(path, async (_request, reply) =>
      reply
        .headers({ 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' })
        .type(type)
        .send(await readFile(join(FOLDER, file))),
    )
  }
}
