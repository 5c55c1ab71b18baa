import { RevokeSessionRequest } from '@melzi/contract/sign-in.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkSameOrigin } from '../../http/same-origin.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { errors } from '../../platform/errors.ts'
import { ENDPOINTS } from './endpoints.ts'
import { presentSession } from './present.ts'
import type { Identity } from './service.ts'

/** What of a request signing in looks at. */
const senderOf = (request: FastifyRequest) => ({
  cookies: request.headers.cookie,
  address: request.ip,
  userAgent: request.headers['user-agent'],
})

/** Signing in, below /api/auth: the library's endpoints that are wanted, and the sessions of whoever is signed in. */
export const signInRoutes = (
  app: FastifyInstance,
  identity: Identity,
  publicUrl: string | null,
): void => {
  const { sessions, signIn, provider } = identity
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    checkSameOrigin(request, publicUrl, sessions.hasCookie(request.headers.cookie))
  })

  for (const endpoint of ENDPOINTS) {
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      handler: async (request, reply) => {
        const body = endpoint.body === undefined ? {} : parseBody(endpoint.body, request.body)
        const query = endpoint.query === undefined ? {} : parseQuery(endpoint.query, request.query)
        const answer = await signIn.ask({ endpoint, body, query, ...senderOf(request) })
        reply.code(answer.status).header('set-cookie', answer.cookies)
        if (answer.location !== null) return reply.redirect(answer.location, answer.status)
        return reply.send(answer.body)
      },
    })
  }

  const signedIn = async (request: FastifyRequest) => {
    const found = await sessions.list(request.headers.cookie)
    if (found === null) throw errors.notSignedIn()
    return found
  }

  app.get('/providers', async () => ({ providers: provider === null ? [] : [provider] }))

  app.get('/list-sessions', async (request) => {
    const { all, current } = await signedIn(request)
    return all.map((session) => presentSession(session, current))
  })

  app.post('/revoke-session', async (request) => {
    const { id } = parseBody(RevokeSessionRequest, request.body)
    const { current } = await signedIn(request)
    if (!(await sessions.end(current, id, request.ip))) throw errors.notFound('session', id)
    return { status: true }
  })

  app.post('/revoke-other-sessions', async (request) => {
    const { current } = await signedIn(request)
    await sessions.endOthers(current, request.ip)
    return { status: true }
  })
}
