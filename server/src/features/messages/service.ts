import type { Attachment, CreateMessageRequest, MessagePartInput } from '@melzi/contract/message.ts'
import type { Metadata } from '@melzi/contract/metadata.ts'
import type { CreateThreadRequest } from '@melzi/contract/thread.ts'
import type { BlobStore } from '../../platform/blobs/blob-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { Thread, ThreadRecord, ThreadService } from '../threads/service.ts'
import type { ToolResourcesService } from '../tool-resources/service.ts'
import type { FileOwner, FileService } from '../files/service.ts'
import { CONVERSATION_LENGTH, conversationOf } from './conversation.ts'
import { createImageFiles } from './image-files.ts'
import {
  closeMessage,
  deleteMessage,
  findMessage,
  hasUserMessage,
  insertMessage,
  isBlobHeld,
  listMessages,
  messagesOfRun,
  moveWaiting,
  newestMessages,
  updateMessageMetadata,
  waitingBefore,
  type MessageRecord,
  type StoredPart,
} from './store.ts'

export { presentMessage, presentWith } from './present.ts'
export type { IncompleteReason, MessageRecord, StoredPart } from './store.ts'

/** A client's message, its pictures already stored, ready to be inserted by a write unit. */
export interface MessageDraft {
  role: 'user' | 'assistant'
  content: StoredPart[]
  attachments: Attachment[]
  metadata: Metadata
}

/** Where messages go. */
type Place = Pick<ThreadRecord, 'workspaceId' | 'id' | 'ownerId'>

export interface MessageServiceDeps {
  store: Store
  clock: Clock
  blobs: BlobStore
  threads: ThreadService
  toolResources: ToolResourcesService
  files: FileService
  /**
   * Signs the addresses of a person's pictures in a text anew, whenever a message is read (design 6b); without it texts stay as they are.
   * @param keepsLength true where offsets point into the text
   */
  freshLinks?: (text: string, owner: FileOwner, keepsLength: boolean) => string
}

export type MessageService = ReturnType<typeof createMessageService>

export const createMessageService = (deps: MessageServiceDeps) => {
  const { store, clock, blobs, threads, toolResources, files } = deps

  const images = createImageFiles({ store, files })

  /** Stores a `data:` picture once, as the text it came as, so that it is echoed exactly as sent. */
  const storePart = async (principal: Principal, part: MessagePartInput): Promise<StoredPart> => {
    if (part.type === 'text') return textPart(part.text)
    if (part.type === 'image_file') {
      const { file_id, detail } = part.image_file
      await images.check(principal, file_id)
      return { type: 'image_file', image_file: { file_id, ...(detail && { detail }) } }
    }
    const { url, detail } = part.image_url
    if (!/^data:/i.test(url)) return { type: 'image_url', image_url: { url, detail } }
    const blob = await blobs.put(principal.workspaceId, Buffer.from(url))
    return { type: 'image_blob', blob, detail }
  }

  /** A message as it is read. @param owner whose thread it is in */
  const fresh = (message: MessageRecord, owner: FileOwner): MessageRecord => {
    const { freshLinks } = deps
    if (freshLinks === undefined) return message
    const content = message.content.map((part): StoredPart => {
      if (part.type !== 'text') return part
      const { value, annotations } = part.text
      const renewed = freshLinks(value, owner, annotations.length > 0)
      return renewed === value ? part : { ...part, text: { value: renewed, annotations } }
    })
    return { ...message, content }
  }

  const newestOf = async (db: Reader, owner: FileOwner, threadId: string, limit: number) =>
    (await newestMessages(db, owner.workspaceId, threadId, limit)).map((one) => fresh(one, owner))

  /** @throws AppError 404 and 400 for files that cannot be shown */
  const prepare = async (
    principal: Principal,
    requests: readonly CreateMessageRequest[],
  ): Promise<MessageDraft[]> => {
    const drafts: MessageDraft[] = []
    for (const request of requests) {
      const { role, content, attachments, metadata } = request
      const parts =
        typeof content === 'string'
          ? [textPart(content)]
          : await Promise.all(content.map((part) => storePart(principal, part)))
      drafts.push({ role, content: parts, attachments, metadata })
    }
    return drafts
  }

  const attachmentsOf = (drafts: readonly MessageDraft[]) =>
    drafts.flatMap(({ attachments }) => attachments)

  /** Inserts drafts from position `first` on, and gives their files to the thread's tools. @param owner who adds them, and may only add files of its own */
  const insertDrafts = async (
    tx: Tx,
    owner: FileOwner,
    thread: Place,
    drafts: readonly MessageDraft[],
    runId: string | null,
    first: number,
  ): Promise<MessageRecord[]> => {
    const now = seconds(clock.now())
    const records = drafts.map((draft, index): MessageRecord => ({
      ...draft,
      workspaceId: thread.workspaceId,
      id: newId('msg_'),
      threadId: thread.id,
      position: first + index,
      createdAt: now,
      assistantId: null,
      runId,
      status: 'completed',
      incompleteReason: null,
      completedAt: now,
      incompleteAt: null,
    }))
    for (const record of records) await insertMessage(tx, record)
    await toolResources.attach(tx, owner, thread.id, attachmentsOf(drafts))
    return records
  }

  /**
   * Adds drafts at the end of a thread whose row the unit has locked, and gives their files to the thread's tools. The unit's feature
   * calls announce after the commit.
   * @throws AppError 404 for files that are not the owner's, 400 when the thread cannot take them
   */
  const append = async (
    tx: Tx,
    owner: FileOwner,
    thread: Place,
    drafts: readonly MessageDraft[],
    runId: string | null = null,
  ): Promise<MessageRecord[]> => {
    if (drafts.length === 0) return []
    const first = await threads.takePositions(tx, thread.workspaceId, thread.id, drafts.length)
    if (first === null) throw errors.notFound('thread', thread.id)
    return insertDrafts(tx, owner, thread, drafts, runId, first)
  }

  /** The same at the end of the thread's line, which its active run makes. @throws AppError 429 when the line is full */
  const appendToLine = async (
    tx: Tx,
    owner: FileOwner,
    thread: Place,
    drafts: readonly MessageDraft[],
    runId: string | null = null,
  ): Promise<MessageRecord[]> => {
    if (drafts.length === 0) return []
    const first = await threads.joinLine(tx, thread, drafts.length)
    return insertDrafts(tx, owner, thread, drafts, runId, first)
  }

  /** The picture a part holds, as the client sent it. */
  const readImage = async (workspaceId: string, blob: string): Promise<string> => {
    const bytes = await blobs.get(workspaceId, blob)
    if (bytes === null) throw new Error(`blob ${blob} of a message is missing`)
    return Buffer.from(bytes).toString('utf8')
  }

  const getOwned = async (
    db: Reader,
    principal: Principal,
    threadId: string,
    id: string,
  ): Promise<MessageRecord> => {
    const thread = await threads.getOwned(db, principal, threadId)
    const message = await findMessage(db, thread.workspaceId, threadId, id)
    if (message === null) throw errors.notFound('message', id)
    return fresh(message, principal)
  }

  /** After the commit of a unit that appended drafts: their files may have to be indexed. */
  const announce = (
    drafts: readonly MessageDraft[],
    resources?: CreateThreadRequest['tool_resources'],
  ): void => toolResources.announce(attachmentsOf(drafts), resources)

  /** A thread with its first messages; the unit's feature calls announce after the commit. */
  const insertThread = async (
    tx: Tx,
    principal: Principal,
    request: Pick<CreateThreadRequest, 'metadata' | 'tool_resources'>,
    drafts: readonly MessageDraft[],
  ): Promise<Thread> => {
    const thread = await threads.insert(tx, principal, request.metadata, request.tool_resources)
    await append(tx, principal, thread, drafts)
    return attachmentsOf(drafts).length === 0 ? thread : threads.withResources(tx, thread)
  }

  return {
    prepare,
    append,
    appendToLine,
    announce,
    insertThread,

    /**
     * Gives the messages in line before a place their turn: they come to the end of the thread, whose row the unit has locked, in the
     * order they came in.
     * @param place that of a run, or 0 for all
     * @returns how many there were
     */
    async takeTurn(
      tx: Tx,
      { workspaceId, id }: Pick<ThreadRecord, 'workspaceId' | 'id'>,
      place: number,
    ): Promise<number> {
      const { count, first, last } = await waitingBefore(tx, workspaceId, id, place)
      if (first === null || last === null) return 0
      const position = await threads.takePositions(tx, workspaceId, id, last - first + 1)
      if (position === null) throw new Error(`thread ${id} is gone inside its own unit`)
      await moveWaiting(tx, workspaceId, id, place, position - first)
      return count
    },

    insert: insertMessage,
    close: closeMessage,
    find: findMessage,
    /** The newest messages of a thread, oldest first. @param owner whose thread it is */
    newest: newestOf,
    hasUserMessage,

    /** What a plugin sees as CURRENT_CONVERSATION. */
    conversation: async (owner: FileOwner, threadId: string) =>
      conversationOf(await newestOf(store, owner, threadId, CONVERSATION_LENGTH)),

    ofRun: async (owner: FileOwner, threadId: string, runId: string) =>
      (await messagesOfRun(store, owner.workspaceId, threadId, runId)).map((one) =>
        fresh(one, owner),
      ),

    getOwned,

    get: (principal: Principal, threadId: string, id: string) =>
      getOwned(store, principal, threadId, id),

    /**
     * @param queue whether it waits for its turn while a run holds the thread's lock
     * @throws AppError 400 while a run holds the lock and it does not (behaviour.md 8), 429 when the line is full
     */
    async create(
      principal: Principal,
      threadId: string,
      request: CreateMessageRequest,
      queue = false,
    ): Promise<MessageRecord> {
      await threads.getOwned(store, principal, threadId)
      const drafts = await prepare(principal, [request])
      const made = await store.write('message.create', async (tx) => {
        const thread = await threads.lockOwned(tx, principal, threadId)
        const { activeRunId } = thread
        if (activeRunId !== null && !queue) {
          throw errors.messageOnLockedThread(threadId, activeRunId)
        }
        const add = activeRunId === null ? append : appendToLine
        const [message] = await add(tx, principal, thread, drafts)
        if (message === undefined) throw new Error('a draft gave no message')
        return message
      })
      announce(drafts)
      return made
    },

    async list(
      principal: Principal,
      threadId: string,
      runId: string | null,
      query: PageQuery,
    ): Promise<Page<MessageRecord>> {
      const thread = await threads.getOwned(store, principal, threadId)
      const page = await listMessages(store, thread.workspaceId, threadId, runId, query)
      return { ...page, items: page.items.map((message) => fresh(message, principal)) }
    },

    async update(
      principal: Principal,
      threadId: string,
      id: string,
      metadata: Metadata | null | undefined,
    ): Promise<MessageRecord> {
      return store.write('message.update', async (tx) => {
        const message = await getOwned(tx, principal, threadId, id)
        if (metadata === undefined) return message
        await updateMessageMetadata(tx, message.workspaceId, id, metadata ?? {})
        return { ...message, metadata: metadata ?? {} }
      })
    },

    /** One in line leaves it. @throws AppError 400 for another while a run holds the thread's lock */
    async delete(principal: Principal, threadId: string, id: string): Promise<void> {
      await store.write('message.delete', async (tx) => {
        const thread = await threads.lockOwned(tx, principal, threadId)
        const message = await findMessage(tx, thread.workspaceId, threadId, id)
        if (message === null) throw errors.notFound('message', id)
        const waits = message.position < 0
        if (thread.activeRunId !== null && !waits) {
          throw errors.messageOnLockedThread(threadId, thread.activeRunId)
        }
        await deleteMessage(tx, thread.workspaceId, id)
        if (waits) await threads.leaveLine(tx, thread.workspaceId, threadId)
      })
    },

    /** A thread with its first messages, in one unit. */
    async createThread(principal: Principal, request: CreateThreadRequest): Promise<Thread> {
      const drafts = await prepare(principal, request.messages)
      const thread = await store.write('thread.create', (tx) =>
        insertThread(tx, principal, request, drafts),
      )
      announce(drafts, request.tool_resources)
      return thread
    },

    readImage,

    /** The picture a part's file holds, as a `data:` URL; null when the file is gone. */
    readImageFile: (workspaceId: string, fileId: string) => images.read(workspaceId, fileId),

    /** For the sweep of blobs. */
    holdsBlob: (workspaceId: string, blobId: string) => isBlobHeld(store, workspaceId, blobId),
  }
}

const textPart = (value: string): StoredPart => ({ type: 'text', text: { value, annotations: [] } })
