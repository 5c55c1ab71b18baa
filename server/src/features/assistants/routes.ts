import { CreateAssistantRequest, ModifyAssistantRequest } from '@melzi/contract/assistant.ts'
import type { DeletedAssistant } from '@melzi/contract/deleted.ts'
import { ListQuery } from '@melzi/contract/list.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentAssistant } from './present.ts'
import type { AssistantService } from './service.ts'

interface Params {
  assistant_id: string
}

export const assistantRoutes = (app: FastifyInstance, assistants: AssistantService): void => {
  app.get('/assistants', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const page = await assistants.list(request.principal, toPageQuery(query))
    return listReply(page.items.map(presentAssistant), page)
  })

  app.post('/assistants', async (request) => {
    const body = parseBody(CreateAssistantRequest, request.body)
    return presentAssistant(await assistants.create(request.principal, body))
  })

  app.get<{ Params: Params }>('/assistants/:assistant_id', async (request) =>
    presentAssistant(await assistants.get(request.principal, request.params.assistant_id)),
  )

  app.post<{ Params: Params }>('/assistants/:assistant_id', async (request) => {
    const body = parseBody(ModifyAssistantRequest, request.body)
    const id = request.params.assistant_id
    return presentAssistant(await assistants.update(request.principal, id, body))
  })

  app.delete<{ Params: Params }>(
    '/assistants/:assistant_id',
    async (request): Promise<DeletedAssistant> => {
      const id = request.params.assistant_id
      await assistants.delete(request.principal, id)
      return { id, object: 'assistant.deleted', deleted: true }
    },
  )
}
