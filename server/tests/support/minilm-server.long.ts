import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startMiniLm } from './minilm-server.ts'

interface Answer {
  data: { index: number; embedding: number[] | string }[]
  usage: { prompt_tokens: number }
}

// Long because of the 100 MB that are fetched the first time.
test('the embedding model of the bench answers as /embeddings does, and knows what is alike', async () => {
  await using model = await startMiniLm()
  const post = (body: object) =>
    fetch(`${model.url}/embeddings`, { method: 'POST', body: JSON.stringify(body) })
  const input = ['The cat sleeps.', 'A kitten is napping.', 'The invoice is due in March.']
  const floats = (await (await post({ input })).json()) as Answer
  const vectors = floats.data.map(({ embedding }) => embedding as number[])
  assert.deepEqual(
    floats.data.map(({ index }) => index),
    [0, 1, 2],
  )
  assert.ok(floats.usage.prompt_tokens > 12)
  const cosine = (a: number, b: number) =>
    (vectors[a] ?? []).reduce((sum, value, at) => sum + value * (vectors[b]?.[at] ?? 0), 0)
  assert.equal(vectors[0]?.length, 384)
  assert.ok(Math.abs(cosine(0, 0) - 1) < 1e-5)
  assert.ok(cosine(0, 1) > 0.5 && cosine(0, 2) < 0.2, `${cosine(0, 1)} ${cosine(0, 2)}`)

  const packed = (await (
    await post({ input: input[0], encoding_format: 'base64' })
  ).json()) as Answer
  const bytes = Buffer.from(packed.data[0]?.embedding as string, 'base64')
  assert.deepEqual(
    Array.from({ length: 384 }, (_, at) => bytes.readFloatLE(at * 4)),
    vectors[0],
  )
  for (const wrong of [{}, { input: [] }, { input: [''] }, { input: 'a', encoding_format: 'hex' }])
    assert.equal((await post(wrong)).status, 400, JSON.stringify(wrong))
})
