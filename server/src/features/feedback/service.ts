import type { GiveFeedbackRequest } from '@melzi/contract/feedback.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { makerOf, type Principal } from '../../platform/principal.ts'
import { everyPage } from '../../platform/store/every-page.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store } from '../../platform/store/store.ts'
import type { AssistantService } from '../assistants/service.ts'
import type { MessageRecord, MessageService } from '../messages/service.ts'
import {
  deleteFeedback,
  findFeedback,
  listFeedback,
  upsertFeedback,
  type FeedbackRecord,
} from './store.ts'

export type { FeedbackRecord } from './store.ts'

export type FeedbackService = ReturnType<typeof createFeedbackService>

/**
 * What people say of answers. They say it on messages of their own threads; the makers of the assistant read rating and comment, and the answer
 * only where its reader allows it: a thread is its person's business (design 5).
 */
export const createFeedbackService = (deps: {
  store: Store
  clock: Clock
  messages: Pick<MessageService, 'getOwned'>
  assistants: Pick<AssistantService, 'getUsable'>
}) => {
  const { store, clock, messages, assistants } = deps

  const getAnswer = async (
    db: Reader,
    principal: Principal,
    threadId: string,
    id: string,
  ): Promise<MessageRecord & { assistantId: string }> => {
    const message = await messages.getOwned(db, principal, threadId, id)
    const { assistantId } = message
    if (message.role !== 'assistant' || assistantId === null) {
      throw errors.invalid('Feedback is given on answers of assistants only.')
    }
    return { ...message, assistantId }
  }

  return {
    /** Says what the caller thinks of an answer, or says it anew. @throws AppError 404; 400 for a message that is no answer */
    give: (
      principal: Principal,
      threadId: string,
      messageId: string,
      request: GiveFeedbackRequest,
    ): Promise<FeedbackRecord> =>
      store.write('feedback.give', async (tx) => {
        const message = await getAnswer(tx, principal, threadId, messageId)
        const at = seconds(clock.now())
        return upsertFeedback(tx, {
          workspaceId: message.workspaceId,
          id: newId('feedback_'),
          messageId,
          threadId,
          runId: message.runId,
          assistantId: message.assistantId,
          personId: principal.personId,
          madeBy: makerOf(principal),
          rating: request.rating,
          comment: request.comment,
          answer: request.share_answer ? textOf(message) : null,
          createdAt: at,
          updatedAt: at,
        })
      }),

    /** @throws AppError 404, also where nothing was said */
    async get(principal: Principal, threadId: string, messageId: string): Promise<FeedbackRecord> {
      const message = await messages.getOwned(store, principal, threadId, messageId)
      const found = await findFeedback(store, message.workspaceId, messageId)
      if (found === null) throw errors.notFound('feedback', messageId)
      return found
    },

    /** @throws AppError 404, also where nothing was said */
    take: (principal: Principal, threadId: string, messageId: string): Promise<string> =>
      store.write('feedback.take', async (tx) => {
        const message = await messages.getOwned(tx, principal, threadId, messageId)
        const found = await findFeedback(tx, message.workspaceId, messageId)
        if (found === null) throw errors.notFound('feedback', messageId)
        await deleteFeedback(tx, message.workspaceId, messageId)
        return found.id
      }),

    /** What is said of an assistant's answers. @throws AppError 404, 403 below `view` */
    async list(
      principal: Principal,
      assistantId: string,
      rating: 'up' | 'down' | null,
      query: PageQuery,
    ): Promise<Page<FeedbackRecord>> {
      const assistant = await assistants.getUsable(store, principal, assistantId, 'view')
      return listFeedback(store, assistant, rating, query)
    },

    /** The same as a whole, the oldest first. @throws AppError 404, 403 below `view` */
    async export(
      principal: Principal,
      assistantId: string,
      rating: 'up' | 'down' | null,
    ): Promise<AsyncIterable<FeedbackRecord>> {
      const assistant = await assistants.getUsable(store, principal, assistantId, 'view')
      return everyPage((query) => listFeedback(store, assistant, rating, query))
    },
  }
}

/** What an answer says, its pictures left out. */
const textOf = ({ content }: MessageRecord): string =>
  content.flatMap((part) => (part.type === 'text' ? [part.text.value] : [])).join('\n\n')
