import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from './support/boot.ts'
import { skipUnless } from './support/components.ts'
import { Api, textOf } from './support/factories.ts'
import { assertLawfulStream } from './support/lawful-stream.ts'
import { usePostgres } from './support/postgres.ts'
import { startScriptedModel, type ScriptedModel } from './support/scripted-model.ts'

// design.md 4.3, behaviour.md 11 "takeover by another node": whole programs, killed, paused and told to stop.
const LEASE_MS = 1_500
const MSG =
  'step.created step.in_progress message.created message.in_progress message.delta message.completed step.completed'

/**
 * Asked `half …` it says half and hangs, `mute …` it hangs before the first word, `slow …` it takes its time; each only when asked for
 * the first time: later it answers at once.
 */
const startModel = (): Promise<ScriptedModel> => {
  const asked = new Set<string>()
  return startScriptedModel({
    handler: ({ body }) => {
      const text = JSON.stringify(body.messages)
      const first = !asked.has(text)
      asked.add(text)
      if (first && text.includes('half')) return { text: ['half ', 'never'], hangAfter: 1 }
      if (first && text.includes('mute')) return { text: ['never'], hangAfter: 0 }
      if (first && text.includes('pause')) return { text: Array(40).fill('late '), delayMs: 100 }
      if (text.includes('slow')) return { text: Array(20).fill('slow '), delayMs: 60 }
      return { text: ['whole ', 'answer'] }
    },
  })
}

interface Seen {
  event: string
  data: Record<string, unknown>
  id: string | null
  at: number
}

/** Reads a stream to its end, whatever it is; `seen` fills while it goes. */
const reader = (server: BootedServer, path: string, body?: object) => {
  const seen: Seen[] = []
  const done = (async () => {
    const response = await fetch(server.baseUrl + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify({ ...body, stream: true }),
    })
    assert.equal(response.status, 200)
    let text = ''
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const event = /^event: (\S+)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? ''
        if (event === undefined) continue
        seen.push({
          event,
          data: data === '[DONE]' ? {} : (JSON.parse(data) as Record<string, unknown>),
          id: /^id: (\d+)$/m.exec(block)?.[1] ?? null,
          at: performance.now(),
        })
      }
    }
  })()
  done.catch(() => undefined)
  const names = () =>
    seen
      .map(({ event }) => event.replace(/^thread\.(?:run\.(?=step\.))?/, ''))
      .filter((name, at, all) => !name.endsWith('.delta') || name !== all[at - 1])
      .join(' ')
  const until = async (name: string) => {
    for (const end = Date.now() + 10_000; !names().includes(name); await sleep(10))
      assert.ok(Date.now() < end, `${name} does not come: ${names()}`)
  }
  return { seen, done, names, until }
}

describe('two nodes on one PostgreSQL', skipUnless('postgresql'), () => {
  const stack = new AsyncDisposableStack()
  let first: BootedServer
  let second: BootedServer
  let api: Api
  let assistantId: string

  before(async () => {
    const model = stack.use(await startModel())
    const postgres = stack.use(await usePostgres())
    const env = {
      DATABASE_URL: stack.use(await postgres.createDatabase()).url,
      MELZI_LEASE_MS: String(LEASE_MS),
    }
    first = stack.use(await bootServer({ model: { url: model.url }, env }))
    const { apiKey } = first
    const other = stack.use(await bootServer({ model: { url: model.url }, env, quickstart: false }))
    second = { ...other, apiKey, [Symbol.asyncDispose]: async () => undefined }
    api = new Api(second)
    assistantId = (await api.assistant()).id
  })
  after(() => stack.disposeAsync())

  /** A run on the first node that the second reads. */
  const begin = async (said: string) => {
    const on = new Api(first)
    const run = await on.run((await on.thread(said)).id, assistantId)
    return { run, events: `/threads/${run.thread_id}/runs/${run.id}/events` }
  }
  const opened = async ({ thread_id }: RunObject) => {
    while ((await api.messages(thread_id)).length < 2) await sleep(10)
  }

  it('takes over from a killed node: visibly where a delta was said, else silently', async (t) => {
    const halves = await Promise.all(['half 1', 'half 2', 'half 3'].map((said) => begin(said)))
    const mute = await begin('mute 1')
    for (const { run } of halves) await opened(run)
    const readers = [...halves, mute].map(({ events }) => reader(second, events))
    for (const { until } of readers) await until('run.snapshot')
    const killed = performance.now()
    await first.kill('SIGKILL')
    await Promise.all(readers.map(({ done }) => done))
    for (const [at, { names, seen }] of readers.entries()) {
      const closing = at < halves.length ? 'message.incomplete step.failed ' : ''
      assert.equal(names(), `run.snapshot ${closing}${MSG} run.completed done`)
      const ids = seen.slice(1).flatMap(({ id }) => (id === null ? [] : [Number(id)]))
      assert.deepEqual(
        ids,
        ids.toSorted((a, b) => a - b),
      )
      assert.ok(
        ids.every((id) => id > 20_000_000),
        'the events of the second attempt',
      )
    }
    const failed = readers[0]?.seen.find(({ event }) => event === 'thread.run.step.failed')
    assert.match(JSON.stringify(failed?.data['last_error']), /"code":"server_error"/)
    for (const { run } of halves) {
      const [, abandoned, answer] = await api.messages(run.thread_id)
      assert.deepEqual(
        [abandoned?.status, abandoned?.incomplete_details?.reason],
        ['incomplete', 'run_failed'],
      )
      assert.equal(textOf(answer), 'whole answer')
    }
    const took = readers.map(({ seen }) => Math.round((seen[1]?.at ?? 0) - killed))
    t.diagnostic(`takeover after ${took.join(', ')} ms with a lease of ${LEASE_MS} ms`)
    assert.ok(Math.max(...took) < LEASE_MS + 8_000)
    await first.restart()
  })

  it('hears nothing more from a node that slept through its lease', async () => {
    const on = new Api(first)
    const thread = await on.thread('pause 1')
    const stream = reader(first, `/threads/${thread.id}/runs`, { assistant_id: assistantId })
    await stream.until('message.delta')
    process.kill(first.pid, 'SIGSTOP')
    let before: number
    let stored: string
    const look = async () =>
      JSON.stringify([
        await api.messages(thread.id),
        await api.get(`/threads/${thread.id}/runs?limit=100`),
      ])
    try {
      await sleep(100)
      before = stream.seen.length
      const run = stream.seen[0]?.data as unknown as RunObject
      assert.equal((await api.settled(run, 15_000)).status, 'completed')
      stored = await look()
    } finally {
      process.kill(first.pid, 'SIGCONT')
    }
    await stream.done
    assert.deepEqual(
      stream.seen.slice(before).map(({ event }) => event),
      ['thread.run.completed', 'done'],
    )
    await sleep(500)
    assert.equal(await look(), stored)
  })
})

describe('SIGTERM', () => {
  it('lets runs end, leaves the rest to the next start, and exits with 0', async () => {
    await using model = await startModel()
    await using server = await bootServer({ model: { url: model.url } })
    const api = new Api(server)
    const assistantId = (await api.assistant()).id
    const start = async (said: string) => {
      const { id } = await api.thread(said)
      const stream = reader(server, `/threads/${id}/runs`, { assistant_id: assistantId })
      await stream.until('message.delta')
      return stream
    }
    const slow = await start('slow')
    const half = await start('half')
    const begun = performance.now()
    const code = await server.kill('SIGTERM')
    assert.equal(code, 0, server.logs.slice(-2_000))
    assert.ok(performance.now() - begun < 20_000)
    await Promise.all([slow.done, half.done])
    assertLawfulStream(
      slow.seen.map(({ event, data }) => ({
        event,
        data: event === 'done' ? '[DONE]' : data,
        raw: '',
        atMs: 0,
      })),
    )
    // A fault of the stream, not of the run (behaviour.md 10).
    assert.match(half.names(), /message\.delta error$/)
    assert.match(JSON.stringify(half.seen.at(-1)?.data['error']), /"message":"[^"]*goes on/)
    await server.restart()
    const run = await api.settled(half.seen[0]?.data as unknown as RunObject, 20_000)
    assert.equal(run.status, 'completed')
    assert.equal(textOf((await api.messages(run.thread_id)).at(-1)), 'whole answer')
  })
})
