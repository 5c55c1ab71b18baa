import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ModelError } from '../../models/language-model.ts'
import {
  assertLawful,
  calls,
  finish,
  hang,
  openRunHouse,
  order,
  text,
} from '../../../tests/support/run-house.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const HEAD = 'run.created run.queued run.in_progress'
const OPEN = 'step.created step.in_progress message.created message.in_progress'
const MSG = `${OPEN} message.delta message.completed step.completed`
const TOOL = 'step.created step.in_progress step.delta'

onEachEngine('run loop', (engine) => {
  it('writes and says a text', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ script: () => [...text('Hel', 'lo'), finish()] })
    const run = await node.create((await node.thread()).id, await node.assistant())
    const row = await node.until(run, 'completed')
    assert.equal(order(node.heard(run)), `${HEAD} ${MSG} run.completed`)
    assertLawful(node.heard(run))
    assert.deepEqual(JSON.parse(String(row['usage'])), {
      promptTokens: 10,
      completionTokens: 5,
      cachedTokens: 0,
      reasoningTokens: 0,
    })
    assert.deepEqual([row['due_ms'], row['lease_owner']], [null, null])
    const [message] = await node.written(run)
    assert.match(message?.content ?? '', /"value":"Hello"/)
    assert.equal((await node.threads.get(house.owner, run.threadId)).activeRunId, null)
  })

  it('keeps a refusal as one, and an answer of nothing as an empty message', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (nth) => (nth === 0 ? [{ type: 'refusal', delta: 'No.' }, finish()] : [finish()]),
    })
    const thread = await node.thread()
    const assistant = await node.assistant()
    const refused = await node.create(thread.id, assistant)
    await node.until(refused, 'completed')
    assertLawful(node.heard(refused))
    assert.match((await node.written(refused))[0]?.content ?? '', /"refusal":"No."/)
    const empty = await node.create(thread.id, assistant)
    await node.until(empty, 'completed')
    assert.equal(order(node.heard(empty)), `${HEAD} ${MSG} run.completed`)
    assertLawful(node.heard(empty))
    assert.match((await node.written(empty))[0]?.content ?? '', /"value":""/)
  })

  it('waits for the client, with arguments that the deltas add up to, and goes on with his outputs', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (nth) =>
        nth === 0
          ? [...text('Let me ask.'), ...calls(['f', ''], ['f', '{"a":1}'])]
          : [...text('done'), finish()],
    })
    const run = await node.create((await node.thread()).id, await node.assistant(['f']))
    const waiting = await node.until(run, 'requires_action')
    assert.equal(waiting['lease_owner'], null)
    assert.equal(waiting['due_ms'], run.expiresAt * 1000)
    const first = node.heard(run)
    assert.equal(order(first), `${HEAD} ${MSG} ${TOOL} run.requires_action`)
    assertLawful(first)
    const submitted = await node.runs.submit(house.owner, run.threadId, run.id, {
      tool_outputs: [
        { tool_call_id: 'call_f_1', output: 'two' },
        { tool_call_id: 'call_f_0', output: 'one' },
      ],
      stream: false,
    })
    await node.until(run, 'completed')
    const more = node.heard(run).filter(({ seq }) => seq > submitted.after)
    assert.equal(order(more), `step.completed run.queued run.in_progress ${MSG} run.completed`)
    const details = (await node.steps(run))[1]?.step_details ?? ''
    assert.match(details, /"arguments":"{}","output":"one"/)
    assert.match(details, /"output":"two"/)
    assert.deepEqual(
      node.requests[1]?.messages.slice(-3).map((message) => message.role),
      ['assistant', 'tool', 'tool'],
    )
  })

  it('runs plugins itself, in parallel, and leaves functions of the client to him', async () => {
    await using house = await openRunHouse(engine)
    let together = 0
    let most = 0
    const node = await house.node({
      plugin: async () => {
        together += 1
        most = Math.max(most, together)
        await new Promise((resolve) => setTimeout(resolve, 30))
        together -= 1
        return sandboxResult({ output: 'from the plugin' })
      },
      script: (nth) => {
        if (nth === 0) return calls(['p', '{}'], ['p', '{"b":2}'])
        if (nth === 1) return calls(['p', '{"c":3}'], ['mine', '{}'])
        return [...text('done'), finish()]
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant(['mine'], ['p']))
    const waiting = await node.until(run, 'requires_action')
    assert.equal(node.jobs.length, 3)
    assert.equal(most, 2)
    assert.match(String(waiting['required_action']), /call_mine_1/)
    assert.doesNotMatch(String(waiting['required_action']), /call_p/)
    assert.equal(
      order(node.heard(run)),
      `${HEAD} ${TOOL} step.completed ${TOOL} run.requires_action`,
    )
    assertLawful(node.heard(run))
    await node.runs.submit(house.owner, run.threadId, run.id, {
      tool_outputs: [{ tool_call_id: 'call_mine_1', output: 'mine' }],
      stream: false,
    })
    const row = await node.until(run, 'completed')
    assert.match(String(row['usage']), /"promptTokens":30/)
    assert.equal(node.jobs.length, 3)
    const outputs = node.requests[2]?.messages.flatMap((m) => (m.role === 'tool' ? [m.output] : []))
    assert.deepEqual(outputs?.slice(-2), ['from the plugin', 'mine'])
  })

  it('answers with a direct plugin, unless it fails', async () => {
    await using house = await openRunHouse(engine)
    let ok = true
    const node = await house.node({
      plugin: async () =>
        ok
          ? sandboxResult({ output: 'the answer' })
          : sandboxResult({
              ok: false,
              output: '',
              error: { kind: 'python', message: 'ValueError: no', traceback: null },
            }),
      script: (_, request) =>
        request.messages.at(-1)?.role === 'tool'
          ? [...text('it failed'), finish()]
          : calls(['direct', '{}']),
    })
    const thread = await node.thread()
    const assistant = await node.assistant([], ['direct'])
    const direct = await node.create(thread.id, assistant)
    await node.until(direct, 'completed')
    assert.equal(node.requests.length, 1)
    assert.match((await node.written(direct))[0]?.content ?? '', /the answer/)
    assertLawful(node.heard(direct))
    ok = false
    const failed = await node.create(thread.id, assistant)
    await node.until(failed, 'completed')
    assert.match((await node.written(failed))[0]?.content ?? '', /it failed/)
  })

  it('maps what the model throws, and keeps what it had said', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: async function* (nth) {
        if (nth === 0) throw new ModelError('rate_limit_exceeded', 'Slow down.')
        yield* text('half')
        if (nth === 1) throw new ModelError('invalid_prompt', 'Not this.')
        yield { type: 'tool-call', index: 0, id: 'call_x', name: 'f' }
        yield { type: 'tool-arguments', index: 0, delta: '{"a"' }
        throw new TypeError('a bug')
      },
    })
    const thread = await node.thread()
    const assistant = await node.assistant(['f'])
    const fails = async () => {
      const run = await node.create(thread.id, assistant)
      const row = await node.until(run, 'failed')
      assertLawful(node.heard(run))
      return {
        run,
        error: JSON.parse(String(row['last_error'])) as { code: string; message: string },
      }
    }
    const early = await fails()
    assert.deepEqual(early.error, { code: 'rate_limit_exceeded', message: 'Slow down.' })
    assert.equal(order(node.heard(early.run)), `${HEAD} run.failed`)
    const half = await fails()
    assert.equal(half.error.code, 'invalid_prompt')
    assert.equal(
      order(node.heard(half.run)),
      `${HEAD} ${OPEN} message.delta message.incomplete step.failed run.failed`,
    )
    const [message] = await node.written(half.run)
    assert.deepEqual([message?.status, message?.incomplete_reason], ['incomplete', 'run_failed'])
    assert.match(message?.content ?? '', /half/)
    const bug = await fails()
    assert.deepEqual(bug.error, { code: 'server_error', message: 'Sorry, something went wrong.' })
    assert.match((await node.steps(bug.run)).at(-1)?.step_details ?? '', /{\\"a\\"/)
    const absent = await node.create(thread.id, assistant, { model: 'absent' })
    assert.match(String((await node.until(absent, 'failed'))['last_error']), /'absent'/)
  })

  it('stops at limits of tokens and turns, and at a filter', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      maxTurns: 3,
      plugin: async () => sandboxResult(),
      script: (_, request) => {
        const asked = JSON.stringify(request.messages)
        if (asked.includes('long')) return [...text('cut'), finish('length')]
        if (asked.includes('bad')) return [...text('x'), finish('content_filter')]
        if (asked.includes('call then cut'))
          return [...calls(['f', '{"a":']).slice(0, -1), finish('length')]
        return calls(['p', '{}'])
      },
    })
    const assistant = await node.assistant([], ['p'])
    const end = async (said: string, fields: object, ...statuses: string[]) => {
      const run = await node.create((await node.thread(said)).id, assistant, fields)
      const row = await node.until(run, ...statuses)
      assertLawful(node.heard(run))
      return { run, row }
    }
    const cut = await end('long', {}, 'incomplete')
    assert.equal(cut.row['incomplete_reason'], 'max_completion_tokens')
    assert.equal((await node.steps(cut.run))[0]?.status, 'completed')
    assert.equal((await node.written(cut.run))[0]?.incomplete_reason, 'max_tokens')
    assert.equal((await end('bad', {}, 'incomplete')).row['incomplete_reason'], 'content_filter')
    await end('call then cut', {}, 'incomplete')
    // Two turns spend what the budget has; the third is not begun.
    const before = node.requests.length
    const spent = await end('loop', { max_completion_tokens: 10 + 6 }, 'failed', 'incomplete')
    assert.equal(spent.row['status'], 'failed')
    assert.equal(node.requests.length - before, 3)
    assert.deepEqual(
      node.requests.slice(-3).map(({ maxTokens }) => maxTokens),
      [16, 11, 6],
    )
    const prompt = await end('loop', { max_prompt_tokens: 256 }, 'failed', 'incomplete')
    assert.match(String(prompt.row['last_error']), /after 3 turns/)
    const none = await end('w '.repeat(2_000), { max_prompt_tokens: 256 }, 'incomplete')
    assert.equal(none.row['incomplete_reason'], 'max_prompt_tokens')
  })

  it('is cancelled in mid-sentence', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ script: (_, __, signal) => hang(text('half'), signal) })
    const run = await node.create((await node.thread()).id, await node.assistant())
    while ((await node.written(run)).length === 0) await new Promise((done) => setTimeout(done, 5))
    const reply = await node.runs.cancel(house.owner, run.threadId, run.id)
    assert.equal(reply.status, 'cancelling')
    const row = await node.until(run, 'cancelled')
    assert.match(String(row['usage']), /"promptTokens":[1-9]\d*,"completionTokens":[1-9]/)
    assert.equal(
      order(node.heard(run)),
      `${HEAD} ${OPEN} message.delta run.cancelling message.incomplete step.cancelled run.cancelled`,
    )
    assertLawful(node.heard(run))
    await assert.rejects(node.runs.cancel(house.owner, run.threadId, run.id), { status: 400 })
  })

  it('stops when its thread is deleted', async () => {
    await using house = await openRunHouse(engine)
    let stopped = false
    const node = await house.node({
      script: async function* (_, __, signal) {
        try {
          yield* hang(text('half'), signal)
        } finally {
          stopped = true
        }
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant())
    while ((await node.written(run)).length === 0) await new Promise((done) => setTimeout(done, 5))
    await node.threads.delete(house.owner, run.threadId)
    await node.runs.forget({ id: run.threadId, activeRunId: run.id })
    while (node.dispatcher.active > 0) await new Promise((done) => setTimeout(done, 5))
    assert.ok(stopped)
    assert.doesNotMatch(order(node.heard(run)), /failed|cancelled/)
    assert.equal(await node.runs.find(run), null)
  })
})
