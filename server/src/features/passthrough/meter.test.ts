import assert from 'node:assert/strict'
import { it, test } from 'node:test'
import type { ModelPart, ModelRequest } from '../../models/language-model.ts'
import { AppError } from '../../platform/errors.ts'
import { createLog } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { createQuotas, setLimits } from '../usage/service.ts'
import { createAnswerReader, needOf } from './read-usage.ts'
import { createPassthrough, type Content } from './service.ts'

const NEVER = new AbortController().signal
const clock = { now: () => Date.now() }

test('an answer tells what it used, in one piece or in events cut anywhere', () => {
  const usage = {
    prompt_tokens: 12,
    completion_tokens: 3,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: null,
  }
  const message = {
    content: 'hi',
    tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{"a":1}' } }],
  }
  const whole = createAnswerReader('application/json')
  whole.read(Buffer.from(JSON.stringify({ choices: [{ message }], usage })))
  const known = { promptTokens: 12, completionTokens: 3, cachedTokens: 4, reasoningTokens: 0 }
  assert.deepEqual(whole.result(), { usage: known, said: 'hi{"a":1}' })

  const events = `: warm\r\n\r\ndata: ${JSON.stringify({ choices: [{ delta: { content: '漢字' } }], usage: null })}\r\n\r\ndata: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`
  const bytes = Buffer.from(events)
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const reader = createAnswerReader('text/event-stream; charset=utf-8')
    reader.read(bytes.subarray(0, cut))
    reader.read(bytes.subarray(cut))
    assert.deepEqual(reader.result(), { usage: known, said: '漢字' })
  }
  for (const text of ['', 'no json', '{"choices":7,"usage":{"prompt_tokens":"many"}}', '[]']) {
    const reader = createAnswerReader('application/json')
    reader.read(Buffer.from(text))
    assert.deepEqual(reader.result(), { usage: null, said: '' })
  }
})

test('a request tells what it may use', () => {
  const url = `data:image/png;base64,${'A'.repeat(40_000)}`
  const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]
  const need = needOf({ messages, max_tokens: 7 })
  assert.ok(need.promptTokens > 765 && need.promptTokens < 850)
  assert.equal(need.answerTokens, 7)
  assert.equal(needOf({ messages: [], max_tokens: 'x' }).answerTokens, null)
})

const content = (body: object): Content => ({
  model: 'm',
  named: 'm',
  type: 'application/json',
  accept: '*/*',
  body: Buffer.from(JSON.stringify(body)),
  rename: () => Buffer.from(''),
  need: { promptTokens: 9, answerTokens: 5 },
})

const reply = JSON.stringify({
  choices: [{ message: { content: 'hello' } }],
  usage: { prompt_tokens: 20, completion_tokens: 2 },
})

onEachEngine('requests that go through', (engine) => {
  const open = async (parts: readonly ModelPart[], answer: readonly string[]) => {
    const home = await openFeatureStore(engine)
    const { store } = home
    const log = createLog('silent')
    const quotas = createQuotas({ store, clock, log })
    const upstream = {
      model: null,
      post: async () => ({
        headers: { 'content-type': 'application/json' },
        body: (async function* () {
          for (const piece of answer) {
            if (piece === 'broken') throw new Error('the connection broke')
            yield Buffer.from(piece)
          }
        })(),
      }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const model = {
      contextTokens: null,
      async *stream(_request: ModelRequest) {
        yield* parts
      },
    }
    const models = {
      find: () => model,
      findUpstream: () => upstream,
      list: () => [],
      state: () => ({ ok: true, detail: '' }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const owner = await home.person()
    return {
      home,
      owner,
      model,
      target: { kind: 'upstream', upstream } as const,
      service: createPassthrough({ models, store, clock, log, quotas }),
      entries: () =>
        store.all<Record<string, unknown>>(
          'select kind, prompt_tokens, completion_tokens, estimated, person_id, key_id from usage_entries order by at, source',
        ),
      holds: async () => (await store.all('select id from usage_holds')).length,
      limit: (who: Principal, tokensPerDay: number) =>
        store.write('test.limit', (tx) =>
          setLimits(
            tx,
            who.workspaceId,
            { kind: 'person', id: who.personId },
            { requestsPerMinute: null, tokensPerDay, moneyPerMonth: null },
            1,
          ),
        ),
      [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
    }
  }

  it('are counted when read to the end, broken off, and never read', async () => {
    const cases = [
      { answer: [reply], read: 'all', tokens: [20, 2], estimated: 0 },
      { answer: ['{"choi', 'broken'], read: 'all', tokens: [9, 0], estimated: 1 },
      { answer: [reply], read: 'none', tokens: [9, 0], estimated: 1 },
    ] as const
    for (const { answer, read, tokens, estimated } of cases) {
      await using house = await open([], answer)
      await house.limit(house.owner, 1_000)
      const { body } = await house.service.pass(
        house.owner,
        house.target,
        '/chat/completions',
        content({}),
        NEVER,
      )
      assert.equal(await house.holds(), 1)
      const chunks: Buffer[] = []
      if (read === 'none') await body[Symbol.asyncIterator]().return?.()
      else {
        const reading = (async () => {
          for await (const chunk of body) chunks.push(chunk)
        })()
        if ((answer as readonly string[]).includes('broken')) await assert.rejects(reading, /broke/)
        else await reading
      }
      assert.deepEqual(await house.entries(), [
        {
          kind: 'chat',
          prompt_tokens: tokens[0],
          completion_tokens: tokens[1],
          estimated,
          person_id: house.owner.personId,
          key_id: house.owner.keyId,
        },
      ])
      assert.equal(await house.holds(), 0)
    }
  })

  it('are counted where they are converted, and refused when nothing is left', async () => {
    const usage = { promptTokens: 30, completionTokens: 4, cachedTokens: 0, reasoningTokens: 0 }
    await using house = await open(
      [
        { type: 'text', delta: 'hi' },
        { type: 'finish', reason: 'stop', usage },
      ],
      [],
    )
    const { owner, model, service } = house
    await house.limit(owner, 60)
    const chat = { model: 'm', messages: [] } as never
    await service.answer(owner, model, chat, NEVER)
    const chunks = await service.stream(owner, model, chat, NEVER)
    for await (const chunk of chunks) assert.ok(chunk)
    assert.deepEqual(
      (await house.entries()).map((entry) => [entry['prompt_tokens'], entry['estimated']]),
      [
        [30, 0],
        [30, 0],
      ],
    )
    for (const refused of [
      () => service.answer(owner, model, chat, NEVER),
      () => service.pass(owner, house.target, '/audio/speech', content({}), NEVER),
    ])
      await assert.rejects(refused, (error) => error instanceof AppError && error.status === 429)
    assert.equal((await house.entries()).length, 2)
  })
})
