import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readsQuery } from '../../http/no-query.ts'
import type { ReferenceService, ReferenceText } from './service.ts'
import { chooseLocale } from './words.ts'

const FOLDER = join(import.meta.dirname, '../../../../panel/src')
/** Everything comes from this server, nothing else is let in, and the page asks for nothing. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // asked again each time, and answered with 304 while it is the same
  'cache-control': 'private, no-cache',
}

const FILES = [
  ['/docs.css', 'docs.css', 'text/css; charset=utf-8'],
  ['/docs.js', 'docs.js', 'text/javascript; charset=utf-8'],
] as const

export interface ReferenceRouteDeps {
  reference: ReferenceService
  /** Where clients reach the server, when the operator said so; else it is where the request came to. */
  publicUrl: string | null
}

const originOf = (request: FastifyRequest, publicUrl: string | null): string =>
  publicUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`

const send = (
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  { text, etag }: ReferenceText,
): FastifyReply => {
  void reply.headers(HEADERS).header('etag', etag)
  const known = request.headers['if-none-match']?.split(',').some((tag) => tag.trim() === etag)
  return known === true ? reply.code(304).send() : reply.type(type).send(text)
}

/** `/docs`: the API reference as a page. */
export const docsRoutes = (app: FastifyInstance, deps: ReferenceRouteDeps): void => {
  app.get<{ Querystring: { lang?: unknown } }>('/docs', async (request, reply) => {
    const [path = '', query] = request.url.split('?')
    // the page's own links are relative, so that it may stand below any path
    if (path.endsWith('/'))
      return reply.redirect(`../docs${query === undefined ? '' : `?${query}`}`)
    const locale = chooseLocale(request.query.lang, request.headers['accept-language'])
    const page = await deps.reference.page(originOf(request, deps.publicUrl), locale)
    void reply.header('vary', 'origin, accept-language')
    return send(request, reply, 'text/html; charset=utf-8', page)
  })

  for (const [path, file, type] of FILES)
    app.get(path, async (_request, reply) =>
      reply
        .headers(HEADERS)
        .type(type)
        .send(await readFile(join(FOLDER, file))),
    )
}

/** `openapi.json` of the prefix it is registered under; open to all. */
export const openApiRoutes = (app: FastifyInstance, deps: ReferenceRouteDeps): void => {
  app.get('/openapi.json', readsQuery, async (request, reply) => {
    const origin = originOf(request, deps.publicUrl)
    const document = await deps.reference.document(origin, app.prefix)
    return send(request, reply, 'application/json; charset=utf-8', document)
  })
}
