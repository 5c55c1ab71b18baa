import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { FileObject } from '@melzi/contract/file.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { UploadObject } from '@melzi/contract/upload.ts'
import type { FileBatchObject, StoreFileObject } from '@melzi/contract/vector-store-file.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { fileForm, unitPrice } from '../server/tests/support/factories.ts'
import { Client } from './client.ts'
import type { Turn } from './script.ts'
import type { Target } from './target.ts'

/** What rows work on: the server, its model, and objects made when first asked for. */

const STOPPED = ['completed', 'incomplete', 'failed', 'cancelled', 'expired', 'requires_action']
const SETTLE_MS = 90_000
const MIN_LEFT_MS = 120_000
/** A well-formed id that is nobody's. */
export const NOBODY = 'x'.repeat(24)

export interface Ended {
  assistant: AssistantObject
  thread: ThreadObject
  run: RunObject
  step: RunStepObject
  message: MessageObject
}

export interface Filled {
  store: VectorStoreObject
  /** In the order they were added. */
  files: FileObject[]
  batch: FileBatchObject
}

/** A model that is not scripted did something else than asked: that is no fault of the server. */
export class OwnWill extends Error {}

export class Bench {
  readonly target: Target
  readonly api: Client
  /** With a key of somebody else. */
  readonly other: Client | null
  readonly #made = new Map<string, Promise<unknown>>()
  readonly #paths: string[] = []

  constructor(target: Target) {
    this.target = target
    this.api = new Client(target.baseUrl, target.apiKey, (path) => this.keep(path))
    this.other = target.secondKey === null ? null : new Client(target.baseUrl, target.secondKey)
  }

  get model(): string {
    return this.target.model
  }

  /** What the model says next, turn by turn; a model that is not scripted says what it will. */
  says(...turns: Turn[]): void {
    this.target.script?.push(...turns)
  }

  /** Makes something once for all rows. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const made = this.#made.get(name) ?? make()
    this.#made.set(name, made)
    return made as Promise<T>
  }

  /** Has the object of this path deleted in the end. */
  keep(path: string): void {
    this.#paths.push(path)
  }

  /** Deletes what was made; what is gone already is fine. */
  async clear(): Promise<void> {
    for (const path of this.#paths.toReversed()) await this.api.fetch('DELETE', path)
  }

  newAssistant(fields: object = {}): Promise<AssistantObject> {
    return this.api.post('/assistants', { model: this.model, ...fields })
  }
  assistant(): Promise<AssistantObject> {
    return this.once('assistant', () => this.newAssistant())
  }
  /** It has one function, `unit_price`. */
  tooled(): Promise<AssistantObject> {
    return this.once('tooled', () => this.newAssistant({ tools: [unitPrice] }))
  }
  newThread(fields: object = {}): Promise<ThreadObject> {
    return this.api.post('/threads', fields)
  }
  /** A new thread with these messages of the user. */
  thread(...said: string[]): Promise<ThreadObject> {
    return this.newThread({ messages: said.map((content) => ({ role: 'user', content })) })
  }
  newFile(
    content: string | Uint8Array<ArrayBuffer> = 'The harbour clock is blue.',
    name = 'harbour.txt',
    fields: Record<string, string> = { purpose: 'assistants' },
  ): Promise<FileObject> {
    return this.api.post('/files', fileForm(content, name, fields))
  }
  file(): Promise<FileObject> {
    return this.once('file', () => this.newFile())
  }
  newStore(fields: object = {}): Promise<VectorStoreObject> {
    return this.api.post('/vector_stores', fields)
  }
  newUpload(bytes = 4): Promise<UploadObject> {
    return this.api.post('/uploads', {
      filename: 'notes.txt',
      purpose: 'assistants',
      bytes,
      mime_type: 'text/plain',
    })
  }

  run(threadId: string, assistantId: string, fields: object = {}): Promise<RunObject> {
    return this.api.post(`/threads/${threadId}/runs`, { assistant_id: assistantId, ...fields })
  }

  /** Polls until the run stops. @throws Error when it does not within 90 s */
  async settled({ thread_id, id }: RunObject): Promise<RunObject> {
    const until = Date.now() + SETTLE_MS
    for (;;) {
      const run = await this.api.get<RunObject>(`/threads/${thread_id}/runs/${id}`)
      if (STOPPED.includes(run.status)) return run
      assert.ok(Date.now() < until, `the run is still ${run.status}`)
      await sleep(this.target.script === null ? 1_000 : 20)
    }
  }

  /** A run that answered 'hello' with a text. */
  async answered(assistant: AssistantObject, fields: object = {}): Promise<RunObject> {
    this.says({ text: ['Hel', 'lo'] })
    const thread = await this.thread('Say hello.')
    return this.settled(await this.run(thread.id, assistant.id, fields))
  }

  /** Oldest first. */
  async messages(threadId: string): Promise<MessageObject[]> {
    const path = `/threads/${threadId}/messages?order=asc&limit=100`
    return (await this.api.get<ListReply<MessageObject>>(path)).data
  }
  /** Oldest first. */
  async steps({ thread_id, id }: RunObject): Promise<RunStepObject[]> {
    const path = `/threads/${thread_id}/runs/${id}/steps?order=asc&limit=100`
    return (await this.api.get<ListReply<RunStepObject>>(path)).data
  }

  /** A completed run, with all there is of it. */
  ended(): Promise<Ended> {
    return this.once('ended', async () => {
      const assistant = await this.assistant()
      const run = await this.answered(assistant)
      assert.equal(run.status, 'completed', JSON.stringify(run.last_error))
      const [step] = await this.steps(run)
      const message = (await this.messages(run.thread_id)).at(-1)
      assert.ok(step && message)
      const thread = await this.api.get<ThreadObject>(`/threads/${run.thread_id}`)
      return { assistant, thread, run, step, message }
    })
  }

  /** A run that waits for the outputs of its calls of `unit_price`. */
  async waiting(calls = 1): Promise<RunObject> {
    this.says({
      toolCalls: Array.from({ length: calls }, (_, i) => ({
        name: 'unit_price',
        arguments: { price: 120 + i, weight: 2 },
      })),
    })
    const assistant = await this.tooled()
    const thread = await this.thread('What is the price of one kilogram, if 2 kg cost 120?')
    const run = await this.settled(await this.run(thread.id, assistant.id, FORCED))
    modelMust(this, run.status !== 'completed', 'call the function')
    assert.equal(run.status, 'requires_action', JSON.stringify(run.last_error))
    return run
  }
  /** One such run for rows that change nothing; another one before it expires. */
  async sharedWaiting(): Promise<RunObject> {
    const run = await this.once('waiting', () => this.waiting())
    if ((run.expires_at ?? 0) * 1000 > Date.now() + MIN_LEFT_MS) return run
    this.#made.delete('waiting')
    return this.once('waiting', () => this.waiting())
  }

  /** A store of four text files, indexed, the last three by one batch. */
  filled(): Promise<Filled> {
    return this.once('filled', async () => {
      const store = await this.newStore({ name: 'Harbour' })
      const said = ['The harbour clock is blue.', 'Pears ripen in autumn.', 'Owls hunt at night.']
      const files: FileObject[] = []
      for (const [i, text] of [...said, 'Trains leave at nine.'].entries())
        files.push(await this.newFile(text, `note-${i}.txt`))
      const [first, ...rest] = files
      const path = `/vector_stores/${store.id}`
      await this.api.post(`${path}/files`, { file_id: first?.id, attributes: { shelf: 'A' } })
      await this.indexed(store.id, first?.id ?? '')
      const made = await this.api.post<FileBatchObject>(`${path}/file_batches`, {
        file_ids: rest.map(({ id }) => id),
      })
      const batch = await this.batchDone(store.id, made.id)
      return { store: await this.api.get<VectorStoreObject>(path), files, batch }
    })
  }

  indexed(storeId: string, fileId: string): Promise<StoreFileObject> {
    return this.#rested(`/vector_stores/${storeId}/files/${fileId}`)
  }
  batchDone(storeId: string, batchId: string): Promise<FileBatchObject> {
    return this.#rested(`/vector_stores/${storeId}/file_batches/${batchId}`)
  }

  async #rested<T extends { status: string }>(path: string): Promise<T> {
    const until = Date.now() + SETTLE_MS
    for (;;) {
      const found = await this.api.get<T>(path)
      if (found.status !== 'in_progress') return found
      assert.ok(Date.now() < until, `still in_progress: ${path}`)
      await sleep(this.target.script === null ? 1_000 : 40)
    }
  }
}

/** Makes any model call the function. */
export const FORCED = {
  tool_choice: { type: 'function', function: { name: 'unit_price' } },
} as const

/** The body of a submit with one output for each call. */
export const outputsOf = (run: RunObject, output = '60') => ({
  tool_outputs: (run.required_action?.submit_tool_outputs.tool_calls ?? []).map(({ id }) => ({
    tool_call_id: id,
    output,
  })),
})

export const pathOf = ({ thread_id, id }: RunObject): string => `/threads/${thread_id}/runs/${id}`

/**
 * The model did what it was asked to do.
 * @throws OwnWill when it is not scripted and did not, AssertionError when it is
 */
export function modelMust({ target }: Bench, did: unknown, what: string): asserts did {
  if (!did && target.script === null) throw new OwnWill(`the model did not ${what}`)
  assert.ok(did, `the model was made to ${what}, and nothing of it is to be seen`)
}
