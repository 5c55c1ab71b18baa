import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../platform/errors.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import {
  calls,
  finish,
  openRunHouse,
  text,
  type RunHouse,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { setLimits, type Limits, type LimitSubject } from './limits.ts'
import { setPrices } from './price-store.ts'

// Every answer of the scripted model costs 10 + 5 tokens.
const NONE: Limits = { requestsPerMinute: null, tokensPerDay: null, moneyPerMonth: null }

const limit = (house: RunHouse, subject: LimitSubject, limits: Partial<Limits>) =>
  house.store.write('test.limits', (tx) =>
    setLimits(tx, house.owner.workspaceId, subject, { ...NONE, ...limits }, 1),
  )

const tokensOf = async (house: RunHouse): Promise<number> => {
  const row = await house.store.get<{ sum: number | string }>(
    'select sum(prompt_tokens + completion_tokens) as sum from usage_entries',
  )
  return Number(row?.sum ?? 0)
}

const isQuota = (error: unknown): boolean =>
  error instanceof AppError &&
  error.status === 429 &&
  error.type === 'insufficient_quota' &&
  error.code === 'insufficient_quota' &&
  Number(error.headers['retry-after']) > 0

const lastError = (row: Record<string, unknown>) =>
  JSON.parse(String(row['last_error'])) as { code: string; message: string }

onEachEngine('quotas', (engine) => {
  it('lets no more through than is left, however many runs begin at once', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      quotas: { lookMs: 5 },
      script: async function* (nth) {
        await sleep(2)
        yield* text('hello')
        const completionTokens = 1 + ((nth * 97) % 256)
        const usage = { promptTokens: 5, completionTokens, cachedTokens: 0, reasoningTokens: 0 }
        yield { type: 'finish', reason: 'stop', usage }
      },
    })
    const { personId } = house.owner
    await limit(house, { kind: 'person', id: personId }, { tokensPerDay: 6_000 })
    const assistant = await node.assistant()
    const threads = []
    for (let i = 0; i < 200; i += 1) threads.push(await node.thread())
    const started = await Promise.allSettled(
      threads.map(({ id }) => node.create(id, assistant, { max_completion_tokens: 256 })),
    )
    const runs = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    for (const one of started) if (one.status === 'rejected') assert.ok(isQuota(one.reason))
    const rows = []
    for (const run of runs) rows.push(await node.until(run, 'completed', 'failed'))
    const failed = rows.filter((row) => row['status'] === 'failed')
    for (const row of failed) assert.equal(lastError(row).code, 'rate_limit_exceeded')
    // A run holds 5 + 256 tokens, which it never comes to more than: only the last goes over, alone.
    const used = await tokensOf(house)
    assert.ok(used >= 6_000 && used < 6_000 + 261, `${used} tokens`)
    assert.ok(failed.length > 0)
    // Given back when the run has ended, a moment after that was said.
    const held = () => house.store.all('select id from usage_holds')
    for (const end = Date.now() + 8_000; (await held()).length > 0; await sleep(5)) {
      assert.ok(Date.now() < end, 'a hold is never given back')
    }
    await assert.rejects(node.create((await node.thread()).id, assistant), isQuota)
  })

  it('holds for workspaces, persons, keys and assistants alike, and for no others', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node()
    const assistant = await node.assistant()
    const { workspaceId, personId, keyId } = house.owner
    assert.ok(keyId !== null)
    const subjects: LimitSubject[] = [
      { kind: 'workspace', id: workspaceId },
      { kind: 'person', id: personId },
      { kind: 'key', id: keyId },
      { kind: 'assistant', id: assistant },
    ]
    const first = await node.create((await node.thread()).id, assistant)
    await node.until(first, 'completed')
    for (const subject of subjects) {
      await limit(house, subject, { tokensPerDay: 15 })
      await assert.rejects(node.create((await node.thread()).id, assistant), isQuota, subject.kind)
      await limit(house, subject, {})
    }
    await limit(house, { kind: 'assistant', id: await node.assistant() }, { tokensPerDay: 1 })
    await limit(house, { kind: 'key', id: 'key_other' }, { tokensPerDay: 1 })
    const last = await node.create((await node.thread()).id, assistant)
    await node.until(last, 'completed')
  })

  it('refuses what a plugin asks, and the next turn of its run', async () => {
    await using house = await openRunHouse(engine)
    const heard: unknown[] = []
    const node = await house.node({
      plugin: async (job, signal) => {
        const conversation = [{ role: 'user', content: 'inner' }]
        for (let i = 0; i < 2; i += 1) {
          const asked = job.answer?.({ kind: 'chat', conversation, functions: null }, signal)
          heard.push(await asked?.catch((error: unknown) => error))
        }
        return sandboxResult()
      },
      script: (_nth, request) =>
        JSON.stringify(request.messages).includes('inner')
          ? [...text('inner answer'), finish()]
          : calls(['p', '{}']),
    })
    await limit(house, { kind: 'workspace', id: house.owner.workspaceId }, { tokensPerDay: 25 })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    const row = await node.until(run, 'failed')
    assert.equal(lastError(row).code, 'rate_limit_exceeded')
    assert.match(lastError(row).message, /current quota.*this workspace/)
    assert.deepEqual(heard[0], { role: 'assistant', content: 'inner answer' })
    assert.ok(isQuota(heard[1]))
    assert.equal(await tokensOf(house), 30)
  })

  it('counts money by the prices of the moment, also when they change while a run goes on', async () => {
    await using house = await openRunHouse(engine)
    const { workspaceId } = house.owner
    const price = (input: number) =>
      house.store.write('test.prices', (tx) =>
        setPrices(
          tx,
          workspaceId,
          {
            currency: 'TWD',
            prices: [
              { model: '', isPrefix: true, input: 7, cachedInput: 7, output: 7 },
              { model: 'm', isPrefix: false, input, cachedInput: input, output: 2_000_000 },
            ],
          },
          1,
        ),
      )
    await price(1_000_000)
    const node = await house.node({
      script: async function* (nth) {
        if (nth === 1) await price(3_000_000)
        if (nth === 0) {
          yield { type: 'tool-call', index: 0, id: 'call_1', name: 'p' }
          yield finish('tool_calls')
          return
        }
        yield* text('done')
        yield finish()
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    const entries = await house.store.all<{ micros: number | null }>(
      "select micros from usage_entries where kind = 'run' order by micros",
    )
    assert.deepEqual(
      entries.map(({ micros }) => micros),
      [10 + 2 * 5, 3 * 10 + 2 * 5],
    )
    await limit(house, { kind: 'workspace', id: workspaceId }, { moneyPerMonth: 60 })
    await assert.rejects(node.create((await node.thread()).id, run.assistantId), isQuota)
    await limit(house, { kind: 'workspace', id: workspaceId }, { moneyPerMonth: 61 })
    await node.until(await node.create((await node.thread()).id, run.assistantId), 'completed')
  })

  it('starts anew with the UTC day and the UTC month', async () => {
    await using house = await openRunHouse(engine)
    let now = Date.parse('2026-02-28T23:59:50Z')
    const node = await house.node({ clock: { now: () => now }, expiresSeconds: 100_000 })
    const assistant = await node.assistant()
    const { personId } = house.owner
    await limit(house, { kind: 'person', id: personId }, { tokensPerDay: 15 })
    await node.until(await node.create((await node.thread()).id, assistant), 'completed')
    await assert.rejects(node.create((await node.thread()).id, assistant), (error) => {
      assert.ok(isQuota(error))
      assert.equal((error as AppError).headers['retry-after'], '10')
      return true
    })
    now = Date.parse('2026-03-01T00:00:00Z')
    await node.until(await node.create((await node.thread()).id, assistant), 'completed')
  })
})
