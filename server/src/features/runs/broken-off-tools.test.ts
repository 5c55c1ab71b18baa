import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateThreadRequest } from '@melzi/contract/thread.ts'
import {
  assertLawful,
  calls,
  finish,
  hang,
  openRunHouse,
  codeCalls,
  orphan,
  python,
  order,
  text,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const PYTHON = { tools: [{ type: 'code_interpreter' }] }
const SEARCH = { tools: [{ type: 'file_search' }] }

onEachEngine('built-in tools that break off', (engine) => {
  it('ends a step with the calls that waited for Python, each said before', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      python: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        }),
      script: () =>
        calls(
          ['code_interpreter', '{"code":"one"}'],
          ['code_interpreter', '{"code":"two"}'],
          ['file_search', '{"query":"x"}'],
        ),
    })
    const assistant = await node.made({ tools: [...PYTHON.tools, ...SEARCH.tools] })
    const run = await node.create((await node.thread()).id, assistant)
    const end = Date.now() + 8_000
    while (node.asked.length < 1) {
      assert.ok(Date.now() < end)
      await sleep(5)
    }
    await node.runs.cancel(house.owner, run.threadId, run.id)
    await node.until(run, 'cancelled')
    assertLawful(node.heard(run))
    assert.equal(codeCalls((await node.steps(run))[0]).length, 3)
  })

  it('says no outputs of Python that a cancel kept from being stored', async () => {
    await using house = await openRunHouse(engine)
    let runId = ''
    const node = await house.node({
      python: async () => {
        // The wish is in the row before its signal comes, as from another node.
        await house.store.write('test.cancel', (tx) =>
          tx.run("update runs set status = 'cancelling' where id = ?1", [runId]),
        )
        return { logs: 'printed' }
      },
      script: async function* () {
        while (runId === '') await sleep(5)
        yield* python('1')
      },
    })
    const run = await node.create((await node.thread()).id, await node.made(PYTHON))
    runId = run.id
    await node.until(run, 'cancelled')
    assertLawful(node.heard(run))
    assert.doesNotMatch(JSON.stringify(node.heard(run)), /printed/)
  })

  it('forces the tool again when the turn that was forced to it is done anew', async () => {
    await using house = await openRunHouse(engine)
    const [call, piece] = python('1')
    assert.ok(call && piece)
    const late = await house.node({
      start: false,
      script: (_nth, _request, signal) => hang([call, piece], signal),
    })
    const choice = { tool_choice: { type: 'code_interpreter' } }
    const run = await late.create((await late.thread()).id, await late.made(PYTHON), choice)
    const end = Date.now() + 8_000
    while (!order(late.heard(run)).endsWith('step.delta')) {
      assert.ok(Date.now() < end)
      await sleep(5)
    }
    await orphan(house, run.id)
    const next = await house.node({
      script: (nth) => (nth === 0 ? python('1') : [...text('done'), finish()]),
    })
    await next.until(run, 'completed')
    assert.deepEqual(
      next.requests.map(({ toolChoice }) => toolChoice),
      [{ type: 'function', function: { name: 'code_interpreter' } }, 'auto'],
    )
  })

  it('fits passages and thread to a small context', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      contextTokens: 4_000,
      script: (nth) =>
        nth === 0 ? calls(['file_search', '{"query":"walrus"}']) : [...text('ok'), finish()],
    })
    await node.indexer.start(false)
    const file = await node.files.createFrom(
      house.owner,
      { purpose: 'assistants', filename: 'sea\n.txt', expiresAfterSeconds: null },
      Readable.from([Buffer.from('The walrus sleeps on ice. '.repeat(2_000))]),
    )
    const said = (content: string) => ({ role: 'user', content })
    const tools = [{ type: 'file_search' }, { type: 'code_interpreter' }]
    const thread = await node.messages.createThread(
      house.owner,
      CreateThreadRequest.parse({
        messages: [
          said('old '.repeat(3_000)),
          { ...said('new'), attachments: [{ file_id: file.id, tools }] },
        ],
      }),
    )
    const run = await node.create(
      thread.id,
      await node.made({ tools, instructions: '長'.repeat(3_500) }),
    )
    await node.until(run, 'completed')
    const [first, second] = node.requests
    assert.ok(first?.messages[0]?.role === 'system')
    assert.match(first.messages[0].text, /\(sea \.txt\)/)
    assert.deepEqual(
      second?.messages.map(({ role }) => role),
      ['system', 'user', 'assistant', 'tool'],
    )
    const passages = second?.messages.at(-1)
    assert.ok(passages?.role === 'tool')
    assert.match(passages.output, /walrus/)
    assert.ok(passages.output.length < 4_200, String(passages.output.length))
  })

  it('leaves room in the budget of prompt tokens for what a search finds', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (nth) =>
        nth === 0 ? calls(['file_search', '{"query":"walrus"}']) : [...text('ok'), finish()],
    })
    await node.indexer.start(false)
    const file = await node.files.createFrom(
      house.owner,
      { purpose: 'assistants', filename: 'sea.txt', expiresAfterSeconds: null },
      Readable.from([Buffer.from('The walrus sleeps on ice. '.repeat(8_000))]),
    )
    const attachments = [{ file_id: file.id, tools: [{ type: 'file_search' }] }]
    const thread = await node.messages.createThread(
      house.owner,
      CreateThreadRequest.parse({ messages: [{ role: 'user', content: 'hi', attachments }] }),
    )
    const run = await node.create(thread.id, await node.made(SEARCH), { max_prompt_tokens: 10_000 })
    const row = await node.until(run, 'completed', 'incomplete')
    assert.equal(row['status'], 'completed')
    const passages = node.requests[1]?.messages.at(-1)
    assert.ok(passages?.role === 'tool' && passages.output.length > 10_000)
  })

  it('parts no character where it shortens what was printed', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      python: async () => ({ logs: `a${'😀'.repeat(60_000)}` }),
      script: (nth) => (nth === 0 ? python('1') : [...text('ok'), finish()]),
    })
    const run = await node.create((await node.thread()).id, await node.made(PYTHON))
    await node.until(run, 'completed')
    const [logs] = codeCalls((await node.steps(run))[0])[0]?.code_interpreter.outputs ?? []
    assert.ok(logs?.type === 'logs' && logs.logs.length < 101_000)
    assert.ok(logs.logs.isWellFormed())
  })
})
