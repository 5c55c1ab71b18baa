import {
  ErasePersonRequest,
  ModifyRetentionRequest,
  type ErasedPerson,
  type RetentionObject,
} from '@melzi/contract/data-rights.ts'
import type { FastifyInstance } from 'fastify'
import { parseBody } from '../../http/validate.ts'
import type { DataRights, Retention } from './service.ts'

interface PersonParams {
  person_id: string
}

const presentRetention = ({ threadsDays, pluginCallsDays }: Retention): RetentionObject => ({
  object: 'retention',
  threads_days: threadsDays,
  plugin_calls_days: pluginCallsDays,
})

export const dataRightsRoutes = (app: FastifyInstance, rights: DataRights): void => {
  app.get<{ Params: PersonParams }>('/people/:person_id/export', async (request, reply) => {
    const { person_id: id } = request.params
    const archive = await rights.export(request.principal, id)
    return reply
      .type('application/zip')
      .header('content-disposition', `attachment; filename="${id}.zip"`)
      .send(archive)
  })

  app.post<{ Params: PersonParams }>(
    '/people/:person_id/erase',
    async (request): Promise<ErasedPerson> => {
      const { confirm, assistants_to: assistantsTo } = parseBody(ErasePersonRequest, request.body)
      const { person_id: id } = request.params
      const erased = await rights.erase(request.principal, id, { confirm, assistantsTo })
      const { uploads: _uploads, ...counts } = erased
      return { id, object: 'person.erased', deleted: true, erased: counts }
    },
  )

  app.get('/retention', async (request) =>
    presentRetention(await rights.retention(request.principal)),
  )

  app.post('/retention', async (request) => {
    const body = parseBody(ModifyRetentionRequest, request.body)
    const change = {
      ...(body.threads_days === undefined ? {} : { threadsDays: body.threads_days }),
      ...(body.plugin_calls_days === undefined ? {} : { pluginCallsDays: body.plugin_calls_days }),
    }
    return presentRetention(await rights.setRetention(request.principal, change))
  })
}
