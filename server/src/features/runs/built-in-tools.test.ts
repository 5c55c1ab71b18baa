import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateThreadRequest } from '@melzi/contract/thread.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { LiveEvent } from '../../platform/events/event-log.ts'
import {
  assertLawful,
  calls,
  finish,
  openRunHouse,
  codeCalls,
  orphan,
  python,
  order,
  text,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const HEAD = 'run.created run.queued run.in_progress'
const OPEN = 'step.created step.in_progress message.created message.in_progress'
const MSG = `${OPEN} message.delta message.completed step.completed`
const TOOL = 'step.created step.in_progress step.delta'
const PYTHON = { tools: [{ type: 'code_interpreter' }] }
const SEARCH = { tools: [{ type: 'file_search' }] }

const deltasOf = (events: readonly LiveEvent[], name: string): unknown[] =>
  events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data) as unknown)

const codeDeltas = (events: readonly LiveEvent[]) =>
  (
    deltasOf(events, 'thread.run.step.delta') as {
      delta: { step_details: { tool_calls: { index: number; code_interpreter: object }[] } }
    }[]
  ).flatMap(({ delta }) => delta.step_details.tool_calls)

onEachEngine('built-in tools', (engine) => {
  it('runs Python, shows its pictures first, and links the files it wrote', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      python: async () => ({
        logs: 'a\nb\n',
        value: '42',
        images: [{ name: 'chart.png', data: Buffer.from('png') }],
        files: [{ name: '表.csv', bytes: 3, open: () => Readable.from([Buffer.from('a,b')]) }],
      }),
      script: (nth) =>
        nth === 0
          ? python('print("a")\n42')
          : [...text('See [表](sandbox:/mnt', '/data/表.csv', ').'), finish()],
    })
    const run = await node.create((await node.thread()).id, await node.made(PYTHON))
    await node.until(run, 'completed')
    const events = node.heard(run)
    assertLawful(events)
    assert.equal(order(events), `${HEAD} ${TOOL} step.completed ${MSG} run.completed`)
    const [opened, ...more] = codeDeltas(events)
    assert.deepEqual(opened?.code_interpreter, { input: '', outputs: [] })
    const input = more.flatMap(({ code_interpreter: code }) =>
      'input' in code ? [code.input] : [],
    )
    assert.equal(input.join(''), 'print("a")\n42')
    const outputs = more.flatMap(({ code_interpreter: code }) =>
      'outputs' in code ? [code.outputs] : [],
    )
    const [step] = deltasOf(events, 'thread.run.step.completed') as RunStepObject[]
    assert.ok(step?.step_details.type === 'tool_calls')
    const [call] = step.step_details.tool_calls
    assert.ok(call?.type === 'code_interpreter')
    assert.deepEqual(Object.keys(call), ['id', 'type', 'code_interpreter'])
    const [logs, image] = call.code_interpreter.outputs
    assert.deepEqual(logs, { type: 'logs', logs: 'a\nb\n' })
    assert.ok(image?.type === 'image')
    assert.deepEqual(outputs, [[{ index: 0, ...logs }], [{ index: 1, ...image }]])

    const [message] = await node.written(run)
    const [picture, said] = JSON.parse(message?.content ?? '[]') as Record<string, never>[]
    assert.deepEqual(picture, { type: 'image_file', image_file: { file_id: image.image.file_id } })
    const { annotations, value } = said?.['text'] ?? { annotations: [], value: '' }
    assert.equal(value, 'See [表](sandbox:/mnt/data/表.csv).')
    const [annotation] = annotations as { file_path: { file_id: string }; start_index: number }[]
    assert.equal(annotation?.start_index, 8)
    const file = await node.files.get(house.owner, annotation?.file_path.file_id ?? '')
    assert.deepEqual([file.filename, file.purpose], ['表.csv', 'assistants_output'])
    assert.equal(await readText((await node.files.download(house.owner, file.id)).content), 'a,b')

    const [, request] = node.requests
    const answer = request?.messages.at(-1)
    assert.ok(answer?.role === 'tool')
    assert.match(
      answer.output,
      /^a\nb\n\n42\n\[Pictures made: 1.*\n\[File written: sandbox:\/mnt\/data\/表\.csv\]$/,
    )
    const made = request?.messages.at(-2)
    assert.ok(made?.role === 'assistant')
    assert.deepEqual(JSON.parse(made.toolCalls[0]?.arguments ?? ''), { code: 'print("a")\n42' })
  })

  it('tells user and model of a file that could not be kept, and goes on', async () => {
    await using house = await openRunHouse(engine)
    const broken = () =>
      new Readable({
        read() {
          this.destroy(new Error('the disk is broken'))
        },
      })
    const node = await house.node({
      python: async () => ({ logs: 'ran', files: [{ name: 'a.csv', bytes: 1, open: broken }] }),
      script: (nth) => (nth === 0 ? python('1') : [...text('sorry'), finish()]),
    })
    const run = await node.create((await node.thread()).id, await node.made(PYTHON))
    await node.until(run, 'completed')
    const [step] = await node.steps(run)
    assert.deepEqual(codeCalls(step)[0]?.code_interpreter.outputs, [
      { type: 'logs', logs: 'ran\n[The file a.csv could not be kept.]' },
    ])
    assert.match(JSON.stringify(node.requests[1]?.messages.at(-1)), /could not be kept/)
  })

  it('mounts the files of assistant and thread, and tells the model their names', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (nth) => (nth === 0 ? python('1') : [...text('ok'), finish()]),
    })
    const add = (name: string) =>
      node.files.createFrom(
        house.owner,
        { purpose: 'assistants', filename: name, expiresAfterSeconds: null },
        Readable.from([Buffer.from(name)]),
      )
    const [own, theirs] = [await add('own.csv'), await add('資料.csv')]
    const assistant = await node.made({
      ...PYTHON,
      tool_resources: { code_interpreter: { file_ids: [own.id] } },
    })
    const thread = await node.messages.createThread(
      house.owner,
      CreateThreadRequest.parse({
        messages: [{ role: 'user', content: 'hi' }],
        tool_resources: { code_interpreter: { file_ids: [theirs.id] } },
      }),
    )
    const run = await node.create(thread.id, assistant)
    await node.until(run, 'completed')
    const [asked] = node.asked
    assert.deepEqual(asked?.session, { workspaceId: house.owner.workspaceId, threadId: thread.id })
    const mounted = asked?.files ?? []
    assert.deepEqual(
      mounted.map(({ id, name }) => [id, name]),
      [
        [own.id, 'own.csv'],
        [theirs.id, '資料.csv'],
      ],
    )
    const signal = new AbortController().signal
    assert.equal(await readText(await (mounted[1] as (typeof mounted)[0]).open(signal)), '資料.csv')
    const [system] = node.requests[0]?.messages ?? []
    assert.ok(system?.role === 'system')
    assert.ok(system.text.includes(`/mnt/data/${theirs.id} (資料.csv)`))
  })

  it('runs several calls one after the other, each said with its outputs before the next', async () => {
    await using house = await openRunHouse(engine)
    let running = 0
    const node = await house.node({
      python: async (code) => {
        assert.equal((running += 1), 1)
        await sleep(10)
        running -= 1
        return { logs: `out of ${code}` }
      },
      script: (nth) => (nth === 0 ? python('one', 'two') : [...text('done'), finish()]),
    })
    const run = await node.create((await node.thread()).id, await node.made(PYTHON))
    await node.until(run, 'completed')
    assertLawful(node.heard(run))
    const said = codeDeltas(node.heard(run)).map(({ index, code_interpreter: code }) => [
      index,
      ...Object.keys(code),
    ])
    assert.deepEqual(said, [
      [0, 'input', 'outputs'],
      [0, 'input'],
      [0, 'outputs'],
      [1, 'input', 'outputs'],
      [1, 'input'],
      [1, 'outputs'],
    ])
    const [step] = await node.steps(run)
    assert.deepEqual(
      codeCalls(step).map(({ code_interpreter: code }) => code.outputs),
      [[{ type: 'logs', logs: 'out of one' }], [{ type: 'logs', logs: 'out of two' }]],
    )
  })

  it('mixes Python, a plugin and a function of the client in one turn', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      python: async () => ({ logs: 'from Python' }),
      script: (nth) =>
        nth === 0
          ? calls(['code_interpreter', '{"code":"1"}'], ['mine', '{"a":1}'])
          : [...text('done'), finish()],
    })
    const tool = { type: 'function', function: { name: 'mine' } }
    const assistant = await node.made({ tools: [...PYTHON.tools, tool] })
    const run = await node.create((await node.thread()).id, assistant)
    const waiting = await node.until(run, 'requires_action')
    assertLawful(node.heard(run))
    assert.equal(order(node.heard(run)), `${HEAD} ${TOOL} run.requires_action`)
    assert.match(String(waiting['required_action']), /"arguments":"{\\"a\\":1}"/)
    assert.doesNotMatch(String(waiting['required_action']), /call_code_interpreter/)
    await node.runs.submit(house.owner, run.threadId, run.id, {
      tool_outputs: [{ tool_call_id: 'call_mine_1', output: 'mine' }],
      stream: false,
    })
    await node.until(run, 'completed')
    const outputs = node.requests[1]?.messages.flatMap((m) => (m.role === 'tool' ? [m.output] : []))
    assert.deepEqual(outputs, ['from Python', 'mine'])
  })

  it('does not run again what a dead node has run, and runs what it had not', async () => {
    await using house = await openRunHouse(engine)
    const hanging = Promise.withResolvers<never>()
    const late = await house.node({
      start: false,
      python: async (code) => (code === 'two' ? hanging.promise : { logs: `first ${code}` }),
      script: () => python('one', 'two'),
    })
    const run = await late.create((await late.thread()).id, await late.made(PYTHON))
    const end = Date.now() + 8_000
    while (late.asked.length < 2) {
      assert.ok(Date.now() < end)
      await sleep(5)
    }
    await orphan(house, run.id)
    const next = await house.node({
      python: async (code) => ({ logs: `second ${code}`, isNew: true }),
      script: () => [...text('done'), finish()],
    })
    await next.until(run, 'completed')
    assert.deepEqual(
      next.asked.map(({ code }) => code),
      ['two'],
    )
    assert.equal(order(next.heard(run)), `step.completed ${MSG} run.completed`)
    const [step] = await next.steps(run)
    assert.match(JSON.stringify(codeCalls(step)), /first one.*second two/)
    const outputs = next.requests[0]?.messages.flatMap((m) => (m.role === 'tool' ? [m.output] : []))
    assert.match(outputs?.[1] ?? '', /variables of earlier calls are gone.*\nsecond two/)
    hanging.reject(new Error('the test is over'))
  })

  it('stops Python when the run is cancelled, and keeps what was said', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      python: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        }),
      script: () => python('while True: pass'),
    })
    const run = await node.create((await node.thread()).id, await node.made(PYTHON))
    const end = Date.now() + 8_000
    while (node.asked.length < 1) {
      assert.ok(Date.now() < end)
      await sleep(5)
    }
    await node.runs.cancel(house.owner, run.threadId, run.id)
    await node.until(run, 'cancelled')
    assertLawful(node.heard(run))
    const [step] = await node.steps(run)
    assert.equal(step?.status, 'cancelled')
    assert.equal(codeCalls(step)[0]?.code_interpreter.input, 'while True: pass')
  })

  it('fails a run whose thread has an expired store, and leaves out an expired one of the assistant', async () => {
    await using house = await openRunHouse(engine)
    let now = Date.UTC(2026, 0, 1)
    const node = await house.node({
      clock: { now: () => now },
      script: (nth) =>
        nth === 0 ? calls(['file_search', '{"query":"x"}']) : [...text('none'), finish()],
    })
    const resources = { file_search: { vector_stores: [{}] } }
    const thread = await node.messages.createThread(
      house.owner,
      CreateThreadRequest.parse({
        messages: [{ role: 'user', content: 'hi' }],
        tool_resources: resources,
      }),
    )
    const store = await node.vectorStores.create(house.owner, {
      name: null,
      description: null,
      metadata: {},
      file_ids: [],
      chunking_strategy: null,
      expires_after: { anchor: 'last_active_at', days: 1 },
    })
    const assistant = await node.made({
      ...SEARCH,
      tool_resources: { file_search: { vector_store_ids: [store.store.id] } },
    })
    now += 8 * 86_400_000
    const failed = await node.create(thread.id, assistant)
    const row = await node.until(failed, 'failed')
    assert.match(String(row['last_error']), /vector store vs_\w+ of this thread has expired/)
    const run = await node.create((await node.thread()).id, assistant)
    await node.until(run, 'completed')
  })

  it('waits for the files of its thread no longer than it may, and stops waiting when it is cancelled', async () => {
    await using house = await openRunHouse(engine)
    const script = () => [...text('hello'), finish()]
    const node = await house.node({ script, indexingWaitMs: 400 })
    const file = await node.files.createFrom(
      house.owner,
      { purpose: 'assistants', filename: 'a.txt', expiresAfterSeconds: null },
      Readable.from([Buffer.from('text')]),
    )
    // No indexer works here: the file stays in progress.
    const request = CreateThreadRequest.parse({
      messages: [{ role: 'user', content: 'hi' }],
      tool_resources: { file_search: { vector_stores: [{ file_ids: [file.id] }] } },
    })
    const assistant = await node.made(SEARCH)
    const thread = await node.messages.createThread(house.owner, request)
    const began = performance.now()
    const run = await node.create(thread.id, assistant)
    await sleep(150)
    assert.equal((await node.row(run))['status'], 'queued')
    await node.until(run, 'completed')
    assert.ok(performance.now() - began >= 400)
    const patient = await house.node({ script })
    const other = await patient.messages.createThread(house.owner, request)
    const waiting = await patient.create(other.id, assistant)
    await sleep(50)
    await patient.runs.cancel(house.owner, waiting.threadId, waiting.id)
    await patient.until(waiting, 'cancelled')
  })
})
