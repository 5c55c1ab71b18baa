import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sendJson, startModelServer } from '../../../tests/support/model-server.ts'
import { createEmbedder, EmbeddingError } from './embedder.ts'

const NEVER = new AbortController().signal

/** A provider that turns `7` into the vector [7, 1]. */
const startProvider = async (answer: (texts: string[], nth: number) => unknown) => {
  const asked: string[][] = []
  const server = await startModelServer(({ body }, response) => {
    const { input } = JSON.parse(body.toString()) as { input: string[] }
    asked.push(input)
    const reply = answer(input, asked.length)
    if (typeof reply === 'number') sendJson(response, reply, { error: 'scripted' })
    else sendJson(response, 200, { object: 'list', data: reply })
  })
  const embedder = createEmbedder({ baseUrl: `${server.origin}/v1`, apiKey: null, model: 'm' })
  return { asked, embedder, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const vectorsOf = (texts: readonly string[]) =>
  texts.map((text, index) => ({ index, embedding: [Number(text), 1] }))
const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))

describe('embeddings', () => {
  it('are asked for in batches, and come back in the order of the texts', async () => {
    await using provider = await startProvider((texts) => vectorsOf(texts).toReversed())
    const texts = numbers(150)
    const vectors = await provider.embedder.embed(texts, NEVER)
    assert.deepEqual(
      vectors.map(([first]) => String(first)),
      texts,
    )
    assert.deepEqual(
      provider.asked.map(({ length }) => length),
      [64, 64, 22],
    )
  })

  it('are asked for again, that batch alone, after a fault that passes', async () => {
    await using provider = await startProvider((texts, nth) => (nth === 2 ? 503 : vectorsOf(texts)))
    const vectors = await provider.embedder.embed(numbers(70), NEVER)
    assert.equal(vectors.length, 70)
    assert.deepEqual(
      provider.asked.map(({ length }) => length),
      [64, 6, 6],
    )
  })

  it('that are fewer than the texts, or of several lengths, are refused', async () => {
    for (const data of [
      [{ index: 0, embedding: [1] }],
      [{ embedding: [1] }, { embedding: [1, 2] }],
    ]) {
      await using provider = await startProvider(() => data)
      await assert.rejects(provider.embedder.embed(['1', '2'], NEVER), EmbeddingError)
      assert.equal(provider.asked.length, 1)
    }
  })
})
