import {
  FeedbackExportQuery,
  FeedbackListQuery,
  GiveFeedbackRequest,
  type DeletedFeedback,
  type FeedbackObject,
} from '@melzi/contract/feedback.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { sendTable } from '../../http/send-table.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentFeedback } from './present.ts'
import type { FeedbackService } from './service.ts'

interface MessageParams {
  thread_id: string
  message_id: string
}
interface AssistantParams {
  assistant_id: string
}

const ON_MESSAGE = '/threads/:thread_id/messages/:message_id/feedback'
const ON_ASSISTANT = '/assistants/:assistant_id/feedback'
const COLUMNS = [
  'id',
  'created_at',
  'updated_at',
  'rating',
  'comment',
  'answer',
  'assistant_id',
  'message_id',
  'thread_id',
  'run_id',
] as const satisfies readonly (keyof FeedbackObject)[]

export const feedbackRoutes = (app: FastifyInstance, feedback: FeedbackService): void => {
  app.get<{ Params: MessageParams }>(ON_MESSAGE, async (request) => {
    const { thread_id: threadId, message_id: id } = request.params
    return presentFeedback(await feedback.get(request.principal, threadId, id))
  })

  app.post<{ Params: MessageParams }>(ON_MESSAGE, async (request) => {
    const body = parseBody(GiveFeedbackRequest, request.body)
    const { thread_id: threadId, message_id: id } = request.params
    return presentFeedback(await feedback.give(request.principal, threadId, id, body))
  })

  app.delete<{ Params: MessageParams }>(ON_MESSAGE, async (request): Promise<DeletedFeedback> => {
    const { thread_id: threadId, message_id: messageId } = request.params
    const id = await feedback.take(request.principal, threadId, messageId)
    return { id, object: 'thread.message.feedback.deleted', deleted: true }
  })

  app.get<{ Params: AssistantParams }>(ON_ASSISTANT, readsQuery, async (request) => {
    const { rating = null, ...query } = parseQuery(FeedbackListQuery, request.query)
    const { assistant_id: id } = request.params
    const page = await feedback.list(request.principal, id, rating, toPageQuery(query))
    return listReply(page.items.map(presentFeedback), page)
  })

  app.get<{ Params: AssistantParams }>(
    `${ON_ASSISTANT}/export`,
    readsQuery,
    async (request, reply) => {
      const { rating = null, format } = parseQuery(FeedbackExportQuery, request.query)
      const { assistant_id: id } = request.params
      const said = await feedback.export(request.principal, id, rating)
      const table = { name: `feedback-${id}`, format, columns: COLUMNS }
      return sendTable(reply, table, said, presentFeedback)
    },
  )
}
