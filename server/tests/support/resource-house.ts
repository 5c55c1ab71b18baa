import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { CreateAssistantRequest, ModifyAssistantRequest } from '@melzi/contract/assistant.ts'
import { CreateMessageRequest, type Attachment } from '@melzi/contract/message.ts'
import { CreateThreadRequest } from '@melzi/contract/thread.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import { createFileService } from '../../src/features/files/service.ts'
import { createMessageService } from '../../src/features/messages/service.ts'
import { pluginService } from './plugin-house.ts'
import { createThreadService } from '../../src/features/threads/service.ts'
import { createStoreWriter } from '../../src/features/vector-stores/service.ts'
import { DiskBlobs } from '../../src/platform/blobs/disk-blobs.ts'
import type { Principal } from '../../src/platform/principal.ts'
import type { Store } from '../../src/platform/store/store.ts'
import { openFeatureStore } from './feature-store.ts'
import type { TestEngine } from './store-engines.ts'
import { toolResourcesFor } from './tool-resources.ts'
import { assistantService } from './assistant-service.ts'

/** Assistants, threads, messages, files and vector stores on one real store, with a clock of the test's own. */

/** A store that counts the statements it is asked outside of units. */
const counting = (store: Store) => {
  const asked: string[] = []
  const counted: Store = {
    engine: store.engine,
    all: (sql, params) => {
      asked.push(sql)
      return store.all(sql, params)
    },
    get: (sql, params) => store.get(sql, params),
    write: (name, unit) => store.write(name, unit),
    notify: (channel, payload) => store.notify(channel, payload),
    listen: (channel, heard) => store.listen(channel, heard),
    ping: () => store.ping(),
    [Symbol.asyncDispose]: async () => undefined,
  }
  return { counted, asked }
}

export const openResourceHouse = async (engine: TestEngine) => {
  const home = await openFeatureStore(engine)
  const { counted: store, asked } = counting(home.store)
  let nowMs = Date.UTC(2026, 0, 1)
  const clock = { now: () => nowMs }
  let announced = 0
  const toolResources = toolResourcesFor(clock, () => (announced += 1))
  const blobs = new DiskBlobs(home.dir, clock)
  const files = createFileService({ store, clock, blobs })
  const plugins = pluginService(store, clock)
  const checkModel = () => undefined
  const assistants = assistantService({ store, clock, plugins, toolResources, checkModel })
  const threads = createThreadService({ store, clock, toolResources })
  const messages = createMessageService({ store, clock, blobs, threads, toolResources, files })
  const owner = await home.person()
  const writer = createStoreWriter({ clock, files })
  const file = async (who: Principal = owner, expiresAfterSeconds: number | null = null) => {
    const about = { purpose: 'assistants', filename: 'a.txt', expiresAfterSeconds } as const
    return (await files.createFrom(who, about, Readable.from([Buffer.from('x')]))).id
  }
  return {
    store,
    /** Statements asked outside of units. */
    asked,
    files,
    assistants,
    threads,
    messages,
    owner,
    file,
    /** How often the indexer was told that files wait. */
    announced: () => announced,
    wait: (seconds: number) => (nowMs += seconds * 1_000),
    person: () => home.person(owner.workspaceId),
    vectorStore: async (who: Principal = owner) =>
      (await home.store.write('test.store', (tx) => writer.insert(tx, who, {}))).id,
    assistant: (fields: object = {}) =>
      assistants.create(owner, CreateAssistantRequest.parse({ model: 'm', ...fields })),
    updateAssistant: (id: string, fields: object) =>
      assistants.update(owner, id, ModifyAssistantRequest.parse(fields)),
    thread: (fields: object = {}) =>
      messages.createThread(owner, CreateThreadRequest.parse(fields)),
    say: (threadId: string, ...attachments: Attachment[]) =>
      messages.create(
        owner,
        threadId,
        CreateMessageRequest.parse({ role: 'user', content: 'look', attachments }),
      ),
    entries: async (storeId: string) =>
      home.store.all<{ id: string; entry_id: string; status: string }>(
        'select id, entry_id, status from vector_store_files where store_id = ?1 order by entry_id',
        [storeId],
      ),
    expiryDays: async (storeId: string) =>
      (
        await home.store.get<{ days: number | null }>(
          'select expires_after_days as days from vector_stores where id = ?1',
          [storeId],
        )
      )?.days,
    count: async (table: 'assistants' | 'threads' | 'messages' | 'vector_stores') =>
      (await home.store.get<{ n: number }>(`select count(*) as n from ${table}`))?.n,
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

/** How a file that is not the caller's is refused. */
export const noFile = (id: string) => ({
  status: 404,
  message: `No such File object: ${id}`,
  param: 'id',
})

/** The id of the vector store a thread or an assistant has. */
export const storeOf = ({ toolResources }: { toolResources: ToolResources }): string => {
  const [id] = toolResources.file_search?.vector_store_ids ?? []
  assert.ok(id)
  return id
}
