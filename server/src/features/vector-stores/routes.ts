import type { DeletedStoreFile, DeletedVectorStore } from '@melzi/contract/deleted.ts'
import { ListQuery } from '@melzi/contract/list.ts'
import {
  CreateFileBatchRequest,
  CreateStoreFileRequest,
  ModifyStoreFileRequest,
  StoreFileListQuery,
  type StoreFileContent,
} from '@melzi/contract/vector-store-file.ts'
import { SearchRequest, type SearchPage } from '@melzi/contract/vector-store-search.ts'
import { CreateVectorStoreRequest, ModifyVectorStoreRequest } from '@melzi/contract/vector-store.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentBatch, presentEntry, presentPassage, presentStore } from './present.ts'
import type { VectorStoreService } from './service.ts'

interface StoreParams {
  vector_store_id: string
}

interface FileParams extends StoreParams {
  file_id: string
}

interface BatchParams extends StoreParams {
  batch_id: string
}

const ONE = '/vector_stores/:vector_store_id'
const FILES = `${ONE}/files`
const BATCHES = `${ONE}/file_batches`

/** How soon a poller should come again; without it python waits 1 s, node 5 s (behaviour.md 13). */
const POLL_AFTER_MS = '300'

const polled = <T extends { status: string }>(reply: FastifyReply, object: T): T => {
  if (object.status === 'in_progress') reply.header('openai-poll-after-ms', POLL_AFTER_MS)
  return object
}

export const vectorStoreRoutes = (app: FastifyInstance, stores: VectorStoreService): void => {
  app.post('/vector_stores', async (request) => {
    const body = parseBody(CreateVectorStoreRequest, request.body)
    return presentStore(await stores.create(request.principal, body))
  })

  app.get('/vector_stores', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const page = await stores.list(request.principal, toPageQuery(query))
    return listReply(page.items.map(presentStore), page)
  })

  app.get<{ Params: StoreParams }>(ONE, async (request, reply) => {
    const store = await stores.get(request.principal, request.params.vector_store_id)
    return polled(reply, presentStore(store))
  })

  app.post<{ Params: StoreParams }>(ONE, async (request) => {
    const body = parseBody(ModifyVectorStoreRequest, request.body)
    const { vector_store_id: id } = request.params
    return presentStore(await stores.update(request.principal, id, body))
  })

  app.delete<{ Params: StoreParams }>(ONE, async (request): Promise<DeletedVectorStore> => {
    const { vector_store_id: id } = request.params
    await stores.delete(request.principal, id)
    return { id, object: 'vector_store.deleted', deleted: true }
  })

  app.post<{ Params: StoreParams }>(`${ONE}/search`, async (request): Promise<SearchPage> => {
    const body = parseBody(SearchRequest, request.body)
    const { vector_store_id: id } = request.params
    const { queries, passages } = await stores.search(request.principal, id, body)
    return {
      object: 'vector_store.search_results.page',
      search_query: [...queries],
      data: passages.map(presentPassage),
      has_more: false,
      next_page: null,
    }
  })

  storeFileRoutes(app, stores)
  fileBatchRoutes(app, stores)
}

const storeFileRoutes = (app: FastifyInstance, stores: VectorStoreService): void => {
  app.post<{ Params: StoreParams }>(FILES, async (request, reply) => {
    const body = parseBody(CreateStoreFileRequest, request.body)
    const { vector_store_id: id } = request.params
    return polled(reply, presentEntry(await stores.addFile(request.principal, id, body)))
  })

  app.get<{ Params: StoreParams }>(FILES, readsQuery, async (request) => {
    const query = parseQuery(StoreFileListQuery, request.query)
    const { vector_store_id: id } = request.params
    const asked = toPageQuery(query)
    const page = await stores.listFiles(request.principal, id, null, query.filter, asked)
    return listReply(page.items.map(presentEntry), page)
  })

  app.get<{ Params: FileParams }>(`${FILES}/:file_id`, async (request, reply) => {
    const { vector_store_id: id, file_id: fileId } = request.params
    return polled(reply, presentEntry(await stores.getFile(request.principal, id, fileId)))
  })

  app.post<{ Params: FileParams }>(`${FILES}/:file_id`, async (request) => {
    const { attributes } = parseBody(ModifyStoreFileRequest, request.body)
    const { vector_store_id: id, file_id: fileId } = request.params
    return presentEntry(await stores.updateFile(request.principal, id, fileId, attributes))
  })

  app.delete<{ Params: FileParams }>(
    `${FILES}/:file_id`,
    async (request): Promise<DeletedStoreFile> => {
      const { vector_store_id: id, file_id: fileId } = request.params
      await stores.removeFile(request.principal, id, fileId)
      return { id: fileId, object: 'vector_store.file.deleted', deleted: true }
    },
  )

  app.get<{ Params: FileParams }>(
    `${FILES}/:file_id/content`,
    async (request): Promise<StoreFileContent> => {
      const { vector_store_id: id, file_id: fileId } = request.params
      const pieces = await stores.fileText(request.principal, id, fileId)
      return {
        object: 'vector_store.file_content.page',
        data: pieces.map((text) => ({ type: 'text', text })),
        has_more: false,
        next_page: null,
      }
    },
  )
}

const fileBatchRoutes = (app: FastifyInstance, stores: VectorStoreService): void => {
  app.post<{ Params: StoreParams }>(BATCHES, async (request, reply) => {
    const body = parseBody(CreateFileBatchRequest, request.body)
    const { vector_store_id: id } = request.params
    return polled(reply, presentBatch(await stores.createBatch(request.principal, id, body)))
  })

  app.get<{ Params: BatchParams }>(`${BATCHES}/:batch_id`, async (request, reply) => {
    const { vector_store_id: id, batch_id: batchId } = request.params
    return polled(reply, presentBatch(await stores.getBatch(request.principal, id, batchId)))
  })

  app.post<{ Params: BatchParams }>(`${BATCHES}/:batch_id/cancel`, async (request) => {
    const { vector_store_id: id, batch_id: batchId } = request.params
    return presentBatch(await stores.cancelBatch(request.principal, id, batchId))
  })

  app.get<{ Params: BatchParams }>(`${BATCHES}/:batch_id/files`, readsQuery, async (request) => {
    const query = parseQuery(StoreFileListQuery, request.query)
    const { vector_store_id: id, batch_id: batchId } = request.params
    const asked = toPageQuery(query)
    const page = await stores.listFiles(request.principal, id, batchId, query.filter, asked)
    return listReply(page.items.map(presentEntry), page)
  })
}
