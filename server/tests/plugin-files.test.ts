import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { bootServer, SANDBOX_CACHE, type BootedServer, type Quickstart } from './support/boot.ts'
import { runShell, skipUnlessGuide } from './support/guide.ts'
import { startScriptedModel, type ScriptedModel } from './support/scripted-model.ts'

// A plugin file that was exported here, and files in the style of the public samples, go in by the CLI and are used by the
// guide's chat.sh, none of them changed (issue 4, "Done when").

const SAMPLES = path.join(import.meta.dirname, 'plugins/samples')

/** What the model calls for each message; it then repeats the tool's output word for word. */
const CALLS: Record<string, { name: string; arguments: object }> = {
  'How large are 30 ping?': {
    name: 'unit_conversion',
    arguments: { value: 30, source: '坪', target: '平方公尺' },
  },
  今年的生肖: { name: '20260217', arguments: { year: 115, calendar: '民國' } },
  'Count the words': {
    name: 'text_statistics',
    // Without a quote: chat.sh cannot hand one on in arguments, whatever the server does.
    arguments: { text: '他說 Melzi runs 嗎？不知道。' },
  },
  '紅5 還要多久': { name: 'bus_arrivals', arguments: { route: '紅5', stop: '劍潭' } },
}

const answerOf = (body: ScriptedModel['requests'][number]['body']) => {
  const textOf = (message: { content?: unknown } | undefined) => String(message?.content)
  const last = body.messages?.at(-1)
  if (last?.role === 'tool') return { text: textOf(last) }
  const call = CALLS[textOf(body.messages?.findLast(({ role }) => role === 'user'))]
  return call === undefined ? undefined : { toolCalls: [call] }
}

/** The bus service after its move: the old address leads to the new one. */
const startBusService = async () => {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/') === true)
      response.writeHead(301, { location: request.url.replace('/v1/', '/v2/') }).end()
    else {
      const stop = { StopName: { Zh_tw: '劍潭' }, Direction: 1, StopStatus: 0, EstimateTime: 190 }
      const found = request.url === `/v2/arrivals/${encodeURIComponent('紅5')}` ? [stop] : []
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

describe('plugin files people have', { ...skipUnlessGuide(), concurrency: 2 }, () => {
  const stack = new AsyncDisposableStack()
  let server: BootedServer
  let busPort = 0
  before(async () => {
    const bus = stack.adopt(await startBusService(), (open) => void open.close())
    busPort = (bus.address() as AddressInfo).port
    const model = stack.use(await startScriptedModel({ handler: ({ body }) => answerOf(body) }))
    server = stack.use(
      await bootServer({
        sandbox: true,
        model: { url: model.url },
        env: {
          MELZI_ALLOW_INTERNAL_HOSTS: `localhost:${busPort}`,
          MELZI_SANDBOX_CACHE: SANDBOX_CACHE,
        },
      }),
    )
  })
  after(() => stack.disposeAsync())

  const melzi = async (person: string, ...args: string[]) =>
    JSON.parse(await server.cli(...args, '--person', person, '--json')) as {
      id: string
      data: { id: string }[]
    }

  /** A new person with an assistant that has these files. */
  const house = async (person: string, ...files: string[]): Promise<Quickstart> => {
    const key = await server.keyOf(person)
    const { data } = await melzi(person, 'plugin', 'import', ...files)
    const plugins = data.flatMap((plugin) => ['--plugin', plugin.id])
    const { id } = await melzi(person, 'assistant', 'create', '--name', person, ...plugins)
    return { ...key, assistantId: id, [Symbol.asyncDispose]: async () => undefined }
  }

  /**
   * What the plugin printed, as it stands in the answer that chat.sh shows. The program unwraps the escapes of `text` when it puts
   * the answer into its own JSON, so that the model reads plain text in `{"text": "…"}`.
   */
  const toolOutput = async (at: Quickstart, message: string): Promise<string> => {
    const shown = await runShell('chat.sh', at, { INPUT_MSG: message })
    const answer = /^davinci bot: (".*")$/m.exec(shown)?.[1]
    assert.ok(answer !== undefined, shown)
    const text = /^\{"text": "(.*)", "ok": true, "call_id": "pcall_\w+"\}$/s.exec(
      JSON.parse(answer) as string,
    )?.[1]
    assert.ok(text !== undefined, answer)
    return text.trimEnd()
  }

  it('one that was exported, byte for byte, works for who imports it', async () => {
    const original = path.join(SAMPLES, 'unit_conversion.json')
    await server.keyOf('maker')
    await melzi('maker', 'plugin', 'import', original)
    const exported = path.join(server.dataDir, 'exported.json')
    await melzi('maker', 'plugin', 'export', 'unit_conversion', '--output', exported)
    assert.equal(await readFile(exported, 'utf8'), await readFile(original, 'utf8'))
    const guest = await house('guest', exported)
    assert.equal(await toolOutput(guest, 'How large are 30 ping?'), '30 坪 = 99.1736 平方公尺')
  })

  it('public samples: ids of all kinds, loose JSON, a redirect; quotes arrive', async () => {
    // The made-up host of the bus service is this machine; nothing else of the file is changed.
    const loose = (await readFile(path.join(SAMPLES, 'bus_arrivals.json'), 'utf8'))
      .replace('https://bus.example/', `http://localhost:${busPort}/`)
      .replace('"bus.example"', '"localhost"')
    const bus = path.join(server.dataDir, 'bus.json')
    await writeFile(bus, loose)
    const files = ['lunar_year', 'text_statistics'].map((name) =>
      path.join(SAMPLES, `${name}.json`),
    )
    const at = await house('reader', ...files, bus)
    const [animal, words, arrival] = await Promise.all(
      ['今年的生肖', 'Count the words', '紅5 還要多久'].map((ask) => toolOutput(at, ask)),
    )
    assert.equal(animal, '{"西元": 2026, "民國": 115, "干支": "丙午", "生肖": "馬"}')
    // The plugin indents by two spaces; chat.sh shows one.
    assert.equal(words, '中文字 6，英文詞 2，句子 2\n 他 ×1\n 說 ×1\n 嗎 ×1')
    assert.equal(arrival, '紅5（返程）約 3 分鐘後到站')
  })
})
