import assert from 'node:assert/strict'
import type { ListReply } from '@melzi/contract/list.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import { textOf, type Api, type Reply } from '../support/factories.ts'
import { assertLawfulStream } from '../support/lawful-stream.ts'
import type { WireEvent } from '../support/sse.ts'
import { checkPage, readAll, walk, type PageAsked } from './list-laws.ts'
import type { PlannedModel } from './planned-model.ts'
import { checkRun, isEnded } from './run-laws.ts'
import type { Command, Plan } from './thread-commands.ts'

type Of<Name extends Command['do']> = Extract<Command, { do: Name }>

/** A message a client has made; `id` is null for one that came with a run. */
interface Kept {
  id: string | null
  text: string
}

/** A run as its client knows it. */
export interface KnownRun {
  run: RunObject
  plan: Plan
  /** Tool rounds still to come. */
  left: number
  /** Somebody asked for its end, and was heard. */
  cancelled: boolean
}

/** One thread and what its clients know of it: takes commands, and fails where the server does what it must not (behaviour.md 3, 7 to 9). */
export class ThreadWorld {
  readonly #api: Api
  readonly #model: PlannedModel
  readonly #assistantId: string
  readonly #path: string
  readonly #threadId: string
  readonly #kept: Kept[] = []
  readonly #runs: KnownRun[] = []
  /** The run that holds the thread, as far as is known: it may have ended since. */
  #active: KnownRun | null = null

  constructor(api: Api, model: PlannedModel, assistantId: string, threadId: string) {
    this.#api = api
    this.#model = model
    this.#assistantId = assistantId
    this.#threadId = threadId
    this.#path = `/threads/${threadId}`
  }

  async take(command: Command): Promise<void> {
    switch (command.do) {
      case 'message':
        await this.#write(command.role, command.text)
        break
      case 'delete':
        await this.#delete(command.nth)
        break
      case 'mark':
        await this.#mark(command.nth)
        break
      case 'run':
        await this.#run(command)
        break
      case 'submit':
        await this.#submit(command)
        break
      case 'cancel':
        await this.#cancel()
        break
      case 'rest':
        await this.#rest()
        break
      case 'race':
        await this.#race(command)
        break
      case 'page':
        await this.#page(command)
        break
      case 'walk':
        await this.#walk(command)
        break
    }
    await this.#checkActive()
  }

  /** Brings the thread to rest and holds all that was made against the rules. */
  async end(): Promise<void> {
    await this.#rest()
    if (this.#active !== null) await this.#cancel()
    await this.#checkMessages()
    const messages = await this.#all<MessageObject>('messages')
    const ids = messages.map(({ id }) => id)
    for (const known of this.#runs) {
      const run = await this.#get(known)
      const steps = await this.#all<RunStepObject>(`runs/${run.id}/steps`)
      const written = messages.filter((one) => one.run_id === run.id && one.assistant_id !== null)
      checkRun({ ...known, run }, steps, written)
      ids.push(run.id, ...steps.map(({ id }) => id))
    }
    assert.equal(new Set(ids).size, ids.length, 'ids are unique')
    await this.#write('user', 'the thread is free')
    await this.#checkMessages()
  }

  async #write(role: 'user' | 'assistant', text: string): Promise<void> {
    const path = `${this.#path}/messages`
    const reply = await this.#api.request('POST', path, { role, content: text })
    if (reply.status !== 200) return this.#refusedWrite(reply)
    await this.#mustBeFree('a message was taken')
    this.#kept.push({ id: (reply.body as MessageObject).id, text })
  }

  #refusedWrite(reply: Reply): void {
    const run = this.#active?.run.id
    assert.ok(run, `a free thread takes messages: ${JSON.stringify(reply.body)}`)
    this.#refused(reply, `Can't add messages to ${this.#threadId} while a run ${run} is active.`)
  }

  #refused(reply: Reply, message: string | RegExp): void {
    assert.equal(reply.status, 400, JSON.stringify(reply.body))
    const said = (reply.body as { error: { message: string } }).error.message
    if (typeof message === 'string') assert.equal(said, message)
    else assert.match(said, message)
  }

  /** What only a free thread does was done: the run that held it must have ended. */
  async #mustBeFree(why: string): Promise<void> {
    if (this.#active === null) return
    const run = await this.#get(this.#active)
    assert.ok(isEnded(run), `${why} while ${run.id} is ${run.status}`)
    this.#active = null
  }

  async #get(known: KnownRun): Promise<RunObject> {
    known.run = await this.#api.get<RunObject>(`${this.#path}/runs/${known.run.id}`)
    return known.run
  }

  async #delete(nth: number): Promise<void> {
    const own = this.#kept.filter(({ id }) => id !== null)
    const chosen = own[nth % Math.max(1, own.length)]
    if (chosen === undefined) return
    const path = `${this.#path}/messages/${chosen.id}`
    const reply = await this.#api.request('DELETE', path)
    if (reply.status !== 200) return this.#refusedWrite(reply)
    await this.#mustBeFree('a message was deleted')
    this.#kept.splice(this.#kept.indexOf(chosen), 1)
    assert.equal((await this.#api.request('DELETE', path)).status, 404)
    assert.equal((await this.#api.request('GET', path)).status, 404)
  }

  /** Metadata may be changed whatever the thread does, and nothing else changes with it. */
  async #mark(nth: number): Promise<void> {
    const own = this.#kept.filter(({ id }) => id !== null)
    const chosen = own[nth % Math.max(1, own.length)]
    if (chosen === undefined) return
    const path = `${this.#path}/messages/${chosen.id}`
    const before = await this.#api.get<MessageObject>(path)
    const metadata = { mark: String(nth) }
    assert.deepEqual(await this.#api.post(path, { metadata }), { ...before, metadata })
  }

  async #run({ plan, stream, additional }: Of<'run'>): Promise<void> {
    const texts = Array.from({ length: additional }, (_, i) => `additional ${i}`)
    const body = {
      assistant_id: this.#assistantId,
      instructions: this.#model.instructions(plan),
      additional_messages: texts.map((content) => ({ role: 'user', content })),
    }
    const path = `${this.#path}/runs`
    const begun = (run: RunObject): KnownRun => {
      const known = { run, plan, left: plan.rounds.length, cancelled: false }
      this.#runs.push(known)
      this.#kept.push(...texts.map((text) => ({ id: null, text })))
      this.#active = known
      return known
    }
    // A stream needs a thread that is known to be free: a refusal is no stream.
    if (stream && this.#active === null) {
      await this.#follow(this.#api.stream(path, body), begun)
      return
    }
    const reply = await this.#api.request('POST', path, body)
    if (reply.status !== 200) {
      const run = this.#active?.run.id
      assert.ok(run, `a free thread takes runs: ${JSON.stringify(reply.body)}`)
      this.#refused(reply, `Thread ${this.#threadId} already has an active run ${run}.`)
      return
    }
    await this.#mustBeFree('a run was taken')
    const run = reply.body as RunObject
    assert.equal(run.status, 'queued')
    begun(run)
  }

  /** Reads a stream to its end; where the model hangs, somebody cancels the run. */
  async #follow(
    stream: AsyncIterable<WireEvent>,
    begin: (run: RunObject) => KnownRun,
    waitingStepId?: string,
  ): Promise<void> {
    const events: WireEvent[] = []
    let known: KnownRun | null = null
    for await (const event of stream) {
      events.push(event)
      if (/^thread\.run\.[a-z_]+$/.test(event.event)) {
        known ??= begin(event.data as RunObject)
        known.run = event.data as RunObject
      }
      const hangs = known?.plan.end === 'hang' && known.left === 0 && !known.cancelled
      if (known === null || !hangs || event.event !== 'thread.message.delta') continue
      await this.#api.post(`${this.#path}/runs/${known.run.id}/cancel`)
      known.cancelled = true
    }
    assertLawfulStream(events, waitingStepId === undefined ? {} : { waitingStepId })
    assert.ok(known !== null && (isEnded(known.run) || known.run.status === 'requires_action'))
    assert.equal((await this.#get(known)).status, known.run.status)
    if (isEnded(known.run)) this.#active = null
  }

  /** Waits until the active run rests, unless its model hangs. */
  async #rest(): Promise<void> {
    const known = this.#active
    if (known === null) return
    if (known.plan.end === 'hang' && known.left === 0 && !known.cancelled) return
    known.run = await this.#api.settled(known.run)
    if (known.run.status === 'requires_action') assert.ok(known.left > 0, 'a tool round was left')
    else this.#active = null
  }

  async #submit({ stream, fault }: Of<'submit'>): Promise<void> {
    await this.#rest()
    const known = this.#active ?? this.#runs.at(-1)
    if (known === undefined) return
    const path = `${this.#path}/runs/${known.run.id}/submit_tool_outputs`
    const calls = known.run.required_action?.submit_tool_outputs.tool_calls ?? []
    const right = calls.map(({ id }) => ({ tool_call_id: id, output: `output of ${id}` }))
    const foreign = { tool_call_id: 'call_nobody', output: '' }
    if (known.run.status !== 'requires_action') {
      const reply = await this.#api.request('POST', path, { tool_outputs: [foreign] })
      const status = isEnded(known.run) ? known.run.status : '(queued|in_progress)'
      this.#refused(reply, new RegExp(`^Runs in status "${status}" do not accept tool outputs.$`))
      return
    }
    if (fault !== 'none') {
      const wrong = { missing: right.slice(1), foreign: [...right, foreign], twice: twice(right) }
      const reply = await this.#api.request('POST', path, { tool_outputs: wrong[fault] })
      this.#refused(reply, /^Expected tool outputs for call_ids \[/)
      assert.equal((await this.#get(known)).status, 'requires_action')
      return
    }
    const body = { tool_outputs: right.toReversed() }
    known.left -= 1
    if (!stream) {
      known.run = await this.#api.post<RunObject>(path, body)
      assert.deepEqual([known.run.status, known.run.required_action], ['queued', null])
      return
    }
    const open = (await this.#all<RunStepObject>(`runs/${known.run.id}/steps`)).at(-1)
    assert.equal(open?.status, 'in_progress')
    await this.#follow(this.#api.stream(path, body), () => known, open?.id)
  }

  async #cancel(): Promise<void> {
    const known = this.#active ?? this.#runs.at(-1)
    if (known === undefined) return
    const reply = await this.#api.request('POST', `${this.#path}/runs/${known.run.id}/cancel`)
    if (reply.status !== 200) {
      const run = await this.#get(known)
      assert.ok(isEnded(run), `a run that goes on can be cancelled: ${JSON.stringify(reply.body)}`)
      this.#refused(reply, `Cannot cancel run with status '${run.status}'.`)
    } else {
      assert.equal(known, this.#active, 'only a run that has not ended is cancelled')
      assert.equal((reply.body as RunObject).status, 'cancelling')
      known.cancelled = true
      known.run = await this.#api.settled(known.run)
      assert.ok(isEnded(known.run), known.run.status)
    }
    this.#active = null
  }

  /** Several clients at once: one run gets the thread, and no message comes in after it. */
  async #race({ runs, messages }: Of<'race'>): Promise<void> {
    await this.#rest()
    const before = this.#active
    const plan: Plan = { rounds: [], end: 'hang', pieces: 1, usage: null }
    const wanted = Array.from({ length: runs }, () => ({
      assistant_id: this.#assistantId,
      instructions: this.#model.instructions(plan),
    }))
    const [started, written] = await Promise.all([
      Promise.all(wanted.map((body) => this.#api.request('POST', `${this.#path}/runs`, body))),
      Promise.all(
        Array.from({ length: messages }, (_, i) =>
          this.#api.request('POST', `${this.#path}/messages`, {
            role: 'user',
            content: `race ${i}`,
          }),
        ),
      ),
    ])
    const taken = started.filter(({ status }) => status === 200)
    assert.equal(taken.length, before === null ? 1 : 0, 'one run gets a free thread, none a held')
    const won = taken[0]
    if (won !== undefined) {
      const known = { run: won.body as RunObject, plan, left: 0, cancelled: false }
      this.#runs.push(known)
      this.#active = known
    }
    const id = this.#active?.run.id
    for (const reply of started.filter((one) => one !== won))
      this.#refused(reply, `Thread ${this.#threadId} already has an active run ${id}.`)
    for (const reply of written) {
      if (reply.status !== 200) this.#refusedWrite(reply)
      else assert.equal(before, null, 'no message comes into a held thread')
    }
    await this.#keepAll(written.filter(({ status }) => status === 200))
    if (won !== undefined) await this.#cancel()
  }

  /** Messages whose order only the server knows: whatever it is, it stays. */
  async #keepAll(replies: readonly Reply[]): Promise<void> {
    const made = new Map(
      replies.map(({ body }) => [(body as MessageObject).id, body as MessageObject]),
    )
    const listed = (await this.#all<MessageObject>('messages')).filter(({ id }) => made.has(id))
    assert.equal(listed.length, made.size, 'every message that was taken is there')
    this.#kept.push(...listed.map((one) => ({ id: one.id, text: textOf(one) })))
  }

  async #page(asked: Of<'page'>): Promise<void> {
    await this.#rest()
    const writes = this.#active !== null && this.#active.run.status !== 'requires_action'
    const last = this.#runs.at(-1)
    if (writes || (asked.of === 'steps' && last === undefined)) return
    const what = asked.of === 'steps' ? `runs/${last?.run.id}/steps` : asked.of
    const page: PageAsked = asked
    const path = `${this.#path}/${what}`
    await checkPage(this.#api, path, page, await readAll(this.#api, path))
  }

  async #walk(asked: Of<'walk'>): Promise<void> {
    await this.#rest()
    const path = `${this.#path}/messages`
    const replies = await walk(this.#api, path, asked, () =>
      this.#api.request('POST', path, { role: 'user', content: 'meanwhile' }),
    )
    const refused = replies.find(({ status }) => status !== 200)
    if (refused !== undefined) this.#refusedWrite(refused)
    const taken = replies.filter(({ status }) => status === 200)
    if (taken.length > 0) await this.#mustBeFree('messages were taken')
    await this.#keepAll(taken)
  }

  /** Oldest first, by small pages. */
  async #all<T extends { id: string }>(what: string): Promise<T[]> {
    const items: T[] = []
    for (;;) {
      const last = items.at(-1)
      const after = last === undefined ? '' : `&after=${last.id}`
      const path = `${this.#path}/${what}?order=asc&limit=40${after}`
      const page = await this.#api.get<ListReply<T>>(path)
      items.push(...page.data)
      if (!page.has_more) return items
    }
  }

  async #checkActive(): Promise<void> {
    const page = await this.#api.get<ListReply<RunObject>>(`${this.#path}/runs?limit=100`)
    const open = page.data.filter((run) => !isEnded(run)).map(({ id }) => id)
    const allowed = this.#active === null ? [] : [this.#active.run.id]
    assert.ok(
      open.every((id) => allowed.includes(id)),
      `${open.join()} active, of which ${allowed.join()} is known`,
    )
  }

  /** What clients made is there, in their order; what runs made stands in the order of the runs. */
  async #checkMessages(): Promise<void> {
    const messages = await this.#all<MessageObject>('messages')
    const own = messages.filter((one) => one.assistant_id === null)
    assert.deepEqual(
      own.map(textOf),
      this.#kept.map(({ text }) => text),
    )
    for (const [i, { id }] of this.#kept.entries()) if (id !== null) assert.equal(own[i]?.id, id)
    const order = this.#runs.map(({ run }) => run.id)
    const places = messages.flatMap(({ run_id }) => (run_id === null ? [] : order.indexOf(run_id)))
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      'messages of a run come before those of the next',
    )
  }
}

const twice = <T>(items: readonly T[]): T[] => [...items, ...items.slice(0, 1)]
