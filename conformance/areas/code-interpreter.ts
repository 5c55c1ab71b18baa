import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { modelMust, type Bench } from '../bench.ts'
import { last, order } from '../event-order.ts'
import { rowsOf } from '../row.ts'
import { useBuiltIn, type Turn } from '../script.ts'

/** behaviour.md 11, 12 and 14. */
const { rows, good, stream } = rowsOf('code interpreter')
export const codeInterpreterRows = rows

const CHOICE = { tool_choice: { type: 'code_interpreter' } }
const SCRIPT = 'a scripted model'
const WARM_MS = 180_000

const coder = (bench: Bench): Promise<AssistantObject> =>
  bench.once('coder', async () => {
    const assistant = await bench.newAssistant({ tools: [{ type: 'code_interpreter' }] })
    await warmUp(bench, assistant)
    return assistant
  })

/** A booted server may fetch its data packages when they are first asked for: waits until it has. */
const warmUp = async (bench: Bench, { id }: AssistantObject): Promise<void> => {
  if (bench.target.script === null) return
  const until = Date.now() + WARM_MS
  for (;;) {
    bench.target.script.clear()
    bench.says(useBuiltIn('import matplotlib'), { text: 'Done.' })
    const run = await bench.settled(await bench.run((await bench.thread('Begin.')).id, id))
    const logs = logsOf(callsOf(await bench.steps(run))[0])
    bench.target.script.clear()
    if (run.status === 'completed' && logs === '') return
    assert.ok(
      Date.now() < until,
      `the data packages are not there: ${run.last_error?.message ?? logs}`,
    )
    await sleep(1_000)
  }
}

const callsOf = (steps: readonly RunStepObject[]) =>
  steps
    .flatMap(({ step_details: details }) =>
      details.type === 'tool_calls' ? details.tool_calls : [],
    )
    .map((call) => (call.type === 'code_interpreter' ? call : assert.fail(call.type)))

/** @param code what the model must run; null where it may run what it likes */
const ran = async (
  bench: Bench,
  question: string,
  turns: Turn[],
  { code = null, ...thread }: { code?: string | null; tool_resources?: object } = {},
) => {
  const assistant = await coder(bench)
  bench.says(...turns)
  const { id } = await bench.newThread({
    messages: [{ role: 'user', content: question }],
    ...thread,
  })
  const run = await bench.settled(await bench.run(id, assistant.id, CHOICE))
  assert.equal(run.status, 'completed', JSON.stringify(run.last_error))
  const steps = await bench.steps(run)
  const calls = callsOf(steps)
  if (code !== null)
    modelMust(bench, calls[0]?.code_interpreter.input.trim() === code, `run ${code}`)
  return { run, steps, calls, message: (await bench.messages(id)).at(-1) }
}
const logsOf = (call: ReturnType<typeof callsOf>[number] | undefined): string =>
  (call?.code_interpreter.outputs ?? [])
    .map((output) => (output.type === 'logs' ? output.logs : ''))
    .join('')

good('createRun', 'runs Python; input and printed text in the step', 'R', async (bench) => {
  const code = 'print(6 * 7)'
  const { calls, steps } = await ran(
    bench,
    `Run exactly this Python: ${code}`,
    [useBuiltIn(code), { text: 'It is 42.' }],
    { code },
  )
  assert.match(calls[0]?.id ?? '', /^call_/)
  assert.match(logsOf(calls[0]), /^42\s*$/)
  assert.deepEqual([steps[0]?.type, steps[0]?.status], ['tool_calls', 'completed'])
})
good(
  'createRun',
  'the value of an expression is no output',
  'R',
  async (bench) => {
    const { calls } = await ran(bench, 'Compute.', [useBuiltIn('6 * 7'), { text: 'It is 42.' }])
    assert.deepEqual(calls[0]?.code_interpreter.outputs, [])
  },
  SCRIPT,
)
good(
  'createRun',
  'each round is a step, and variables are kept',
  'R',
  async (bench) => {
    const { calls, steps } = await ran(bench, 'Compute.', [
      useBuiltIn('x = 40'),
      useBuiltIn('print(x + 2)'),
      { text: 'It is 42.' },
    ])
    assert.deepEqual(
      steps.map(({ type }) => type),
      ['tool_calls', 'tool_calls', 'message_creation'],
    )
    assert.match(logsOf(calls[1]), /42/)
  },
  SCRIPT,
)
good('createRun', 'a file of the thread lies under /mnt/data', 'R', async (bench) => {
  const { id } = await bench.file()
  const code = `print(open('/mnt/data/${id}').read())`
  const { calls } = await ran(
    bench,
    `Run exactly this Python: ${code}`,
    [useBuiltIn(code), { text: 'Read.' }],
    { code, tool_resources: { code_interpreter: { file_ids: [id] } } },
  )
  assert.match(logsOf(calls[0]), /The harbour clock is blue\./)
})
good(
  'createRun',
  'code that fails tells the model, and the run goes on',
  'D',
  async (bench) => {
    const { calls, run } = await ran(bench, 'Divide.', [useBuiltIn('1 / 0'), { text: 'Not so.' }])
    assert.equal(run.status, 'completed')
    return `outputs: ${JSON.stringify(calls[0]?.code_interpreter.outputs).slice(0, 160)}`
  },
  SCRIPT,
)
good(
  'createRun',
  'a written file becomes a file_path, and can be fetched',
  'R',
  async (bench) => {
    const code = "open('/mnt/data/made.csv', 'w').write('a,b\\n1,2\\n')"
    const { message } = await ran(bench, 'Write.', [
      useBuiltIn(code),
      { text: ['Here: [made.csv](sandbox:/mnt', '/data/made.csv)', '.'] },
    ])
    const part = message?.content.find(({ type }) => type === 'text')
    assert.ok(part?.type === 'text')
    const [annotation] = part.text.annotations
    assert.ok(annotation?.type === 'file_path', part.text.value)
    const { start_index, end_index, text, file_path } = annotation
    assert.equal(text, 'sandbox:/mnt/data/made.csv')
    assert.equal([...part.text.value].slice(start_index, end_index).join(''), text)
    bench.keep(`/files/${file_path.file_id}`)
    const file = await bench.api.get<{ purpose: string }>(`/files/${file_path.file_id}`)
    assert.equal(file.purpose, 'assistants_output')
    const reply = await bench.api.fetch('GET', `/files/${file_path.file_id}/content`)
    assert.equal(await reply.text(), 'a,b\n1,2\n')
  },
  SCRIPT,
)

const PLOT = 'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()'
stream('createRun', 'input in pieces, then outputs, then the answer', 'S', async (bench) => {
  const assistant = await coder(bench)
  const code = 'print(6 * 7)'
  bench.says(useBuiltIn(code), { text: ['It is ', '42.'] })
  const { id } = await bench.thread(`Run exactly this Python: ${code}`)
  const body = { assistant_id: assistant.id, ...CHOICE }
  const events = await bench.api.events(`/threads/${id}/runs`, body)
  const [call] = callsOf(await bench.steps(last<RunObject>(events, 'run.completed')))
  modelMust(bench, call?.code_interpreter.input.trim() === code, `run ${code}`)
  assert.deepEqual(order(events).slice(0, 7), [
    'run.created',
    'run.queued',
    'run.in_progress',
    'step.created',
    'step.in_progress',
    'step.delta',
    'step.completed',
  ])
  assert.match(logsOf(call), /42/)
})
stream('createRun', 'a picture: an output, and a part before the text', 'R', async (bench) => {
  const assistant = await coder(bench)
  bench.says(useBuiltIn(PLOT), { text: 'Here it is.' })
  const { id } = await bench.thread(`Run exactly this Python: ${PLOT}`)
  const body = { assistant_id: assistant.id, ...CHOICE }
  const events = await bench.api.events(`/threads/${id}/runs`, body)
  const [call] = callsOf(await bench.steps(last<RunObject>(events, 'run.completed')))
  modelMust(bench, call?.code_interpreter.input.trim() === PLOT, 'draw the picture')
  const { content } = last<MessageObject>(events, 'message.completed')
  const [picture, text] = content
  assert.ok(picture?.type === 'image_file' && text?.type === 'text', JSON.stringify(content))
  const fileId = picture.image_file.file_id
  bench.keep(`/files/${fileId}`)
  assert.ok(
    call?.code_interpreter.outputs.some(
      (output) => output.type === 'image' && output.image.file_id === fileId,
    ),
  )
  const bytes = new Uint8Array(
    await (await bench.api.fetch('GET', `/files/${fileId}/content`)).arrayBuffer(),
  )
  assert.deepEqual(Array.from(bytes.slice(0, 4)), [0x89, 0x50, 0x4e, 0x47], 'a PNG')
})
