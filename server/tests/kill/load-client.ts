import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { Key } from '../support/boot.ts'
import { readEvents, type WireEvent } from '../support/sse.ts'
import { KINDS, type Kind } from './load-model.ts'

/** What the server has acknowledged to a client, and so must never lose. */
export interface Acknowledged {
  threads: Set<string>
  /** Message id -> its thread and text. */
  messages: Map<string, { threadId: string; text: string }>
  /** Run id -> its thread, kind and token. */
  runs: Map<string, { threadId: string; kind: Kind; token: string }>
  /** Streams that a kill has cut, and those of them that were then read to their end by the events route. */
  cut: number
  resumed: number
  /** Runs a client has seen at their end. */
  finished: Set<string>
}

const ENDED = ['completed', 'incomplete', 'failed', 'cancelled', 'expired']
export const isEnded = (status: string): boolean => ENDED.includes(status)

/** The server is away; every request of a client that meets this is tried again or given up, as a real client would. */
class Away extends Error {
  override readonly name = 'Away'
}

export interface LoadClient {
  assistants: Record<Kind, string>
  acknowledged: Acknowledged
  /** Ends the client before its next conversation. */
  stop: AbortSignal
  /** Ends it where it is: the trial has failed. */
  abandoned: AbortSignal
}

/** One client: conversation after conversation until it is stopped; each is brought to its end, however often the server dies. */
export const runClient = async (key: Key, nth: number, client: LoadClient): Promise<void> => {
  for (let turn = nth; !client.stop.aborted; turn += 1) {
    const kind = KINDS[turn % KINDS.length] ?? 'text'
    await new Conversation(key, client, kind, turn % 2 === 0).hold()
    if (turn % 2 === 1) await new Conversation(key, client, 'text', false).holdBusy()
  }
}

class Conversation {
  readonly #key: Key
  readonly #client: LoadClient
  readonly #kind: Kind
  readonly #streams: boolean
  /** Of the question that is asked now. */
  #token = randomUUID()

  constructor(key: Key, client: LoadClient, kind: Kind, streams: boolean) {
    this.#key = key
    this.#client = client
    this.#kind = kind
    this.#streams = streams
  }

  async hold(): Promise<void> {
    try {
      const thread = await this.#post<ThreadObject>('/threads', {})
      this.#client.acknowledged.threads.add(thread.id)
      await this.#ask(thread.id)
      const runId = await this.#start(thread.id)
      if (runId !== null) await this.#follow(thread.id, runId)
    } catch (error) {
      // What was not acknowledged is given up; a new conversation begins.
      if (!(error instanceof Away)) throw error
      await sleep(50)
    }
  }

  /** Asks several questions at once, each with a run of its own: all but the first wait in the thread's line. */
  async holdBusy(): Promise<void> {
    const started: string[] = []
    const thread = { id: '' }
    try {
      thread.id = (await this.#post<ThreadObject>('/threads', {})).id
      this.#client.acknowledged.threads.add(thread.id)
      for (let nth = 0; nth < 4; nth += 1) {
        this.#token = randomUUID()
        await this.#ask(thread.id, nth > 0)
        const run = await this.#start(thread.id, nth > 0)
        if (run !== null) started.push(run)
      }
    } catch (error) {
      if (!(error instanceof Away)) throw error
      await sleep(50)
    }
    for (const run of started) await this.#follow(thread.id, run)
  }

  async #ask(threadId: string, queue = false): Promise<void> {
    const text = `${this.#kind} ${this.#token}`
    const message = await this.#post<MessageObject>(`/threads/${threadId}/messages`, {
      role: 'user',
      content: text,
      ...(queue && { queue }),
    })
    this.#client.acknowledged.messages.set(message.id, { threadId, text })
  }

  /** Starts the run, streamed or not. Gives its id once the server has told it. */
  async #start(threadId: string, queue = false): Promise<string | null> {
    const token = this.#token
    const body = { assistant_id: this.#client.assistants[this.#kind], ...(queue && { queue }) }
    const path = `/threads/${threadId}/runs`
    const acknowledge = ({ id }: RunObject) =>
      this.#client.acknowledged.runs.set(id, { threadId, kind: this.#kind, token })
    if (!this.#streams) {
      const run = await this.#post<RunObject>(path, body)
      acknowledge(run)
      return run.id
    }
    return this.#readStream(await this.#send('POST', path, { ...body, stream: true }), acknowledge)
  }

  /** Reads a POST stream as far as it goes; one that breaks off is counted, and read again from the events route. */
  async #readStream(
    response: Response,
    acknowledge?: (run: RunObject) => void,
  ): Promise<string | null> {
    let run: RunObject | null = null
    try {
      assert.equal(response.status, 200, `stream: ${response.status}`)
      assert.ok(response.body)
      for await (const { event, data } of readEvents(response.body)) {
        if (!event.startsWith('thread.run.') || event.startsWith('thread.run.step.')) continue
        if (run === null) acknowledge?.(data as RunObject)
        run = data as RunObject
      }
    } catch (error) {
      if (error instanceof assert.AssertionError && !/blank line/.test(error.message)) throw error
      this.#client.acknowledged.cut += 1
      if (run === null)
        throw new Away('the stream was cut before its first event', { cause: error })
      if (this.#kind !== 'client') await this.#resume(run.thread_id, run.id)
    }
    return run?.id ?? null
  }

  /** A cut stream goes on by the events route, and ends there with the run's end and `done`. */
  async #resume(threadId: string, runId: string): Promise<void> {
    for (;;) {
      try {
        const response = await this.#send('GET', `/threads/${threadId}/runs/${runId}/events`)
        assert.equal(response.status, 200)
        assert.ok(response.body)
        const names = await eventNames(response.body)
        assert.equal(names.at(-1), 'done', names.join(' '))
        assert.ok(isEnded((names.at(-2) ?? '').slice('thread.run.'.length)), names.join(' '))
        this.#client.acknowledged.resumed += 1
        return
      } catch (error) {
        if (error instanceof assert.AssertionError && !/blank line/.test(error.message)) throw error
        this.#client.abandoned.throwIfAborted()
        await sleep(50) // killed again, or not back yet
      }
    }
  }

  async #follow(threadId: string, runId: string): Promise<void> {
    const path = `/threads/${threadId}/runs/${runId}`
    for (;;) {
      try {
        const run = await this.#get<RunObject>(path)
        if (isEnded(run.status)) {
          this.#client.acknowledged.finished.add(runId)
          return
        }
        if (run.status === 'requires_action') await this.#submit(path, run)
      } catch (error) {
        if (!(error instanceof Away)) throw error
      }
      await sleep(60)
    }
  }

  async #submit(path: string, run: RunObject): Promise<void> {
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? []
    const body = { tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output: 'given' })) }
    const to = `${path}/submit_tool_outputs`
    if (this.#streams)
      await this.#readStream(await this.#send('POST', to, { ...body, stream: true }))
    else await this.#post(to, body)
  }

  async #get<T>(path: string): Promise<T> {
    return (await json(await this.#send('GET', path))) as T
  }

  async #post<T>(path: string, body: object): Promise<T> {
    return (await json(await this.#send('POST', path, body))) as T
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    this.#client.abandoned.throwIfAborted()
    try {
      return await fetch(this.#key.baseUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${this.#key.apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.any([AbortSignal.timeout(60_000), this.#client.abandoned]),
      })
    } catch (cause) {
      throw new Away(`${method} ${path}`, { cause })
    }
  }
}

const json = async (response: Response): Promise<unknown> => {
  let text: string
  try {
    text = await response.text()
  } catch (cause) {
    throw new Away('the answer was cut', { cause })
  }
  if (response.status === 503) throw new Away(text)
  assert.equal(response.status, 200, text)
  return JSON.parse(text)
}

const eventNames = async (body: ReadableStream<Uint8Array>): Promise<string[]> => {
  const names: string[] = []
  const reader: AsyncIterable<Pick<WireEvent, 'event'>> = looseEvents(body)
  for await (const { event } of reader) names.push(event)
  return names
}

/** Events whose id line may be missing: an end made up from the store has none, and neither has `done`. */
async function* looseEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Pick<WireEvent, 'event'>> {
  let text = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = /^event: (\S+)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (event !== undefined) yield { event }
    }
  }
}
