import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReadDocument } from './read-document.ts'

const task = (text: string) => ({ text, documentUrl: null, ticked: null, hidden: [] })
/** Long enough to be read for seconds. */
const LONG = task(`openapi: 3.0.0\nx: [${'{a: 1},'.repeat(400_000)}]`)
const SHORT = task(
  JSON.stringify({
    openapi: '3.0.0',
    servers: [{ url: 'https://api.test' }],
    paths: { '/a': { get: { operationId: 'a', responses: {} } } },
  }),
)

test('whoever sends many documents that take long holds up nobody else', async () => {
  const read = createReadDocument()
  const stop = new AbortController()
  const long = Array.from({ length: 30 }, () => read(LONG, 'p', 'ws/one', stop.signal))
  let ended = 0
  const told = long.map((reading) =>
    reading.then(
      () => 0,
      (error: { status?: number }) => {
        if (error.status !== undefined) return error.status
        ended += 1
        return 0
      },
    ),
  )
  assert.match(await read(SHORT, 'p', 'ws/two', stop.signal), /api\.test/)
  stop.abort(new Error('enough'))
  const statuses = await Promise.all(told)
  // One was being read, five waited.
  assert.deepEqual([statuses.filter((status) => status === 503).length, ended], [24, 6])
})
