import { CreateShareKeyRequest } from '@melzi/contract/key.ts'
import { ListQuery } from '@melzi/contract/list.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentKey, presentShareKey } from './present.ts'
import type { KeyService } from './service.ts'

interface Params {
  assistant_id: string
}

/** The keys that hand an assistant to others. @param baseUrl where clients find the wire */
export const shareKeyRoutes = (
  app: FastifyInstance,
  keys: KeyService,
  baseUrl: () => string,
): void => {
  app.get<{ Params: Params }>(
    '/assistants/:assistant_id/share-keys',
    readsQuery,
    async (request) => {
      const query = toPageQuery(parseQuery(ListQuery, request.query))
      const page = await keys.listShared(request.principal, request.params.assistant_id, query)
      return listReply(page.items.map(presentKey), page)
    },
  )

  app.post<{ Params: Params }>('/assistants/:assistant_id/share-keys', async (request) => {
    const body = parseBody(CreateShareKeyRequest, request.body)
    const made = await keys.share(request.principal, request.params.assistant_id, body)
    return presentShareKey(made, baseUrl())
  })
}
