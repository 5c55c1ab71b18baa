import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { CodeInterpreterToolCall, RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf } from '../support/factories.ts'
import { assertLawfulStream } from '../support/lawful-stream.ts'
import type { ChatBody } from '../support/scripted-auto.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import type { ScriptedTurn } from '../support/scripted-turn.ts'
import type { WireEvent } from '../support/sse.ts'
import { ASSISTANTS } from '../support/vector-stores.ts'

// behaviour.md 11 to 14: code_interpreter in runs, with the real interpreter.
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47])

const told = (body: ChatBody): string => {
  const message = body.messages?.findLast(({ role }) => role === 'tool')
  return typeof message?.content === 'string' ? message.content : ''
}

type Answer = (body: ChatBody) => ScriptedTurn

const python =
  (...lines: string[]): Answer =>
  () => ({ toolCalls: [{ name: 'code_interpreter', arguments: { code: lines.join('\n') } }] })

const say =
  (text: string): Answer =>
  () => ({ text })

const dataOf = <T>(events: readonly WireEvent[], name: string): T[] =>
  events.filter(({ event }) => event === `thread.${name}`).map(({ data }) => data as T)

const callsOf = (
  step: RunStepObject | undefined,
): CodeInterpreterToolCall['code_interpreter'][] => {
  const details = step?.step_details
  assert.ok(details?.type === 'tool_calls')
  return details.tool_calls.flatMap((call) =>
    call.type === 'code_interpreter' ? [call.code_interpreter] : [],
  )
}

const logsOf = (step: RunStepObject | undefined): string =>
  callsOf(step)
    .flatMap(({ outputs }) => outputs)
    .map((output) => (output.type === 'logs' ? output.logs : ''))
    .join('')

describe('code_interpreter in runs', () => {
  let script: Answer[] = []
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let assistant: AssistantObject

  before(async () => {
    model = await startScriptedModel({ handler: ({ body }) => script.shift()?.(body) })
    server = await bootServer({ model: { url: model.url }, interpreter: true })
    api = new Api(server)
    assistant = await api.assistant({ tools: [{ type: 'code_interpreter' }] })
  })
  /** Data packages are fetched when they are first imported; a call waits for them only so long. */
  before(async () => {
    const end = Date.now() + 180_000
    for (let logs = '?'; logs !== '';) {
      assert.ok(Date.now() < end, `the data packages are not there: ${logs}`)
      const imports = python('import pandas, matplotlib, openpyxl, PIL')
      logs = logsOf(stepOf(await streamed(await api.thread('warm up'), imports, say('ok'))))
    }
  })
  beforeEach(() => {
    script = []
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const streamed = async (thread: ThreadObject, ...answers: Answer[]): Promise<WireEvent[]> => {
    script = answers
    const path = `/threads/${thread.id}/runs`
    const events = await api.events(path, { assistant_id: assistant.id })
    assertLawfulStream(events)
    assert.equal(
      dataOf<RunObject>(events, 'run.completed').length,
      1,
      JSON.stringify(events.at(-2)),
    )
    assert.equal(script.length, 0, 'the model was asked as often as the script says')
    return events
  }
  const stepOf = (events: readonly WireEvent[], nth = 0) =>
    dataOf<RunStepObject>(events, 'run.step.completed').filter(
      (step) => step.type === 'tool_calls',
    )[nth]

  it('keeps state from call to call and run to run of a thread, and from no other', async () => {
    const thread = await api.thread('count')
    const first = await streamed(
      thread,
      python('import math', 'x = 41', 'print("set", x)'),
      python('x += 1', 'x'),
      (body) => ({ text: told(body) }),
    )
    assert.equal(logsOf(stepOf(first)), 'set 41\n')
    assert.deepEqual(callsOf(stepOf(first, 1)), [{ input: 'x += 1\nx', outputs: [] }])
    assert.equal(textOf(dataOf<MessageObject>(first, 'message.completed')[0]), '42')
    const again = await streamed(thread, python('print(x, math.floor(2.5))'), say('ok'))
    assert.equal(logsOf(stepOf(again)), '42 2\n')
    const other = await streamed(
      await api.thread('hi'),
      python('print("x" in globals())'),
      say('ok'),
    )
    assert.equal(logsOf(stepOf(other)), 'False\n')
  })

  it('shows charts with the message and gives written files to be fetched', async () => {
    const events = await streamed(
      await api.thread('chart'),
      python(
        'import pandas as pd, matplotlib.pyplot as plt',
        "frame = pd.DataFrame({'月': [1, 2], '銷量': [3, 5]})",
        "frame.plot(x='月', y='銷量')",
        'plt.show()',
        "frame.to_csv('/mnt/data/銷量 1.csv', index=False)",
        "frame.to_excel('/mnt/data/sales.xlsx', index=False)",
      ),
      say('See [the table](sandbox:/mnt/data/銷量 1.csv) and sandbox:/mnt/data/sales.xlsx.'),
    )
    const [call] = callsOf(stepOf(events))
    const images = call?.outputs.filter((output) => output.type === 'image') ?? []
    assert.equal(images.length, 1, JSON.stringify(call))
    const [message] = dataOf<MessageObject>(events, 'message.completed')
    const [picture, part] = message?.content ?? []
    assert.ok(picture?.type === 'image_file' && part?.type === 'text')
    assert.equal(picture.image_file.file_id, images[0]?.image.file_id)
    const shown = await api.content(picture.image_file.file_id)
    assert.deepEqual(shown.bytes.subarray(0, 4), PNG)
    const [csv, xlsx] = part.text.annotations
    assert.ok(csv?.type === 'file_path' && xlsx?.type === 'file_path')
    assert.deepEqual(
      [csv.text, xlsx.text],
      ['sandbox:/mnt/data/銷量 1.csv', 'sandbox:/mnt/data/sales.xlsx'],
    )
    const table = await api.content(csv.file_path.file_id)
    assert.equal(table.bytes.toString(), '月,銷量\n1,3\n2,5\n')
    assert.deepEqual(
      (await api.content(xlsx.file_path.file_id)).bytes.subarray(0, 2).toString(),
      'PK',
    )
    const file = await api.get<{ purpose: string; filename: string }>(
      `/files/${csv.file_path.file_id}`,
    )
    assert.deepEqual([file.purpose, file.filename], ['assistants_output', '銷量 1.csv'])
  })

  it('finds the files of thread and assistant under their ids and names', async () => {
    const own = await api.file('a,b\n1,2\n', 'own.csv', ASSISTANTS)
    const attached = await api.file('從附件來', '附件.txt', ASSISTANTS)
    const equipped = await api.assistant({
      tools: [{ type: 'code_interpreter' }],
      tool_resources: { code_interpreter: { file_ids: [own.id] } },
    })
    const thread = await api.post<ThreadObject>('/threads', {
      messages: [
        {
          role: 'user',
          content: 'read',
          attachments: [{ file_id: attached.id, tools: [{ type: 'code_interpreter' }] }],
        },
      ],
    })
    script = [
      python(
        `print(open('/mnt/data/${own.id}').read())`,
        `print(open('/mnt/data/附件.txt', encoding='utf-8').read())`,
      ),
      say('ok'),
    ]
    const run = await api.settled(await api.run(thread.id, equipped.id), 30_000)
    assert.deepEqual(run.tools, [{ type: 'code_interpreter' }])
    const steps = await api.steps(run)
    assert.equal(logsOf(steps[0]), 'a,b\n1,2\n\n從附件來\n')
  })

  it('shows the error to user and model, and goes on', async () => {
    const events = await streamed(
      await api.thread('fail'),
      python('def f():', '    return 1 / 0', 'f()'),
      (body) => ({ text: /ZeroDivisionError/.test(told(body)) ? 'seen' : told(body) }),
    )
    assert.match(logsOf(stepOf(events)), /line 2[\s\S]*ZeroDivisionError: division by zero/)
    assert.equal(textOf(dataOf<MessageObject>(events, 'message.completed')[0]), 'seen')
  })

  it('reaches no network, no secret and no server', async () => {
    const port = new URL(server.origin).port
    const events = await streamed(
      await api.thread('attack'),
      python(
        'import os, socket',
        'def tried(what):',
        '    try:',
        '        return what()',
        '    except BaseException as error:',
        '        return type(error).__name__',
        `print(tried(lambda: socket.create_connection(('127.0.0.1', ${port}), 2)))`,
        "print(tried(lambda: socket.getaddrinfo('example.com', 80)))",
        `print(tried(lambda: os.listdir(${JSON.stringify(server.dataDir)})))`,
        "print(tried(lambda: open('/etc/shadow').read()))",
        "print([name for name in os.environ if 'MELZI' in name or 'KEY' in name])",
      ),
      say('ok'),
    )
    const lines = logsOf(stepOf(events)).trim().split('\n')
    assert.equal(lines.length, 5)
    for (const line of lines.slice(0, 4)) assert.match(line, /Error|gaierror/)
    assert.equal(lines[4], '[]')
  })

  it('answers with the demo model too', async () => {
    await using demo = await bootServer({ model: 'demo', interpreter: true })
    const client = new Api(demo)
    const helper = await client.assistant({
      model: 'melzi-demo',
      tools: [{ type: 'code_interpreter' }],
    })
    const thread = await client.thread('Use Python for the calculation 12 * (3 + 4), please')
    const events = await client.events(`/threads/${thread.id}/runs`, { assistant_id: helper.id })
    assertLawfulStream(events)
    assert.match(textOf(dataOf<MessageObject>(events, 'message.completed')[0]), /84/)
  })
})
