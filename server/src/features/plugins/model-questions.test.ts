import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EmbeddingError } from '../../knowledge/embeddings/embedder.ts'
import { createDemoModel } from '../../models/demo/demo-model.ts'
import { ModelError } from '../../models/language-model.ts'
import type { LanguageModel, ModelPart, ModelRequest } from '../../models/language-model.ts'
import type { PluginModelUsage } from './call-aids.ts'
import { systemClock } from '../../platform/clock.ts'
import { createModelQuestions, QUESTION_LIMITS, type ModelQuestionDeps } from './model-questions.ts'

const NEVER = new AbortController().signal
const USAGE = { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 }
const finish = { type: 'finish', reason: 'stop', usage: USAGE } as const
const said = (text: string): ModelPart[] => [{ type: 'text', delta: text }, finish]
const called = (given: string): ModelPart[] => [
  { type: 'tool-call', index: 0, id: 'call_1', name: 'infer_params' },
  { type: 'tool-arguments', index: 0, delta: given },
  finish,
]

const setUp = (
  script: (nth: number) => readonly ModelPart[] | AsyncIterable<ModelPart>,
  more: Partial<ModelQuestionDeps> = {},
) => {
  const requests: ModelRequest[] = []
  const costs: PluginModelUsage[] = []
  const model: LanguageModel = {
    contextTokens: null,
    async *stream(request) {
      requests.push({ ...request, messages: [...request.messages] })
      yield* script(requests.length - 1)
    },
  }
  const answer = createModelQuestions({
    model: { name: 'm', model },
    embedder: null,
    onUsage: ({ tokens }) =>
      costs.push({
        prompt_tokens: tokens.promptTokens,
        completion_tokens: tokens.completionTokens,
        requests: 1,
      }),
    clock: systemClock,
    ...more,
  })
  return { answer, requests, costs }
}

const conversation = [{ role: 'user', content: '180 for 2 kg' }]
const parameters = { kg: { type: 'number' } }
const infer = { kind: 'infer', conversation, description: 'd', parameters } as const
const chat = { kind: 'chat', conversation, functions: null } as const

test('chat gives the text, or the old function call', async () => {
  const t = setUp((nth) => (nth === 0 ? said('hello') : called('{"a":1}')))
  assert.deepEqual(await t.answer(chat, NEVER), { role: 'assistant', content: 'hello' })
  const functions = [{ name: 'infer_params' }]
  assert.deepEqual(await t.answer({ ...chat, functions }, NEVER), {
    role: 'assistant',
    content: null,
    function_call: { name: 'infer_params', arguments: '{"a":1}' },
  })
  assert.deepEqual(
    t.requests.map(({ model, toolChoice, maxTokens }) => [model, toolChoice, maxTokens]),
    [
      ['m', 'none', 4096],
      ['m', 'auto', 4096],
    ],
  )
  const cost = { prompt_tokens: 10, completion_tokens: 5, requests: 1 }
  assert.deepEqual(t.costs, [cost, cost])
})

test('infer_params forces the call, and asks once more with what is wrong', async () => {
  const t = setUp((nth) => called(nth === 0 ? '{"kg":"two"}' : '{"kg":2}'))
  assert.deepEqual(await t.answer(infer, NEVER), { kg: 2 })
  assert.deepEqual(t.requests[0]?.toolChoice, {
    type: 'function',
    function: { name: 'infer_params' },
  })
  assert.deepEqual(t.requests[0]?.functions[0]?.parameters, {
    type: 'object',
    properties: parameters,
    required: ['kg'],
  })
  const last = t.requests[1]?.messages.at(-1)
  assert.match(last?.role === 'tool' ? last.output : '', /'kg' is not of type number/)
  assert.equal(t.costs.length, 2)
})

test('infer_params reads text of models that know no forced calls, and gives up with a sentence', async () => {
  const text = setUp(() => said('Sure:\n```json\n{"kg": 3}\n```'))
  assert.deepEqual(await text.answer(infer, NEVER), { kg: 3 })
  const never = setUp(() => said('I do not know.'))
  await assert.rejects(never.answer(infer, NEVER), /do not fit: it gave no JSON object/)
  assert.equal(never.requests.length, 2)
  const missing = setUp(() => called(''))
  await assert.rejects(missing.answer(infer, NEVER), /do not fit: 'kg' is missing/)
})

test('the demo model answers both, and always the same', async () => {
  const model = { name: 'melzi-demo', model: createDemoModel({ delayMs: 0 }) }
  const { answer } = setUp(() => [], { model })
  const schema = {
    type: 'object',
    properties: { price: { type: 'number' }, kg: { type: 'number', description: 'weight in kg' } },
    required: ['price', 'kg'],
  }
  const asked = { ...infer, parameters: schema }
  assert.deepEqual(await answer(asked, NEVER), { price: 180, kg: 2 })
  assert.deepEqual(await answer(asked, NEVER), { price: 180, kg: 2 })
  const reply = await answer(chat, NEVER)
  assert.match(JSON.stringify(reply), /demo model.*180 for 2 kg/)
})

test('questions, their tokens and an empty conversation have limits, in sentences', async () => {
  const few = setUp(() => said('x'), { limits: { ...QUESTION_LIMITS, questions: 2 } })
  await few.answer(chat, NEVER)
  await few.answer(chat, NEVER)
  await assert.rejects(few.answer(chat, NEVER), /may ask the model 2 times/)
  assert.equal(few.requests.length, 2)
  assert.equal(await few.answer({ kind: 'count', text: '一二三 four' }, NEVER), 5)
  const short = setUp(() => said('x'), { limits: { ...QUESTION_LIMITS, promptTokens: 10 } })
  await short.answer(chat, NEVER)
  await assert.rejects(short.answer(chat, NEVER), /10 tokens together/)
  assert.equal(short.requests.length, 1)
  await assert.rejects(short.answer({ ...chat, conversation: [] }, NEVER), /conversation is empty/)
  const endless = setUp(async function* () {
    for (;;) yield { type: 'text', delta: 'x'.repeat(10_000) } as const
  })
  await assert.rejects(endless.answer(chat, NEVER), /answer is too long/)
  assert.equal(endless.costs.length, 1)
})

test('without a model there is a sentence; a failing one is named, and what it had said is counted', async () => {
  const none = setUp(() => [], { model: null })
  await assert.rejects(none.answer(chat, NEVER), /No model is set up for this call/)
  assert.equal(await none.answer({ kind: 'count', text: 'four' }, NEVER), 1)
  const failing = setUp(async function* () {
    yield { type: 'text', delta: 'half' } as const
    throw new ModelError('rate_limit_exceeded', 'Slow down.')
  })
  await assert.rejects(failing.answer(chat, NEVER), /could not answer: Slow down\./)
  assert.equal(failing.costs[0]?.completion_tokens, 1)
  const mute = setUp(() => [])
  await assert.rejects(mute.answer(chat, NEVER), /without finishing/)
  assert.deepEqual(mute.costs, [])
})

test('a question ends with its call', async () => {
  const stop = new AbortController()
  const t = setUp(async function* () {
    yield { type: 'text', delta: 'half' } as const
    stop.abort(new Error('the call is over'))
    yield { type: 'text', delta: 'more' } as const
  })
  await assert.rejects(t.answer(chat, stop.signal), /the call is over/)
  assert.equal(t.costs.length, 1)
})

test('emb asks the embedder, or says that there is none', async () => {
  const embed = { kind: 'embed', text: 'walrus' } as const
  const none = setUp(() => [])
  await assert.rejects(none.answer(embed, NEVER), /MELZI_EMBEDDINGS_MODEL/)
  const embedder = {
    model: 'e',
    embed: async ([text = '']: readonly string[]) => {
      if (text === 'fail') throw new EmbeddingError('answered 500: secret-key-in-text', false)
      return [[text.length, 1]]
    },
  }
  const { answer } = setUp(() => [], { embedder })
  assert.deepEqual(await answer(embed, NEVER), [6, 1])
  await assert.rejects(
    answer({ kind: 'embed', text: 'x'.repeat(32_001) }, NEVER),
    /32000 characters/,
  )
  await assert.rejects(
    answer({ kind: 'embed', text: 'fail' }, NEVER),
    /^AppError: The embeddings provider failed\.$/,
  )
})
