import type { DeletedThread } from '@melzi/contract/deleted.ts'
import { ListQuery } from '@melzi/contract/list.ts'
import { CreateThreadRequest, ModifyThreadRequest } from '@melzi/contract/thread.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import type { MessageService } from '../messages/service.ts'
import type { RunService } from '../runs/service.ts'
import { presentThread } from './present.ts'
import type { ThreadService } from './service.ts'

interface Params {
  thread_id: string
}

export interface ThreadRouteDeps {
  threads: ThreadService
  messages: MessageService
  runs: RunService
}

export const threadRoutes = (app: FastifyInstance, deps: ThreadRouteDeps): void => {
  const { threads, messages, runs } = deps

  app.post('/threads', async (request) => {
    const body = parseBody(CreateThreadRequest, request.body)
    return presentThread(await messages.createThread(request.principal, body))
  })

  // Azure has it, OpenAI never had (behaviour.md 15)
  app.get('/threads', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const page = await threads.list(request.principal, toPageQuery(query))
    return listReply(page.items.map(presentThread), page)
  })

  app.get<{ Params: Params }>('/threads/:thread_id', async (request) =>
    presentThread(await threads.get(request.principal, request.params.thread_id)),
  )

  app.post<{ Params: Params }>('/threads/:thread_id', async (request) => {
    const body = parseBody(ModifyThreadRequest, request.body)
    const id = request.params.thread_id
    return presentThread(await threads.update(request.principal, id, body))
  })

  app.delete<{ Params: Params }>('/threads/:thread_id', async (request): Promise<DeletedThread> => {
    const id = request.params.thread_id
    const thread = await threads.delete(request.principal, id)
    await runs.forget(thread)
    return { id, object: 'thread.deleted', deleted: true }
  })
}
