import type { FastifyInstance } from 'fastify'
import type { Context } from './context.ts'
import { assistantRoutes } from './features/assistants/routes.ts'
import { fileRoutes } from './features/files/routes.ts'
import { healthRoutes } from './features/health/routes.ts'
import { homeRoutes } from './features/home/routes.ts'
import { messageRoutes } from './features/messages/routes.ts'
import { modelRoutes } from './features/models/routes.ts'
import { passthroughRoutes } from './features/passthrough/routes.ts'
import { pictureRoutes } from './features/pictures/routes.ts'
import { pluginApiRoutes } from './features/pluginapi/routes.ts'
import { assistantPluginRoutes } from './features/plugins/assistant-routes.ts'
import { pluginRoutes } from './features/plugins/routes.ts'
import { docsRoutes, openApiRoutes } from './features/reference/routes.ts'
import { runRoutes } from './features/runs/routes.ts'
import { createRunStreams } from './features/runs/stream-routes.ts'
import { threadRoutes } from './features/threads/routes.ts'
import { uploadRoutes } from './features/uploads/routes.ts'
import { vectorStoreRoutes } from './features/vector-stores/routes.ts'
import { webhookRoutes } from './features/webhooks/routes.ts'
import { authenticate, onlyFor } from './http/auth.ts'
import { refuseUnreadQuery } from './http/no-query.ts'
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
  app.addHook('onListen', async () => {
    const address = app.server.address()
    if (typeof address === 'object' && address !== null) context.listensAt(address.port)
  })
  for (const prefix of PREFIXES) {
    void app.register(async (scope) => openApiRoutes(scope, referenceDeps), { prefix })
    void app.register(async (scope) => wireRoutes(scope, context), { prefix })
  }
  return app
}

const wireRoutes = async (app: FastifyInstance, context: Context): Promise<void> => {
  const { assistants, events, files, messages, models, passthrough } = context
  const { pluginApi, runs, threads, uploads, vectorStores } = context
  app.addHook('onRequest', authenticate(context.keys.findPrincipal))
  app.addHook('preValidation', refuseUnreadQuery)
  const streams = createRunStreams({ events, messages, runs, findRun: runs.find })
  assistantRoutes(app, assistants)
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
    await scope.register(passthroughRoutes(passthrough))
    webhookRoutes(scope, context.webhooks)
    pluginRoutes(scope, context.pluginManagement, context.pluginTests, context.pluginCallLog)
  })
  assistantPluginRoutes(app, assistants, context.plugins)
}
