import type { DeletedMessage } from '@melzi/contract/deleted.ts'
import {
  AddMessageRequest,
  MessageListQuery,
  ModifyMessageRequest,
} from '@melzi/contract/message.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentMessage } from './present.ts'
import type { MessageRecord, MessageService } from './service.ts'

interface ThreadParams {
  thread_id: string
}

interface Params extends ThreadParams {
  message_id: string
}

export const messageRoutes = (app: FastifyInstance, messages: MessageService): void => {
  const present = (message: MessageRecord) => presentMessage(message, messages.readImage)

  app.post<{ Params: ThreadParams }>('/threads/:thread_id/messages', async (request) => {
    const { queue, ...message } = parseBody(AddMessageRequest, request.body)
    const { thread_id: threadId } = request.params
    return present(await messages.create(request.principal, threadId, message, queue))
  })

  app.get<{ Params: ThreadParams }>('/threads/:thread_id/messages', readsQuery, async (request) => {
    const query = parseQuery(MessageListQuery, request.query)
    const { thread_id: threadId } = request.params
    const runId = query.run_id ?? null
    const page = await messages.list(request.principal, threadId, runId, toPageQuery(query))
    return listReply(await Promise.all(page.items.map(present)), page)
  })

  app.get<{ Params: Params }>('/threads/:thread_id/messages/:message_id', async (request) => {
    const { thread_id: threadId, message_id: id } = request.params
    return present(await messages.get(request.principal, threadId, id))
  })

  app.post<{ Params: Params }>('/threads/:thread_id/messages/:message_id', async (request) => {
    const { metadata } = parseBody(ModifyMessageRequest, request.body)
    const { thread_id: threadId, message_id: id } = request.params
    return present(await messages.update(request.principal, threadId, id, metadata))
  })

  app.delete<{ Params: Params }>(
    '/threads/:thread_id/messages/:message_id',
    async (request): Promise<DeletedMessage> => {
      const { thread_id: threadId, message_id: id } = request.params
      await messages.delete(request.principal, threadId, id)
      return { id, object: 'thread.message.deleted', deleted: true }
    },
  )
}
