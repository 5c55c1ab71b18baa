import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from './context.ts'
import { assistantRoutes } from './features/assistants/routes.ts'
import { auditRoutes } from './features/audit/routes.ts'
import { dataRightsRoutes } from './features/data-rights/routes.ts'
import { feedbackRoutes } from './features/feedback/routes.ts'
import {
  groupRoutes,
  invitationRoutes,
  memberRoutes,
  openPeopleRoutes,
} from './features/people/routes.ts'
import { fileRoutes } from './features/files/routes.ts'
import { healthRoutes } from './features/health/routes.ts'
import { homeRoutes } from './features/home/routes.ts'
import { signInRoutes } from './features/identity/routes.ts'
import { keyRoutes } from './features/keys/routes.ts'
import { shareKeyRoutes } from './features/keys/share-routes.ts'
import { messageRoutes } from './features/messages/routes.ts'
import { modelRoutes } from './features/models/routes.ts'
import { passthroughRoutes } from './features/passthrough/routes.ts'
import { pictureRoutes } from './features/pictures/routes.ts'
import { pluginApiRoutes } from './features/pluginapi/routes.ts'
import { assistantPluginRoutes } from './features/plugins/assistant-routes.ts'
import { pluginRoutes } from './features/plugins/routes.ts'
import { docsRoutes, openApiRoutes } from './features/reference/routes.ts'
import { shareLinkRoutes, sharingRoutes } from './features/sharing/routes.ts'
import { runRoutes } from './features/runs/routes.ts'
import { createRunStreams } from './features/runs/stream-routes.ts'
import { threadRoutes } from './features/threads/routes.ts'
import { usageRoutes } from './features/usage/routes.ts'
import { uploadRoutes } from './features/uploads/routes.ts'
import { vectorStoreRoutes } from './features/vector-stores/routes.ts'
import { webhookRoutes } from './features/webhooks/routes.ts'
import { authenticate, authenticateIfAny, limitRequests, onlyFor } from './http/auth.ts'
import { refuseUnreadQuery } from './http/no-query.ts'
import { checkSameOrigin } from './http/same-origin.ts'
import { createHttpServer } from './http/server.ts'
import { requireFull, requireMaker } from './platform/principal.ts'

/** Where the wire is mounted: as DaVinci serves it, where OpenAI did, and Azure's two forms (behaviour.md 15). */
const PREFIXES = ['/api/assts/v1', '/v1', '/openai', '/openai/v1'] as const

/** The server with all its routes, not yet listening. */
export const createApp = (context: Context): FastifyInstance => {
  const { config, log } = context
  const app = createHttpServer({
    log,
    bodyLimit: config.http.bodyLimitBytes,
    trustProxy: config.http.trustProxy,
  })
  healthRoutes(app, context)
  homeRoutes(app)
  const { reference } = context
  const referenceDeps = { reference, publicUrl: config.http.publicUrl }
  docsRoutes(app, referenceDeps)
  pictureRoutes(app, context.pictures)
  const { identity } = context.community
  void app.register(async (scope) => signInRoutes(scope, identity, config.http.publicUrl), {
    prefix: '/api/auth',
  })
  app.addHook('onListen', async () => {
    const address = app.server.address()
    if (typeof address === 'object' && address !== null) context.listensAt(address.port)
  })
  for (const prefix of PREFIXES) {
    void app.register(async (scope) => openApiRoutes(scope, referenceDeps), { prefix })
    void app.register(async (scope) => wireRoutes(scope, context), { prefix })
    void app.register(async (scope) => openRoutes(scope, context), { prefix })
  }
  return app
}

/** For people who are not signed in as well. */
const openRoutes = async (app: FastifyInstance, context: Context): Promise<void> => {
  const { identity, invitations, setup, sharing } = context.community
  const { sessions } = identity
  const { publicUrl } = context.config.http
  app.addHook('preValidation', refuseUnreadQuery)
  await app.register(async (scope) => {
    scope.addHook('onRequest', authenticateIfAny(context.keys.findPrincipal, sessions, publicUrl))
    shareLinkRoutes(scope, sharing.links)
  })
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (request) =>
      checkSameOrigin(request, publicUrl, sessions.hasCookie(request.headers.cookie)),
    )
    const signedIn = (request: FastifyRequest) => sessions.personOf(request.headers.cookie)
    openPeopleRoutes(scope, { invitations, setup, signedIn })
  })
}

/** What this server has beside the wire: people and what is theirs. */
const communityRoutes = (app: FastifyInstance, { community, clock }: Context): void => {
  const { auditReader, dataRights, feedback, groups, invitations, members, sharing } = community
  memberRoutes(app, members)
  groupRoutes(app, groups)
  invitationRoutes(app, { invitations, clock })
  sharingRoutes(app, sharing)
  feedbackRoutes(app, feedback)
  auditRoutes(app, auditReader)
  dataRightsRoutes(app, dataRights)
}

const wireRoutes = async (app: FastifyInstance, context: Context): Promise<void> => {
  const { assistants, events, files, messages, models, passthrough } = context
  const { pluginApi, runs, threads, uploads, vectorStores } = context
  const { publicUrl } = context.config.http
  app.addHook(
    'onRequest',
    authenticate(context.keys.findPrincipal, context.community.identity.sessions, publicUrl),
  )
  app.addHook('onRequest', limitRequests(context.allowances.take))
  app.addHook('preValidation', refuseUnreadQuery)
  const { rightWatch } = context
  const streams = createRunStreams({ events, messages, runs, rightWatch, findRun: runs.find })
  assistantRoutes(app, assistants)
  communityRoutes(app, context)
  threadRoutes(app, { threads, messages, runs })
  messageRoutes(app, messages)
  runRoutes(app, runs, streams)
  fileRoutes(app, files)
  uploadRoutes(app, uploads)
  await app.register(async (scope) => {
    scope.addHook('onRequest', onlyFor(requireMaker))
    vectorStoreRoutes(scope, vectorStores)
  })
  modelRoutes(app, models)
  await app.register(pluginApiRoutes(pluginApi))
  await app.register(async (scope) => {
    scope.addHook('onRequest', onlyFor(requireFull))
    keyRoutes(scope, context.keys)
    shareKeyRoutes(scope, context.keys, () => context.baseUrl())
    await scope.register(passthroughRoutes(passthrough))
    webhookRoutes(scope, context.webhooks)
    pluginRoutes(scope, context.pluginManagement, context.pluginTests, context.pluginCallLog)
  })
  assistantPluginRoutes(app, assistants, context.plugins)
  usageRoutes(app, {
    reports: context.community.usageReports,
    settings: context.community.limitSettings,
    getKey: context.keys.get,
  })
}
