import assert from 'node:assert/strict'
import type { RunObject } from '@melzi/contract/run.ts'
import { outputsOf, pathOf, type Bench } from '../bench.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 8 and 9. */
const { rows, good, error } = rowsOf('tool outputs')
export const toolOutputRows = rows

const OP = 'submitToolOuputsToRun'
const submit = (run: RunObject) => `${pathOf(run)}/submit_tool_outputs`
const idsOf = (run: RunObject) =>
  (run.required_action?.submit_tool_outputs.tool_calls ?? []).map(({ id }) => id)
const listed = (ids: readonly string[]) => `[${ids.map((id) => `'${id}'`).join(', ')}]`

good(OP, 'queued in the reply, times as they were; then the answer', 'R', async (bench) => {
  const run = await bench.waiting()
  bench.says({ text: 'It is 60.', firstDelayMs: 100 })
  const reply = await bench.api.post<RunObject>(submit(run), outputsOf(run))
  assert.deepEqual([reply.status, reply.required_action], ['queued', null])
  assert.deepEqual([reply.started_at, reply.expires_at], [run.started_at, run.expires_at])
  assert.notEqual((await bench.api.get<RunObject>(pathOf(run))).status, 'requires_action')
  const ended = await bench.settled(run)
  assert.equal(ended.status, 'completed')
  const steps = await bench.steps(run)
  const total = steps.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0)
  assert.equal(ended.usage?.total_tokens, total, 'usage is the sum of the steps')
  const details = steps[0]?.step_details
  assert.ok(details?.type === 'tool_calls' && details.tool_calls[0]?.type === 'function')
  assert.deepEqual([steps[0]?.status, details.tool_calls[0].function.output], ['completed', '60'])
})
good(
  OP,
  'outputs of two calls, in another order',
  'D',
  async (bench) => {
    const run = await bench.waiting(2)
    assert.equal(idsOf(run).length, 2)
    const { tool_outputs } = outputsOf(run)
    bench.says({ text: 'Both.' })
    await bench.api.post(submit(run), { tool_outputs: tool_outputs.toReversed() })
    assert.equal((await bench.settled(run)).status, 'completed')
  },
  'a scripted model',
)
good(
  OP,
  'several rounds',
  'D',
  async (bench) => {
    const run = await bench.waiting()
    bench.says({ toolCalls: [{ name: 'unit_price', arguments: { price: 1, weight: 1 } }] })
    await bench.api.post(submit(run), outputsOf(run))
    const second = await bench.settled(run)
    assert.equal(second.status, 'requires_action')
    assert.notDeepEqual(idsOf(second), idsOf(run))
    bench.says({ text: 'Done.' })
    await bench.api.post(submit(second), outputsOf(second))
    assert.equal((await bench.settled(run)).status, 'completed')
  },
  'a scripted model',
)
good(OP, 'once, however often it is sent at the same time', 'D', async (bench) => {
  const run = await bench.waiting()
  bench.says({ text: 'Once.' })
  const replies = await Promise.all(
    [1, 2, 3].map(() => bench.api.send('POST', submit(run), { body: outputsOf(run) })),
  )
  const statuses = replies.map(({ status }) => status).toSorted((a, b) => a - b)
  assert.deepEqual(statuses, [200, 400, 400])
  await bench.settled(run)
})

/** A row on metadata of an active run may have changed it. */
const metadataOf = async (bench: Bench, run: RunObject) =>
  (await bench.api.get<RunObject>(pathOf(run))).metadata

const wrong: [what: string, outputs: (ids: string[]) => string[]][] = [
  ['no outputs', () => []],
  ['an unknown call', () => ['call_b']],
  ['one more than asked', (ids) => [...ids, 'call_b']],
]
for (const [what, outputs] of wrong)
  error(OP, `${what}: refused, and nothing changes`, 'T', async (bench) => {
    const run = await bench.sharedWaiting()
    const [ids, got] = [idsOf(run), outputs(idsOf(run))]
    const message = `Expected tool outputs for call_ids ${listed(ids)}, got ${listed(got)}`
    const tool_outputs = got.map((tool_call_id) => ({ tool_call_id, output: 'x' }))
    const refusal = { status: 400, message, param: null, code: null }
    await bench.api.refused('POST', submit(run), { body: { tool_outputs } }, refusal)
    assert.deepEqual(await bench.api.get(pathOf(run)), {
      ...run,
      metadata: await metadataOf(bench, run),
    })
  })
error(
  OP,
  'one of two calls',
  'T',
  async (bench) => {
    const run = await bench.waiting(2)
    const [first = '', second = ''] = idsOf(run)
    const message = `Expected tool outputs for call_ids ['${first}', '${second}'], got ['${first}']`
    const body = { tool_outputs: [{ tool_call_id: first, output: 'x' }] }
    await bench.api.refused('POST', submit(run), { body }, { status: 400, message })
  },
  'a scripted model',
)
error(OP, 'the same call twice', '?', async (bench) => {
  const run = await bench.sharedWaiting()
  const [first] = outputsOf(run).tool_outputs
  const body = { tool_outputs: [first, first] }
  return told(await bench.api.send('POST', submit(run), { body }))
})
error(OP, 'an output that is no string', 'D', async (bench) => {
  const run = await bench.sharedWaiting()
  const body = { tool_outputs: [{ tool_call_id: idsOf(run)[0], output: 5 }] }
  const refusal = { status: 400, param: 'tool_outputs[0].output', code: 'invalid_type' }
  await bench.api.refused('POST', submit(run), { body }, refusal)
})
error(OP, 'an output of a million characters', '?', async (bench) => {
  const run = await bench.waiting()
  bench.says({ text: 'Long.' })
  const reply = await bench.api.send('POST', submit(run), {
    body: outputsOf(run, 'x'.repeat(1_000_000)),
  })
  return told(reply)
})
error(OP, 'a completed run', 'R', async (bench) => {
  const { run } = await bench.ended()
  const message = 'Runs in status "completed" do not accept tool outputs.'
  const body = { tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }] }
  await bench.api.refused(
    'POST',
    submit(run),
    { body },
    { status: 400, message, param: null, code: null },
  )
})
error(OP, 'a stream in the wrong state is refused as plain JSON', 'R', async (bench) => {
  const { run } = await bench.ended()
  const body = { tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }], stream: true }
  await bench.api.refused('POST', submit(run), { body }, { status: 400 })
})
