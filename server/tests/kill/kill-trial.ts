import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, SANDBOX_CACHE, type BootedServer } from '../support/boot.ts'
import { Api, textOf } from '../support/factories.ts'
import { lookAtStore, type StorePlace, type StoreView } from '../support/look-at-store.ts'
import { usePostgres } from '../support/postgres.ts'
import { startCounter, type Counter } from './counter.ts'
import { isEnded, runClient, type Acknowledged } from './load-client.ts'
import { answerTo, startLoadModel } from './load-model.ts'

/** From the issue: so long after a restart every run goes on, in a new attempt, or rests. */
const GOES_ON_MS = 20_000
/** A run that goes on also comes to rest: its plugin calls queue for a sandbox that has just been started, on a machine under load. */
const RESTS_MS = 120_000

export interface TrialOptions {
  engine: 'sqlite' | 'postgres'
  kills: number
  clients: number
  /** After which kills the runs of the dead process are waited for, so that the next kill does not meet them again. */
  settleEvery: number
}

/** Of one answer of the scripted model. */
const TURN_TOKENS = 15

interface Cost {
  prompt_tokens: number
  completion_tokens: number
}

/** A run in the middle of its work when the server was killed. */
interface Interrupted {
  id: string
  attempt: number
}

/** For docs/reliability.md. */
export interface TrialReport {
  kills: number
  threads: number
  messages: number
  runs: number
  cutStreams: number
  resumedStreams: number
  /** Executions of plugins whose output was stored already; must be 0. */
  repeatedCalls: number
  storedCalls: number
  /** ms from the restarted server's readiness until a run that the kill interrupted rested. */
  recoveryMs: { runs: number; p50: number; max: number }
}

/**
 * Load from several clients on one server that is killed with SIGKILL at random moments and started again.
 * @throws AssertionError for whatever the server acknowledged and lost, left locked, left open or did twice
 */
export const killTrial = async (options: TrialOptions): Promise<TrialReport> => {
  await using stack = new AsyncDisposableStack()
  const counter = stack.use(await startCounter())
  const model = stack.use(await startLoadModel(12))
  const databaseUrl = options.engine === 'postgres' ? await freshDatabase(stack) : null
  const server = stack.use(
    await bootServer({
      model: { url: model.url },
      sandbox: true,
      env: {
        ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
        MELZI_ALLOW_INTERNAL_HOSTS: counter.host,
        MELZI_SANDBOX_CACHE: SANDBOX_CACHE,
      },
    }),
  )
  const trial = new Trial(server, counter, placeOf(server, databaseUrl))
  await trial.prepare()
  // Awaited here: the server must not be disposed of before.
  return await trial.run(options)
}

const freshDatabase = async (stack: AsyncDisposableStack): Promise<string> => {
  const postgres = stack.use(await usePostgres())
  return stack.use(await postgres.createDatabase()).url
}

const placeOf = (server: BootedServer, databaseUrl: string | null): StorePlace =>
  databaseUrl === null
    ? { kind: 'sqlite', file: path.join(server.dataDir, 'melzi.db') }
    : { kind: 'postgres', url: databaseUrl, poolSize: 2 }

class Trial {
  readonly #server: BootedServer
  readonly #counter: Counter
  readonly #place: StorePlace
  readonly #api: Api
  readonly #acknowledged: Acknowledged = {
    threads: new Set(),
    messages: new Map(),
    runs: new Map(),
    cut: 0,
    resumed: 0,
    finished: new Set(),
  }
  #assistants = { text: '', client: '', server: '' }
  /** Token of a plugin call whose output is stored -> executions when that was seen. */
  readonly #storedCalls = new Map<string, number>()
  readonly #recoveryMs: number[] = []

  constructor(server: BootedServer, counter: Counter, place: StorePlace) {
    this.#server = server
    this.#counter = counter
    this.#place = place
    this.#api = new Api(server)
  }

  async prepare(): Promise<void> {
    const token = { type: 'object', properties: { token: { type: 'string' } } } as const
    const tool = { type: 'function', function: { name: 'ask_client', parameters: token } } as const
    this.#assistants = {
      text: (await this.#api.assistant()).id,
      client: (await this.#api.assistant({ tools: [tool] })).id,
      server: await this.#importServerRun(),
    }
  }

  async run({ kills, clients, settleEvery }: TrialOptions): Promise<TrialReport> {
    const stop = new AbortController()
    const abandoned = new AbortController()
    const load = Promise.all(
      Array.from({ length: clients }, (_, nth) =>
        runClient(this.#server, nth, {
          assistants: this.#assistants,
          acknowledged: this.#acknowledged,
          stop: stop.signal,
          abandoned: abandoned.signal,
        }),
      ),
    )
    // A client that fails ends the trial at once.
    load.catch(() => stop.abort())
    try {
      for (let kill = 1; kill <= kills && !stop.signal.aborted; kill += 1) {
        await sleep(250 + Math.random() * 1_000)
        await this.#server.kill('SIGKILL')
        const interrupted = await this.#lookAtDead()
        await this.#server.restart()
        await this.#checkAcknowledged()
        if (kill % settleEvery === 0) await this.#settle(interrupted)
      }
      stop.abort()
      await load
      await this.#checkEnd()
      return this.#report(kills)
    } finally {
      stop.abort()
      abandoned.abort()
      await Promise.allSettled([load])
    }
  }

  async #importServerRun(): Promise<string> {
    const dir = await mkdtemp(path.join(tmpdir(), 'melzi-kill-'))
    try {
      const file = path.join(dir, 'assistant.json')
      const assistant = {
        format: 'melzi.assistant/1',
        model: 'scripted',
        plugin_mode: 'server',
        plugins: [this.#counter.pluginFile()],
      }
      await writeFile(file, JSON.stringify(assistant))
      const made = await this.#server.cli('assistant', 'import', file, '--json')
      return (JSON.parse(made) as { id: string }).id
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }

  /** While the server is dead: which runs it left in the middle, and which plugin calls must not be made again. */
  #lookAtDead(): Promise<Interrupted[]> {
    return lookAtStore(this.#place, async (store) => {
      const calls = await store.all<{ arguments: string }>(
        "select arguments from plugin_calls where status = 'completed'",
      )
      for (const call of calls) {
        const { token } = JSON.parse(call.arguments) as { token: string }
        const count = this.#counter.counts.get(token) ?? 0
        if (!this.#storedCalls.has(token)) this.#storedCalls.set(token, count)
        assert.equal(count, this.#storedCalls.get(token), `plugin call ${token} was made again`)
      }
      const open = await store.all<Interrupted & { steps: number }>(
        `select runs.id, runs.attempt, (select count(*) from run_steps where run_steps.run_id = runs.id and run_steps.status = 'in_progress') as steps
         from runs where runs.status in ('queued', 'in_progress', 'cancelling') and runs.place is null`,
      )
      assert.deepEqual(
        await store.all(LINES_THAT_ARE_WRONG),
        [],
        'a line is not what it is counted as',
      )
      for (const { id, steps } of open) assert.ok(steps <= 1, `${id} has ${steps} open steps`)
      return open
    })
  }

  async #checkAcknowledged(): Promise<void> {
    // Noted before the look: the clients go on meanwhile.
    const threads = [...this.#acknowledged.threads]
    const messages = [...this.#acknowledged.messages.keys()]
    const runs = [...this.#acknowledged.runs.keys()]
    const stored = await lookAtStore(this.#place, async (store) => ({
      threads: await idsOf(store, 'threads'),
      messages: await idsOf(store, 'messages'),
      runs: await idsOf(store, 'runs'),
    }))
    for (const id of threads) assert.ok(stored.threads.has(id), `thread ${id} is lost`)
    for (const id of messages) assert.ok(stored.messages.has(id), `message ${id} is lost`)
    for (const id of runs) assert.ok(stored.runs.has(id), `run ${id} is lost`)
  }

  /** Waits until the runs that the kill interrupted rest, and keeps how long each took. */
  async #settle(interrupted: readonly Interrupted[]): Promise<void> {
    const begun = performance.now()
    const left = new Map(interrupted.map(({ id, attempt }) => [id, attempt]))
    while (left.size > 0) {
      const rows = await lookAtStore(this.#place, (store) =>
        store.all<Interrupted & { status: string }>(
          'select id, status, attempt, plugin_mode from runs',
        ),
      )
      const ms = performance.now() - begun
      for (const { id, status } of rows) {
        if (!left.has(id) || !(isEnded(status) || status === 'requires_action')) continue
        left.delete(id)
        this.#recoveryMs.push(ms)
      }
      const late = rows.filter(({ id }) => left.has(id))
      const idle = late.filter(({ id, attempt }) => attempt <= (left.get(id) ?? 0))
      assert.ok(idle.length === 0 || ms < GOES_ON_MS, `not gone on: ${JSON.stringify(idle)}`)
      assert.ok(left.size === 0 || ms < RESTS_MS, `late: ${JSON.stringify(late)}`)
      if (left.size > 0) await sleep(100)
    }
  }

  async #checkEnd(): Promise<void> {
    await this.#checkAcknowledged()
    const { messages, runs } = this.#acknowledged
    await this.#lookAtDead()
    await lookAtStore(this.#place, async (store) => {
      const none = async (what: string, sql: string) =>
        assert.deepEqual(await store.all(sql), [], what)
      await none(
        'a run goes on for ever',
        "select id, status from runs where status in ('queued', 'in_progress', 'cancelling') or (due_ms is not null and status <> 'requires_action')",
      )
      await none(
        'a thread stays locked',
        `select threads.id from threads left join runs on runs.id = threads.active_run_id
         where threads.active_run_id is not null and (runs.id is null or runs.status <> 'requires_action')`,
      )
      await none(
        'an ended run has an open step',
        `select runs.id from runs join run_steps on run_steps.run_id = runs.id
         where run_steps.status = 'in_progress' and runs.status <> 'requires_action'`,
      )
      await none(
        'what a plugin asked of the model is counted nowhere',
        `select plugin_calls.id from plugin_calls join runs on runs.id = plugin_calls.run_id
         where plugin_calls.model_usage is not null and plugin_calls.usage_step_id is null and runs.status = 'completed'`,
      )
      await this.#checkCosts(store)
      await this.#checkLedger(store)
      await none('somebody waits for a turn', 'select id from threads where waiting <> 0')
      await none('a message stays open', "select id from messages where status = 'in_progress'")
    })
    for (const [id, { threadId, text }] of messages) {
      const message = await this.#api.get<MessageObject>(`/threads/${threadId}/messages/${id}`)
      assert.equal(textOf(message), text)
      assert.equal(message.melzi, undefined, `${id} has had its turn`)
      const listed = (await this.#api.messages(threadId)).filter((one) => one.id === id)
      assert.equal(listed.length, 1, `${id} is there once`)
    }
    for (const [id, { threadId, token }] of runs) await this.#checkRun(id, threadId, token)
  }

  /** A tool step has cost its own turn, and what its plugins asked: each question once. */
  async #checkCosts(store: StoreView): Promise<void> {
    const calls = await store.all<{ step: string; cost: string }>(
      'select usage_step_id as step, model_usage as cost from plugin_calls where usage_step_id is not null',
    )
    const asked = new Map<string, number>()
    for (const { step, cost } of calls) {
      const { prompt_tokens: prompt, completion_tokens: completion } = JSON.parse(cost) as Cost
      asked.set(step, (asked.get(step) ?? 0) + prompt + completion)
    }
    const steps = await store.all<{ id: string; usage: string }>(
      "select id, usage from run_steps where type = 'tool_calls' and status = 'completed'",
    )
    for (const { id, usage } of steps) {
      const cost = JSON.parse(usage) as { promptTokens: number; completionTokens: number }
      const total = cost.promptTokens + cost.completionTokens
      assert.equal(total, TURN_TOKENS + (asked.get(id) ?? 0), `the cost of ${id}`)
    }
  }

  /** Every completed run's tokens stand in the ledger once, and so does every plugin call that ended. */
  async #checkLedger(store: StoreView): Promise<void> {
    const runs = await store.all<{ id: string; usage: string; counted: number | string | null }>(
      `select id, usage, (
         select sum(prompt_tokens + completion_tokens) from usage_entries
         where usage_entries.run_id = runs.id and not (kind = 'run' and estimated = 1)
           and source not in (select id from run_steps where status = 'failed')
       ) as counted from runs where status = 'completed'`,
    )
    assert.ok(runs.length > 0, 'runs were completed')
    for (const { id, usage, counted } of runs) {
      const cost = JSON.parse(usage) as { promptTokens: number; completionTokens: number }
      assert.equal(Number(counted), cost.promptTokens + cost.completionTokens, `ledger of ${id}`)
    }
    const wrong = await store.all(
      `select plugin_calls.id, count(usage_entries.source) as entries from plugin_calls
       left join usage_entries on usage_entries.source = plugin_calls.id
       group by plugin_calls.id, plugin_calls.status
       having count(usage_entries.source) <> case when plugin_calls.status = 'started' then 0 else 1 end`,
    )
    assert.deepEqual(wrong, [], 'plugin calls that the ledger has not once')
  }

  /** A finished run has its whole answer once, lawful steps, and lets its thread be written to. */
  async #checkRun(id: string, threadId: string, token: string): Promise<void> {
    const run = await this.#api.get<RunObject>(`/threads/${threadId}/runs/${id}`)
    assert.equal(run.status, 'completed', `${id} ${JSON.stringify(run)}`)
    assert.ok(this.#acknowledged.finished.has(id) || this.#acknowledged.cut > 0)
    const written = (await this.#api.messages(threadId)).filter(({ run_id }) => run_id === id)
    const whole = written.filter((message) => textOf(message) === answerTo(token))
    assert.equal(whole.length, 1, `${id} answers once: ${JSON.stringify(written)}`)
    assert.equal(written.at(-1)?.id, whole[0]?.id, 'the answer comes last')
    const steps = await this.#api.steps(run)
    const spent = steps.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0)
    assert.equal(run.usage?.total_tokens, spent, `${id} has cost what its steps have`)
    const made = steps.flatMap(({ step_details: details }) =>
      details.type === 'message_creation' ? [details.message_creation.message_id] : [],
    )
    assert.deepEqual(
      made,
      written.map((message) => message.id),
      'one step for each message',
    )
    for (const { status, step_details: details } of steps) {
      assert.ok(status === 'completed' || status === 'failed', status)
      if (details.type !== 'message_creation') continue
      const message = written.find((one) => one.id === details.message_creation.message_id)
      assert.equal(message?.status, status === 'completed' ? 'completed' : 'incomplete')
    }
    await this.#api.post(`/threads/${threadId}/messages`, { role: 'user', content: 'go on' })
  }

  #report(kills: number): TrialReport {
    const { threads, messages, runs, cut, resumed } = this.#acknowledged
    const sorted = this.#recoveryMs.toSorted((a, b) => a - b)
    const repeated = [...this.#storedCalls].filter(
      ([token, count]) => this.#counter.counts.get(token) !== count,
    )
    assert.deepEqual(repeated, [])
    return {
      kills,
      threads: threads.size,
      messages: messages.size,
      runs: runs.size,
      cutStreams: cut,
      resumedStreams: resumed,
      repeatedCalls: repeated.length,
      storedCalls: this.#storedCalls.size,
      recoveryMs: {
        runs: sorted.length,
        p50: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
        max: Math.round(sorted.at(-1) ?? 0),
      },
    }
  }
}

/** Threads whose line is longer or shorter than they say, or that wait for nobody. */
const LINES_THAT_ARE_WRONG = `select id from threads where waiting <>
  (select count(*) from messages where messages.thread_id = threads.id and messages.position < 0) +
  (select count(*) from runs where runs.thread_id = threads.id and runs.place is not null)
  or (waiting > 0 and active_run_id is null)`

const idsOf = async (
  store: StoreView,
  table: 'threads' | 'messages' | 'runs',
): Promise<Set<string>> =>
  new Set((await store.all<{ id: string }>(`select id from ${table}`)).map(({ id }) => id))
