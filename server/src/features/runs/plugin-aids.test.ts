import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateMessageRequest } from '@melzi/contract/message.ts'
import type { ModelRequest } from '../../models/language-model.ts'
import { errors } from '../../platform/errors.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import {
  assertLawful,
  calls,
  finish,
  openRunHouse,
  orphan,
  text,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { encodePluginAnswer } from '../pluginapi/plugin-answer.ts'

const PNG = Buffer.from('\x89PNG\r\n\x1a\nplot', 'latin1')
const LINK = /!\[plot\]\((http:\/\/melzi\.test\/pictures\/([\w-]+\.png))\)/
const DAY = 86_400_000
const page = { limit: 20, order: 'asc', after: null, before: null } as const
const listed = { limit: 20, order: 'desc' } as const

const linkIn = (value: unknown): string => {
  const [, link] = LINK.exec(String(value)) ?? []
  assert.ok(link, `no link in ${String(value)}`)
  return link
}

onEachEngine('pictures and files of plugins', (engine) => {
  it('are files of the caller, shown by links that are signed anew wherever they are read', async () => {
    await using house = await openRunHouse(engine)
    const at = { ms: Date.now() }
    const node = await house.node({
      clock: { now: () => at.ms },
      plugin: async () => sandboxResult({ output: 'drawn', pictures: [PNG, PNG] }),
      script: (nth, { messages }) => {
        const last = messages.at(-1)
        if (last?.role !== 'tool') return nth === 0 ? calls(['p', '{}']) : [...text('ok'), finish()]
        return [...text(`Here: ![plot](${linkIn(last.output)})`), finish()]
      },
    })
    const thread = await node.thread()
    const run = await node.create(thread.id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assertLawful(node.heard(run))
    const files = (await node.files.list(house.owner, { ...listed, purpose: 'assistants_output' }))
      .items
    assert.deepEqual(files.map(({ filename, bytes }) => `${filename} ${bytes}`).toSorted(), [
      `plot-1.png ${PNG.length}`,
      `plot-2.png ${PNG.length}`,
    ])
    const [record] = await house.store.all('select output, picture_ids from plugin_calls')
    assert.deepEqual(
      (JSON.parse(String(record?.['picture_ids'])) as string[]).toSorted(),
      files.map(({ id }) => id).toSorted(),
    )
    const made = linkIn(record?.['output'])
    assert.match(String(record?.['output']), /^drawn\n!\[plot\]\(\S+\)\n!\[plot\]\(\S+\)$/)

    at.ms += 30 * DAY
    const read = async () => {
      const message = (await node.messages.list(house.owner, thread.id, run.id, page)).items[0]
      const step = (await node.runs.listSteps(house.owner, thread.id, run.id, page)).page.items[0]
      const one = await node.messages.get(house.owner, thread.id, message?.id ?? '')
      const owner = { workspaceId: house.owner.workspaceId, personId: house.owner.personId }
      const seen = [message, step, one, await node.messages.ofRun(owner, thread.id, run.id)]
      return [
        ...seen,
        await node.messages.conversation(owner, thread.id),
        await node.runs.snapshot(run),
      ]
    }
    const now = (link: string) => node.links.parse(link.split('/').at(-1) ?? '')?.expiresAt ?? 0
    assert.ok(now(made) * 1000 < at.ms)
    for (const seen of await read()) {
      const link = linkIn(JSON.stringify(seen))
      assert.ok(now(link) * 1000 > at.ms + DAY - 1)
    }
    // The model is given fresh ones too; what is stored stays as it was written.
    const next = await node.create(thread.id, await node.assistant())
    await node.until(next, 'completed')
    const told = linkIn(JSON.stringify(node.requests.at(-1)?.messages))
    assert.ok(now(told) * 1000 > at.ms)
    assert.equal(linkIn((await node.written(run))[0]?.content), made)
  })

  it('end with their file, and are in a direct answer', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      plugin: async () => sandboxResult({ output: '', pictures: [PNG] }),
      script: () => calls(['direct', '{}']),
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['direct']))
    await node.until(run, 'completed')
    assertLawful(node.heard(run))
    const link = linkIn((await node.written(run))[0]?.content)
    const parsed = node.links.parse(link.split('/').at(-1) ?? '')
    const [file] = (await node.files.list(house.owner, { ...listed, purpose: 'assistants_output' }))
      .items
    assert.deepEqual([parsed?.fileId, file?.filename], [file?.id, 'plot.png'])
  })

  it('are made once, also when the commit went through and its answer did not', async () => {
    await using house = await openRunHouse(engine)
    let isBroken = false
    const store = refusing(house.store, (name, phase) => {
      if (name !== 'plugin.call.end' || phase === 'before' || isBroken) return null
      isBroken = true
      return errors.unavailable('The connection broke.', 1)
    })
    const node = await house.node({
      store,
      plugin: async () => sandboxResult({ output: 'drawn', pictures: [PNG] }),
      script: (nth) => (nth === 0 ? calls(['p', '{}']) : [...text('done'), finish()]),
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assert.equal(isBroken, true)
    assert.equal(node.jobs.length, 1)
    const { items } = await node.files.list(house.owner, {
      ...listed,
      purpose: 'assistants_output',
    })
    assert.equal(items.length, 1)
    const link = linkIn((await node.steps(run))[0]?.step_details)
    assert.equal(node.links.parse(link.split('/').at(-1) ?? '')?.fileId, items[0]?.id)
  })

  it('are those of the node that ended the call first', async () => {
    await using house = await openRunHouse(engine)
    const late = Promise.withResolvers<void>()
    const drawn = (output: string) => sandboxResult({ output, pictures: [PNG] })
    const script = (_nth: number, { messages }: ModelRequest) =>
      messages.at(-1)?.role === 'tool' ? [...text('done'), finish()] : calls(['p', '{}'])
    const first = await house.node({
      start: false,
      plugin: async () => {
        await late.promise
        return drawn('late')
      },
      script,
    })
    const run = await first.create((await first.thread()).id, await first.assistant([], ['p']))
    for (const end = Date.now() + 8_000; first.jobs.length === 0; await sleep(5))
      assert.ok(Date.now() < end)
    await orphan(house, run.id)
    const next = await house.node({ plugin: async () => drawn('in time'), script })
    await next.until(run, 'completed')
    late.resolve()
    for (const end = Date.now() + 8_000; first.dispatcher.active > 0; await sleep(5))
      assert.ok(Date.now() < end)
    const query = { ...listed, purpose: 'assistants_output' } as const
    assert.equal((await next.files.list(house.owner, query)).items.length, 1)
    assert.match((await next.steps(run))[0]?.step_details ?? '', /in time/)
  })

  it("are in what a client gets, even where the text is cut, and in the client's submitted output", async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      plugin: async () => sandboxResult({ output: '長'.repeat(20_000), pictures: [PNG] }),
      script: (nth) => (nth === 0 ? calls(['p', '{}']) : [...text('done'), finish()]),
    })
    const aid = await node.assistant([], ['p'], 'client')
    const thread = await node.thread()
    const run = await node.create(thread.id, aid)
    await node.until(run, 'requires_action')
    const request = { aid, tid: thread.id, pid: 'p', params: null, body: '{}' }
    const answer = await node.pluginApi.call(house.owner, request, new AbortController().signal)
    const body = encodePluginAnswer(answer)
    assert.ok(body.length <= 8_000)
    const shown = (JSON.parse(body) as { text: string }).text
    assert.match(shown, /has been cut here\.\]\n!\[plot\]\(\S+\)$/)
    await node.runs.submit(house.owner, thread.id, run.id, {
      tool_outputs: [{ tool_call_id: 'call_p_0', output: body }],
      stream: false,
    })
    await node.until(run, 'completed')
    const { page: steps } = await node.runs.listSteps(house.owner, thread.id, run.id, page)
    linkIn(JSON.stringify(steps.items))
  })

  it('are given to a plugin that reads SELECTED_FILES: the newest first, its caller’s, within limits', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (_nth, { messages }) =>
        messages.at(-1)?.role === 'tool'
          ? [...text('ok'), finish()]
          : calls(['p', '{}'], ['files', '{}']),
    })
    const put = async (
      filename: string,
      content: string | Buffer,
      purpose: 'assistants' | 'vision' = 'assistants',
    ) =>
      (
        await node.files.createFrom(
          house.owner,
          { purpose, filename, expiresAfterSeconds: null },
          Readable.from([Buffer.from(content)]),
        )
      ).id
    const tools = [{ type: 'code_interpreter' }]
    const say = async (threadId: string, fields: object) => {
      const message = CreateMessageRequest.parse({ role: 'user', content: 'see', ...fields })
      await node.messages.create(house.owner, threadId, message)
    }
    const thread = await node.thread()
    const [old, gone, large] = [
      await put('報告.csv', 'a,b'),
      await put('gone.txt', 'x'),
      await put('large.bin', Buffer.alloc(9_999_998)),
    ]
    const image = await put('photo.bin', PNG, 'vision')
    await say(thread.id, { attachments: [old, gone].map((file_id) => ({ file_id, tools })) })
    await say(thread.id, { attachments: [{ file_id: large, tools }] })
    await say(thread.id, { content: [{ type: 'image_file', image_file: { file_id: image } }] })
    await node.files.delete(house.owner, gone)
    const elsewhere = await node.thread()
    await say(elsewhere.id, { attachments: [{ file_id: await put('other.txt', 'y'), tools }] })

    const assistant = await node.assistant([], ['p', 'files'])
    const run = await node.create(thread.id, assistant)
    await node.until(run, 'completed')
    const given = node.jobs.map((job) =>
      job.files.map(({ title, type, data }) => [title, type, data.length]),
    )
    // The large one does not fit beside the picture; the older one after it does.
    const expected = [
      ['photo.bin', 'image/png', PNG.length],
      ['報告.csv', 'text/csv', 3],
    ]
    assert.deepEqual(
      given.toSorted((a, b) => a.length - b.length),
      [[], expected],
    )

    for (let i = 0; i < 21; i += 1) {
      const part = {
        type: 'image_file',
        image_file: { file_id: await put(`${i}.png`, PNG, 'vision') },
      }
      await say(thread.id, { content: [part] })
    }
    const more = await node.create(thread.id, assistant)
    await node.until(more, 'completed')
    const titles = node.jobs.at(-1)?.files.length
      ? node.jobs.at(-1)?.files
      : node.jobs.at(-2)?.files
    assert.deepEqual(
      titles?.map(({ title }) => title),
      Array.from({ length: 20 }, (_, i) => `${20 - i}.png`),
    )
  })
})

onEachEngine('limits of a run on its plugins', (engine) => {
  it('refuse what is too much with a sentence, and the run goes on', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      pluginLimits: { calls: 3, ms: 60_000 },
      script: (nth) => (nth < 2 ? calls(['p', '{}'], ['p', '{}']) : [...text('done'), finish()]),
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assertLawful(node.heard(run))
    assert.equal(node.jobs.length, 3)
    const outputs = node.requests[2]?.messages.flatMap((m) => (m.role === 'tool' ? [m.output] : []))
    assert.deepEqual(outputs?.slice(0, 3), ['6', '6', '6'])
    assert.match(outputs?.[3] ?? '', /not made: one run may make 3 plugin calls/)
  })

  it('leave a call no more time than the run has', async () => {
    await using house = await openRunHouse(engine)
    const at = { ms: Date.now() }
    const node = await house.node({
      clock: { now: () => at.ms },
      pluginLimits: { calls: 100, ms: 9_000 },
      plugin: async () => {
        at.ms += 4_500
        return sandboxResult()
      },
      leaseMs: 600_000,
      script: (nth) => (nth < 3 ? calls(['p', '{}']) : [...text('done'), finish()]),
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assert.deepEqual(
      node.jobs.map((job) => job.limits.wallMs),
      [9_000, 4_500],
    )
    const last = node.requests[3]?.messages.at(-1)
    assert.match(last?.role === 'tool' ? last.output : '', /9 seconds together/)
  })
})
