import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { errors } from '../../platform/errors.ts'
import type { ModelPart, ModelRequest } from '../../models/language-model.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import { openRunHouse, orphan, text, type RunHouse } from '../../../tests/support/run-house.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { foldUsage } from './fold-usage.ts'

// Random lives of runs: turns with plugins that ask the model, taken over, cancelled, and written to a store that fails now and then. The
// ledger must have what the provider told, each answer once, and every plugin call that ended.
interface Plan {
  /** Questions that the plugin of each tool turn asks. */
  turns: number[]
  disturbance: 'none' | 'cancel' | 'take over' | 'outage'
  /** After so many answers of the model in this run. */
  after: number
  /** Before the answer begins, or when only its end is missing. */
  moment: 'begin' | 'finish'
  /** Unit that an outage meets, before or after its commit. */
  unit: string
  phase: 'before' | 'after'
}

const UNITS = [
  'run.open-message',
  'run.keep-tool-calls',
  'run.complete-tool-step',
  'run.end',
  'plugin.call.begin',
  'plugin.call.end',
  'plugin.call.model-usage',
]

const plans = fc.array(
  fc.record<Plan>({
    turns: fc.array(fc.nat(2), { maxLength: 2 }),
    disturbance: fc.constantFrom('none', 'cancel', 'take over', 'outage'),
    after: fc.integer({ min: 1, max: 4 }),
    moment: fc.constantFrom('begin', 'finish'),
    unit: fc.constantFrom(...UNITS),
    phase: fc.constantFrom('before', 'after'),
  }),
  { minLength: 1, maxLength: 3 },
)

const chat = (content: string) =>
  ({ kind: 'chat', conversation: [{ role: 'user', content }], functions: null }) as const

/** What the provider told in a house: a run may be worked on by whichever node takes it. */
interface Told {
  tokens: number
  answers: number
}

const live = async (
  house: RunHouse,
  told: Told,
  { turns, disturbance, after, moment, unit, phase }: Plan,
) => {
  let answers = 0
  let isDisturbed = false
  let outages = disturbance === 'outage' ? 1 : 0
  let disturb = async (): Promise<void> => undefined
  const store = refusing(house.store, (name, at) => {
    if (outages === 0 || name !== unit || at !== phase) return null
    outages -= 1
    return errors.unavailable('out', 1)
  })
  // Every answer costs another number of tokens, so that one counted for another shows.
  const finish = (reason: 'stop' | 'tool_calls'): ModelPart => {
    answers += 1
    told.answers += 1
    const usage = {
      promptTokens: 1 + told.answers * 7,
      completionTokens: 1 + told.answers * 3,
      cachedTokens: 0,
      reasoningTokens: 0,
    }
    told.tokens += usage.promptTokens + usage.completionTokens
    return { type: 'finish', reason, usage }
  }
  const node = await house.node({
    store,
    plugin: async (job, signal) => {
      const count = Number((job.arguments as { count?: number }).count ?? 0)
      for (let i = 0; i < count; i += 1) await job.answer?.(chat(`inner ${i}`), signal)
      return sandboxResult()
    },
    script: async function* (_nth, request: ModelRequest) {
      const isInner = JSON.stringify(request.messages).includes('inner')
      const reach = async (now: Plan['moment']) => {
        if (isDisturbed || answers + 1 < after || now !== moment) return
        isDisturbed = true
        await disturb()
      }
      await reach('begin')
      const done = request.messages.filter(({ role }) => role === 'tool').length
      const count = turns[done]
      if (isInner || count === undefined) {
        yield* text('an ', 'answer')
        await reach('finish')
        yield finish('stop')
        return
      }
      yield { type: 'tool-call', index: 0, id: `call_${done}`, name: 'p' }
      yield { type: 'tool-arguments', index: 0, delta: JSON.stringify({ count }) }
      await reach('finish')
      yield finish('tool_calls')
    },
  })
  const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
  disturb = async () => {
    // Another node may have the run, which may have ended.
    if (String((await node.row(run))['status']) !== 'in_progress') return
    if (disturbance === 'take over') await orphan(house, run.id)
    if (disturbance === 'cancel') {
      await node.runs.cancel(house.owner, run.threadId, run.id).catch(() => undefined)
    }
    // Until the node has heard of it, or has not.
    await sleep(Math.random() * 40)
  }
  const isEnded = async () =>
    ['completed', 'cancelled'].includes(String((await node.row(run))['status']))
  for (const end = Date.now() + 15_000; !(await isEnded()); await sleep(5)) {
    assert.ok(Date.now() < end, `${run.id} does not end`)
  }
  return node
}

const checkLedger = async (house: RunHouse, told: Told): Promise<void> => {
  const counted = async (kind: string) => {
    const row = await house.store.get<{ tokens: number | string | null; found: number | string }>(
      `select sum(prompt_tokens + completion_tokens) as tokens, count(*) as found from usage_entries
       where estimated = 0 and kind in (${kind})`,
    )
    return { tokens: Number(row?.tokens ?? 0), found: Number(row?.found) }
  }
  const ledger = await counted("'run', 'plugin_question'")
  assert.deepEqual(ledger, { tokens: told.tokens, found: told.answers })
  const ended = await house.store.all("select id from plugin_calls where status <> 'started'")
  assert.equal((await counted("'plugin_call'")).found, ended.length, 'each call once')
}

const check = (engine: TestEngine, numRuns: number) => {
  const seed = process.env['MELZI_TEST_SEED']
  return fc.assert(
    fc.asyncProperty(plans, async (lives) => {
      await using house = await openRunHouse(engine)
      const told: Told = { tokens: 0, answers: 0 }
      const nodes = await Promise.all(lives.map((plan) => live(house, told, plan)))
      // What was taken from a node may still be telling what it used.
      for (const node of nodes) await node[Symbol.asyncDispose]()
      await checkLedger(house, told)
      const sum = 'select sum(prompt_tokens + completion_tokens) as tokens from'
      const before = await house.store.get<{ tokens: number | string }>(`${sum} usage_entries`)
      await foldUsage(house.store, Date.now())
      const hours = await house.store.get<{ tokens: number | string }>(`${sum} usage_hours`)
      assert.equal(Number(hours?.tokens), Number(before?.tokens), 'folding loses nothing')
    }),
    { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  )
}

onEachEngine('random lives in the ledger', (engine) => {
  it('have what the provider told, each answer once', () =>
    check(engine, engine.name === 'sqlite' ? 30 : 12))
})
