import type { FastifyInstance } from 'fastify'
import type { ModelRegistry } from '../../models/language-model.ts'
import { errors } from '../../platform/errors.ts'

/** `GET /models`: what this server's models are called (behaviour.md 14). */
export const modelRoutes = (app: FastifyInstance, models: ModelRegistry): void => {
  const present = (model: ReturnType<ModelRegistry['list']>[number]) => ({
    id: model.id,
    object: 'model' as const,
    created: model.created,
    owned_by: model.ownedBy,
  })

  app.get('/models', async () => ({ object: 'list' as const, data: models.list().map(present) }))

  app.get<{ Params: { '*': string } }>('/models/*', async (request) => {
    const id = request.params['*']
    const model = models.list().find((one) => one.id === id)
    if (model === undefined) throw errors.noSuchModel(id)
    return present(model)
  })
}
