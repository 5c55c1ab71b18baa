import assert from 'node:assert/strict'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { textOf, type Api, type Reply } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

/** What a run's model does: waits for its client once, answers at once, or fails. */
export type Way = 'asks' | 'answers' | 'fails'

export type LineCommand =
  | { do: 'message'; queue: boolean }
  | { do: 'run'; queue: boolean; way: Way; additional: number }
  | { do: 'finish' | 'cancel' }
  | { do: 'leave'; nth: number; kind: 'message' | 'run' }
  | { do: 'crowd'; clients: number; each: number; finish: boolean }

const MARK = /line-(\d+)-(asks|answers|fails)\./

interface ChatMessage {
  role: string
  content?: string | { text?: string }[] | null
}

const said = ({ content }: ChatMessage): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('')

/** A model whose runs go as their instructions say, and which keeps what each was first asked. */
export interface LineModel extends AsyncDisposable {
  readonly url: string
  /** Number of a run -> texts of the prompt, the system's aside. */
  readonly asked: ReadonlyMap<number, string[]>
}

export const startLineModel = async (): Promise<LineModel> => {
  const asked = new Map<number, string[]>()
  const model: ScriptedModel = await startScriptedModel({
    handler: ({ body }) => {
      const messages = (body.messages ?? []) as ChatMessage[]
      const [, number = '', way = ''] = MARK.exec(JSON.stringify(messages)) ?? []
      const run = Number(number)
      if (!asked.has(run)) {
        const talk = messages.filter(({ role }) => role !== 'system')
        asked.set(run, talk.map(said))
      }
      if (way === 'fails')
        return { status: 400, body: { error: { message: 'no', type: 'invalid_request_error' } } }
      if (way === 'asks' && messages.at(-1)?.role !== 'tool')
        return { toolCalls: [{ name: 'unit_price', arguments: { price: 1, weight: 1 } }] }
      return { text: `answer ${run}` }
    },
  })
  return { url: model.url, asked, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() }
}

interface KnownRun {
  run: RunObject
  way: Way
  number: number
}

/** One that waits: a message, or a run. */
type Waiting = { message: string; text: string } | { known: KnownRun }

let numbers = 0

/** One thread, and a model of its line: what is said, who is active, and who waits. Fails where the server differs. */
export class LineWorld {
  readonly #api: Api
  readonly #model: LineModel
  readonly #assistantId: string
  readonly #path: string
  readonly #threadId: string
  /** What the thread shows, oldest first. */
  readonly #said: string[] = []
  #line: Waiting[] = []
  #active: KnownRun | null = null
  #texts = 0

  constructor(api: Api, model: LineModel, assistantId: string, threadId: string) {
    this.#api = api
    this.#model = model
    this.#assistantId = assistantId
    this.#threadId = threadId
    this.#path = `/threads/${threadId}`
  }

  async take(command: LineCommand): Promise<void> {
    if (command.do === 'message') await this.#message(command.queue)
    else if (command.do === 'run') await this.#run(command)
    else if (command.do === 'leave') await this.#leave(command.nth, command.kind)
    else if (command.do === 'crowd') await this.#crowd(command)
    else if (this.#active !== null) await this.#end(command.do)
    await this.#check()
  }

  /** Lets everybody have a turn; then the thread is free. */
  async end(): Promise<void> {
    while (this.#active !== null) await this.#end('finish')
    await this.#check()
    await this.#message(false)
    await this.#check()
  }

  #text(what: string): string {
    this.#texts += 1
    return `${what} ${this.#texts}`
  }

  async #message(queue: boolean): Promise<void> {
    const text = this.#text('message')
    const body = { role: 'user', content: text, queue }
    const reply = await this.#api.request('POST', `${this.#path}/messages`, body)
    if (this.#active !== null && !queue)
      return this.#refused(
        reply,
        `Can't add messages to ${this.#threadId} while a run ${this.#active.run.id} is active.`,
      )
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    const message = reply.body as MessageObject
    assert.equal(message.melzi?.queued, this.#active === null ? undefined : true)
    if (this.#active === null) this.#said.push(text)
    else this.#line.push({ message: message.id, text })
  }

  #body(way: Way, texts: readonly string[], queue: boolean): { number: number; body: object } {
    numbers += 1
    const additional = texts.map((content) => ({ role: 'user', content }))
    const instructions = `line-${numbers}-${way}.`
    const body = {
      assistant_id: this.#assistantId,
      instructions,
      additional_messages: additional,
      queue,
    }
    return { number: numbers, body }
  }

  async #run({ queue, way, additional }: Extract<LineCommand, { do: 'run' }>): Promise<void> {
    const texts = Array.from({ length: additional }, () => this.#text('additional'))
    const { number, body } = this.#body(way, texts, queue)
    const reply = await this.#api.request('POST', `${this.#path}/runs`, body)
    if (this.#active !== null && !queue)
      return this.#refused(
        reply,
        `Thread ${this.#threadId} already has an active run ${this.#active.run.id}.`,
      )
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    const known: KnownRun = { run: reply.body as RunObject, way, number }
    assert.equal(known.run.status, 'queued')
    assert.equal(
      known.run.expires_at === null,
      this.#active !== null,
      'its time begins at its turn',
    )
    if (this.#active === null) {
      this.#said.push(...texts)
      return this.#begin(known)
    }
    // Ids of messages that came with a run are not told: nobody takes them back here.
    this.#line.push(...texts.map((text) => ({ message: '', text })), { known })
  }

  #refused(reply: Reply, message: string): void {
    assert.equal(reply.status, 400, JSON.stringify(reply.body))
    assert.equal((reply.body as { error: { message: string } }).error.message, message)
  }

  /** A run has its turn: one that asks nobody ends by itself, and the next one has its own. */
  async #begin(known: KnownRun): Promise<void> {
    const before = [...this.#said]
    known.run = await this.#api.settled(known.run)
    assert.deepEqual(this.#model.asked.get(known.number), before, 'what the run was asked')
    if (known.way === 'asks') {
      assert.equal(known.run.status, 'requires_action')
      this.#active = known
      return
    }
    assert.equal(known.run.status, known.way === 'fails' ? 'failed' : 'completed')
    if (known.way === 'answers') this.#said.push(`answer ${known.number}`)
    await this.#next()
  }

  /** What waits before the next run is said; that run begins. */
  async #next(): Promise<void> {
    for (;;) {
      const next = this.#line.shift()
      if (next === undefined) break
      if ('known' in next) return this.#begin(next.known)
      this.#said.push(next.text)
    }
    this.#active = null
  }

  async #end(how: 'finish' | 'cancel'): Promise<void> {
    const known = this.#active
    assert.ok(known)
    const path = `${this.#path}/runs/${known.run.id}`
    if (how === 'cancel') await this.#api.post(`${path}/cancel`)
    else {
      const calls = known.run.required_action?.submit_tool_outputs.tool_calls ?? []
      const outputs = calls.map(({ id }) => ({ tool_call_id: id, output: '1' }))
      await this.#api.post(`${path}/submit_tool_outputs`, { tool_outputs: outputs })
      this.#said.push(`answer ${known.number}`)
    }
    const run = await this.#api.settled(known.run)
    assert.equal(run.status, how === 'cancel' ? 'cancelled' : 'completed')
    await this.#next()
  }

  async #leave(nth: number, kind: 'message' | 'run'): Promise<void> {
    const some = this.#line.filter((one) =>
      kind === 'run' ? 'known' in one : 'message' in one && one.message !== '',
    )
    const chosen = some[nth % Math.max(1, some.length)]
    if (chosen === undefined) return
    this.#line = this.#line.filter((one) => one !== chosen)
    if ('known' in chosen) {
      const path = `${this.#path}/runs/${chosen.known.run.id}/cancel`
      const run = await this.#api.post<RunObject>(path)
      assert.equal(run.status, 'cancelled')
      return
    }
    const path = `${this.#path}/messages/${chosen.message}`
    await this.#api.delete(path)
    assert.equal((await this.#api.request('GET', path)).status, 404)
  }

  /** Several clients at once, while the active run ends: each one's own come in its order, and nothing is lost or doubled. */
  async #crowd({ clients, each, finish }: Extract<LineCommand, { do: 'crowd' }>): Promise<void> {
    const ending = finish && this.#active !== null ? this.#submitOnly() : Promise.resolve()
    const runs: RunObject[] = []
    const sent = Array.from({ length: clients }, async () => {
      const texts: string[] = []
      for (let nth = 0; nth < each; nth += 1) {
        const text = this.#text('crowd')
        texts.push(text)
        const message = { role: 'user', content: text, queue: true }
        if (nth % 2 === 0) await this.#api.post(`${this.#path}/messages`, message)
        else {
          const { body } = this.#body('answers', [text], true)
          runs.push(await this.#api.post<RunObject>(`${this.#path}/runs`, body))
        }
      }
      return texts
    })
    const chains = await Promise.all(sent)
    await ending
    await this.#settleCrowd(chains, runs)
  }

  async #submitOnly(): Promise<void> {
    const { run } = this.#active ?? assert.fail('nobody is active')
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? []
    const outputs = calls.map(({ id }) => ({ tool_call_id: id, output: '1' }))
    const path = `${this.#path}/runs/${run.id}/submit_tool_outputs`
    await this.#api.post(path, { tool_outputs: outputs })
  }

  /** Brings all there is to rest, and learns from the thread in which order the crowd came. */
  async #settleCrowd(chains: readonly string[][], runs: readonly RunObject[]): Promise<void> {
    const expected = [...this.#said]
    for (const one of this.#line) if ('text' in one) expected.push(one.text)
    let open: RunObject[] = []
    const known = [
      this.#active,
      ...this.#line.flatMap((one) => ('known' in one ? [one.known] : [])),
    ]
    for (const one of known) {
      if (one === null) continue
      this.#active = one
      one.run = await this.#api.settled(one.run)
      if (one.run.status === 'requires_action') await this.#submitOnly()
      one.run = await this.#api.settled(one.run)
      open = [...open, one.run]
    }
    for (const run of runs) open.push(await this.#api.settled(run))
    for (const { status } of open) assert.ok(status === 'completed' || status === 'failed', status)
    this.#active = null
    this.#line = []
    const list = (await this.#api.messages(this.#threadId)).map(textOf)
    for (const text of [...expected, ...chains.flat()])
      assert.equal(list.filter((one) => one === text).length, 1, `${text} is there once`)
    for (const chain of chains) {
      const places = chain.map((text) => list.indexOf(text))
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
        'first come, first served',
      )
    }
    const answers = list.filter((text) => text.startsWith('answer '))
    assert.equal(new Set(answers).size, answers.length, 'no run answers twice')
    this.#said.splice(0, this.#said.length, ...list)
  }

  /** The thread shows what had its turn and nothing else; what waits can be read, and says that it waits. */
  async #check(): Promise<void> {
    assert.deepEqual((await this.#api.messages(this.#threadId)).map(textOf), this.#said)
    for (const one of this.#line) {
      if ('known' in one) {
        const run = await this.#api.get<RunObject>(`${this.#path}/runs/${one.known.run.id}`)
        assert.deepEqual([run.status, run.expires_at, run.started_at], ['queued', null, null])
      } else if (one.message !== '') {
        const message = await this.#api.get<MessageObject>(`${this.#path}/messages/${one.message}`)
        assert.deepEqual([textOf(message), message.melzi?.queued], [one.text, true])
      }
    }
    if (this.#active === null) assert.deepEqual(this.#line, [], 'nobody waits for nobody')
  }
}
