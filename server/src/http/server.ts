import type { IncomingMessage } from 'node:http'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { errors } from '../platform/errors.ts'
import type { Logger } from '../platform/log.ts'
import { addPrincipal } from './auth.ts'
import { answerClientError } from './client-error.ts'
import { answerPreflight, setCors } from './cors.ts'
import { createErrorHandler, createNotFoundHandler } from './error-handler.ts'
import { addJsonBody } from './json-body.ts'
import { newRequestId, setProcessingTime, setRequestId } from './request-id.ts'
import { noteRoutes } from './route-table.ts'

export interface HttpServerOptions {
  log: Logger
  /** Bytes of a JSON body. */
  bodyLimit: number
  /** Whose `x-forwarded-*` is believed, as Fastify takes it: a yes or no, or addresses. */
  trustProxy?: boolean | string | string[]
}

/** Longer than the idle limit of common load balancers (60 s), so that it is never this side that closes first. */
const KEEP_ALIVE_MS = 72_000
/** Longer than any address node lets through: a silly id is not found, like any other. */
const MAX_PARAM = 65_536
/** A client must have sent its whole request by then: a large file takes its time on a slow line. */
const REQUEST_MS = 3_600_000
/** What is no form, and so no file, must be there sooner. */
const BODY_MS = 300_000

/**
 * The server without any route: ids, CORS, JSON bodies, errors in the wire's envelope. Routes are registered on it afterwards.
 * While it closes, what still arrives on open connections gets 503 and `connection: close`.
 */
export const createHttpServer = (options: HttpServerOptions): FastifyInstance => {
  const { log, bodyLimit } = options
  const onError = createErrorHandler(bodyLimit)
  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    // our own line below is shorter and holds no address; `requestId` is on every line of a request's log
    logController: new Fastify.LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    trustProxy: options.trustProxy ?? false,
    bodyLimit,
    genReqId: newRequestId,
    requestIdHeader: false,
    clientErrorHandler: answerClientError,
    // a request without it is answered like any other
    http: { requireHostHeader: false },
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // ours below says the same in the envelope
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: true, maxParamLength: MAX_PARAM },
    // a path that cannot be decoded never reaches a hook
    frameworkErrors: (error, request, reply) => {
      setRequestId(request, reply)
      setCors(request, reply)
      closeAfterUpgrade(request, reply)
      onError(error, request, reply)
    },
  })
  // an expectation this server knows nothing of is not met, and the request answered like any other
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  )
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', async (request, reply) => {
    setRequestId(request, reply)
    setCors(request, reply)
    closeAfterUpgrade(request, reply)
    limitTime(request.raw)
    if (answerPreflight(request, reply)) return reply
    if (closing) {
      reply.header('connection', 'close')
      throw errors.unavailable('The server is stopping.', 1)
    }
    return undefined
  })
  app.addHook('onSend', async (_request, reply) => setProcessingTime(reply))
  app.addHook('onResponse', async (request, reply) => {
    // the route, not the address: a query may hold what people wrote
    const route = request.routeOptions.url ?? 'none'
    const ms = Math.round(reply.elapsedTime)
    log.info({ method: request.method, route, status: reply.raw.statusCode, ms }, 'request')
  })
  addPrincipal(app)
  addJsonBody(app)
  app.setErrorHandler(onError)
  app.setNotFoundHandler(createNotFoundHandler(noteRoutes(app)))
  return app
}

/** After a request to upgrade, which is answered like any other, Node 24 no longer says what is wrong with what comes next: it would hang. */
const closeAfterUpgrade = (request: FastifyRequest, reply: FastifyReply): void => {
  if (request.headers.upgrade !== undefined) reply.header('connection', 'close')
}

const limitTime = (request: IncomingMessage): void => {
  const { headers } = request
  const length = headers['content-length'] ?? '0'
  if (length === '0' && headers['transfer-encoding'] === undefined) return
  if (/^multipart\//i.test(headers['content-type'] ?? '')) return
  const timer = setTimeout(() => request.destroy(), BODY_MS)
  const stop = (): void => clearTimeout(timer)
  request.once('end', stop).once('close', stop)
}
