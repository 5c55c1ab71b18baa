import type { FastifyInstance } from 'fastify'
import type { HealthDeps } from './service.ts'
import { readiness } from './service.ts'

/** `/healthz`: the process answers. `/readyz`: what it stands on, each with its state. Both are open and name no secret. */
export const healthRoutes = (app: FastifyInstance, deps: HealthDeps): void => {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const state = await readiness(deps)
    return reply.code(state.ready ? 200 : 503).send(state)
  })
}
