import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ModelRequest } from '../../models/language-model.ts'
import type { SandboxJob, SandboxResult } from '../../plugins/python/sandbox-driver.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import {
  calls,
  finish,
  hang,
  openRunHouse,
  orphan,
  python,
  text,
  type RunHouse,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

// Every answer of the scripted model costs 10 + 5.
const chat = {
  kind: 'chat',
  conversation: [{ role: 'user', content: 'inner' }],
  functions: null,
} as const

const isInner = (request: ModelRequest) => JSON.stringify(request.messages).includes('inner')

const asking = async (job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> => {
  await job.answer?.(chat, signal)
  return sandboxResult({ output: 'asked' })
}

const entries = (house: RunHouse, run: { id: string }) =>
  house.store.all<{
    source: string
    kind: string
    prompt_tokens: number
    completion_tokens: number
    model_calls: number
    plugin_calls: number
    micros: number | null
    estimated: number
    person_id: string
    key_id: string
  }>('select * from usage_entries where run_id = ?1 order by at, source', [run.id])

const kinds = async (house: RunHouse, run: { id: string }) =>
  (await entries(house, run)).map(({ kind }) => kind).toSorted()

onEachEngine('the usage ledger', (engine) => {
  it('has each model call, question and tool call of a run once, for whoever made it', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      plugin: asking,
      script: (_nth, request) => {
        if (isInner(request)) return [...text('inner answer'), finish()]
        if (request.messages.at(-1)?.role === 'tool') return [...text('done'), finish()]
        return calls(['p', '{}'])
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    const row = await node.until(run, 'completed')
    const found = await entries(house, run)
    assert.deepEqual(found.map(({ kind }) => kind).toSorted(), [
      'plugin_call',
      'plugin_question',
      'run',
      'run',
    ])
    const usage = JSON.parse(String(row['usage'])) as { promptTokens: number }
    assert.equal(usage.promptTokens, 30)
    assert.equal(
      found.reduce((sum, entry) => sum + entry.prompt_tokens, 0),
      usage.promptTokens,
    )
    for (const entry of found) {
      assert.equal(entry.person_id, house.owner.personId)
      assert.equal(entry.key_id, house.owner.keyId)
      assert.equal(entry.micros, null)
      assert.equal(entry.estimated, 0)
    }
  })

  it('has Python, and turns that wait for the client', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (nth) => (nth === 0 ? python('1', '2') : [...text('done'), finish()]),
    })
    const coder = await node.made({ tools: [{ type: 'code_interpreter' }] })
    const run = await node.create((await node.thread()).id, coder)
    await node.until(run, 'completed')
    assert.deepEqual(await kinds(house, run), [
      'code_interpreter',
      'code_interpreter',
      'run',
      'run',
    ])
    const other = await house.node({ script: () => calls(['f', '{}']) })
    const waiting = await other.create((await other.thread()).id, await other.assistant(['f']))
    await other.until(waiting, 'requires_action')
    assert.deepEqual(await kinds(house, waiting), ['run'])
  })

  it('estimates what broke off: the answer of a cancelled run, and of one that was taken from its node', async () => {
    await using house = await openRunHouse(engine)
    let isDead = false
    const node = await house.node({
      script: (_nth, _request, signal) =>
        isDead ? [...text('hello'), finish()] : hang(text('four tokens long, about'), signal),
    })
    const cancelled = await node.create((await node.thread()).id, await node.assistant())
    await node.until(cancelled, 'in_progress')
    const said = () => node.heard(cancelled).some(({ event }) => event === 'thread.message.delta')
    while (!said()) await sleep(5)
    await node.runs.cancel(house.owner, cancelled.threadId, cancelled.id)
    const row = await node.until(cancelled, 'cancelled')
    const [broken, ...more] = await entries(house, cancelled)
    assert.equal(more.length, 0)
    assert.equal(broken?.estimated, 1)
    const usage = JSON.parse(String(row['usage'])) as { completionTokens: number }
    assert.equal(broken?.completion_tokens, usage.completionTokens)

    const left = await node.create((await node.thread()).id, await node.assistant())
    const begun = () => node.heard(left).some(({ event }) => event === 'thread.message.delta')
    while (!begun()) await sleep(5)
    isDead = true
    await orphan(house, left.id)
    await node.until(left, 'completed')
    // Of the answer of a node that is not dead after all more is known than its prompt.
    let both = await entries(house, left)
    for (const end = Date.now() + 8_000; Date.now() < end; await sleep(5)) {
      both = await entries(house, left)
      if (both.some((entry) => entry.completion_tokens > 5)) break
    }
    assert.deepEqual(
      both
        .map(({ estimated, completion_tokens: completion }) => [estimated, completion])
        .toSorted(([a = 0], [b = 0]) => a - b),
      [
        [0, 5],
        [1, broken.completion_tokens],
      ],
    )
  })
})
