import assert from 'node:assert/strict'
import { pathOf } from '../bench.ts'
import { LISTS } from '../lists.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 7. */
const { rows, good, error } = rowsOf('run steps')
export const runStepRows = rows

good('getRunStep', 'a message step of a completed run', 'R', async (bench) => {
  const { run, step, message, assistant } = await bench.ended()
  assert.match(step.id, /^step_[0-9A-Za-z]{24}$/)
  const { object, type, status, run_id, thread_id, assistant_id, step_details } = step
  assert.deepEqual(
    { object, type, status, run_id, thread_id, assistant_id, step_details },
    {
      object: 'thread.run.step',
      type: 'message_creation',
      status: 'completed',
      run_id: run.id,
      thread_id: run.thread_id,
      assistant_id: assistant.id,
      step_details: { type: 'message_creation', message_creation: { message_id: message.id } },
    },
  )
  assert.ok(step.completed_at && step.usage)
  assert.deepEqual([step.cancelled_at, step.failed_at, step.last_error], [null, null, null])
  assert.equal(step.expires_at, null)
  assert.deepEqual(await bench.api.get(`${pathOf(run)}/steps/${step.id}`), step)
})
good(
  'getRunStep',
  'a tool step that waits: no output, expires with its run',
  'R',
  async (bench) => {
    const run = await bench.sharedWaiting()
    const step = (await bench.steps(run)).at(-1)
    assert.equal(step?.expires_at, run.expires_at)
    assert.ok(step?.step_details.type === 'tool_calls')
    const wanted = run.required_action?.submit_tool_outputs.tool_calls
    assert.deepEqual(
      step.step_details.tool_calls,
      wanted?.map((call) => ({ ...call, function: { ...call.function, output: null } })),
    )
  },
)
good(
  'listRunSteps',
  'text and calls of one turn: two steps, in this order',
  'R',
  async (bench) => {
    const { path } = await bench.once(
      'list listRunSteps',
      () => LISTS['listRunSteps']?.make(bench) ?? assert.fail(),
    )
    const { data } = await bench.api.get<{ data: { type: string }[] }>(`${path}?order=asc`)
    assert.deepEqual(
      data.map(({ type }) => type),
      ['message_creation', 'tool_calls', 'message_creation'],
    )
  },
  'a scripted model',
)
good(
  'listRunSteps',
  'parallel calls share one step',
  'R',
  async (bench) => {
    const run = await bench.waiting(2)
    const [step, ...more] = await bench.steps(run)
    assert.ok(step?.step_details.type === 'tool_calls')
    assert.deepEqual([step.step_details.tool_calls.length, more.length], [2, 0])
  },
  'a scripted model',
)
good('listRunSteps', 'include[] is taken, encoded or not', 'R', async (bench) => {
  const { run, step } = await bench.ended()
  const include = 'step_details.tool_calls[*].file_search.results[*].content'
  for (const query of [`include[]=${include}`, `include%5B%5D=${encodeURIComponent(include)}`]) {
    await bench.api.get(`${pathOf(run)}/steps?${query}`)
    await bench.api.get(`${pathOf(run)}/steps/${step.id}?${query}`)
  }
})
for (const operation of ['listRunSteps', 'getRunStep'])
  error(operation, 'an include there is not', 'T', async (bench) => {
    const { run, step } = await bench.ended()
    const steps = `${pathOf(run)}/steps${operation === 'getRunStep' ? `/${step.id}` : ''}`
    await bench.api.refused('GET', `${steps}?include[]=everything`, {}, { status: 400 })
  })
