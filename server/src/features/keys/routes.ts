import {
  ApiKeyListQuery,
  CreateKeyRequest,
  ModifyKeyRequest,
  RotateKeyRequest,
  type DeletedApiKey,
} from '@melzi/contract/key.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentKey, presentNewKey } from './present.ts'
import type { KeyService } from './service.ts'

interface Params {
  key_id: string
}

export const keyRoutes = (app: FastifyInstance, keys: KeyService): void => {
  app.get('/keys', readsQuery, async (request) => {
    const query = parseQuery(ApiKeyListQuery, request.query)
    const page = await keys.list(request.principal, toPageQuery(query), query.person_id)
    return listReply(page.items.map(presentKey), page)
  })

  app.post('/keys', async (request) => {
    const body = parseBody(CreateKeyRequest, request.body)
    return presentNewKey(await keys.create(request.principal, body))
  })

  app.get<{ Params: Params }>('/keys/:key_id', async (request) =>
    presentKey(await keys.get(request.principal, request.params.key_id)),
  )

  app.post<{ Params: Params }>('/keys/:key_id', async (request) => {
    const body = parseBody(ModifyKeyRequest, request.body)
    return presentKey(await keys.update(request.principal, request.params.key_id, body))
  })

  app.delete<{ Params: Params }>('/keys/:key_id', async (request): Promise<DeletedApiKey> => {
    const id = request.params.key_id
    await keys.delete(request.principal, id)
    return { id, object: 'api_key.deleted', deleted: true }
  })

  app.post<{ Params: Params }>('/keys/:key_id/rotate', async (request) => {
    const { long } = parseBody(RotateKeyRequest, request.body)
    return presentNewKey(await keys.rotate(request.principal, request.params.key_id, long))
  })
}
