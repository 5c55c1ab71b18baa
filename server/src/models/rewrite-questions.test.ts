import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '../platform/log.ts'
import { ModelError, type LanguageModel, type ModelPart } from './language-model.ts'
import { rewriteQuestions } from './rewrite-questions.ts'

const log = createLog('silent')

const saying = (stream: () => AsyncIterable<ModelPart>): LanguageModel => ({
  contextTokens: null,
  stream,
})

const rewritten = (text: string, ...questions: string[]) => {
  const model = saying(async function* () {
    yield { type: 'text', delta: text.slice(0, 3) }
    yield { type: 'text', delta: text.slice(3) }
    yield { type: 'finish', reason: 'stop', usage: null }
  })
  return rewriteQuestions({ model, name: 'm', log }, questions)
}

describe('a rewritten question', () => {
  it('is what the model writes', async () => {
    assert.deepEqual(await rewritten('valve pressure limit\n', 'What is it?'), [
      'valve pressure limit',
    ])
    assert.deepEqual(await rewritten('「閥門 壓力」', '請問壓力？'), ['閥門 壓力'])
    assert.deepEqual(await rewritten('one\n\n"two"', 'a', 'b'), ['one', 'two'])
  })

  it('stays as it is when the model writes something else', async () => {
    assert.deepEqual(await rewritten('', 'a'), ['a'])
    assert.deepEqual(await rewritten('one\ntwo', 'a'), ['a'])
    assert.deepEqual(await rewritten('one', 'a', 'b'), ['a', 'b'])
    assert.deepEqual(await rewritten('x'.repeat(501), 'a'), ['a'])
  })

  it('stays as it is when the model fails, refuses or takes too long', async () => {
    const failing = saying(async function* () {
      yield { type: 'text', delta: 'half' }
      throw new ModelError('server_error', 'scripted')
    })
    assert.deepEqual(await rewriteQuestions({ model: failing, name: 'm', log }, ['a']), ['a'])
    const refusing = saying(async function* () {
      yield { type: 'refusal', delta: 'no' }
      yield { type: 'finish', reason: 'stop', usage: null }
    })
    assert.deepEqual(await rewriteQuestions({ model: refusing, name: 'm', log }, ['a']), ['a'])
    const deaf = saying(async function* () {
      await sleep(60_000, undefined, { ref: false })
      yield { type: 'text', delta: 'late' }
    })
    const start = performance.now()
    const late = await rewriteQuestions({ model: deaf, name: 'm', log, limitMs: 50 }, ['a'])
    assert.deepEqual(late, ['a'])
    assert.ok(performance.now() - start < 5_000)
  })
})
