import assert from 'node:assert/strict'
import type { PublishedOperation } from '../server/tests/support/openapi.ts'
import { errorOf, told } from './client.ts'
import { fill, missing, type OperationCase } from './operations.ts'
import { rowsOf, type Row } from './row.ts'

/** Rows every operation has: its key, its method, objects that are not there or somebody else's (behaviour.md 1 and 2). */

const WRONG_KEY = 'sk-thisKeyIsNobodysAtAll1234'
const NO_KEY =
  /^You didn't provide an API key\. You need to provide your API key in an Authorization header using Bearer auth \(i\.e\. Authorization: Bearer YOUR_KEY\), or as the password field \(with blank username\) if you're accessing the API from your browser and are prompted for a username and password\. You can obtain an API key from /
const INVALID = { type: 'invalid_request_error', param: null }
/** Models are everybody's. */
const SHARED = new Set(['model'])

export const operationRows = (operation: PublishedOperation, one: OperationCase): Row[] => {
  const { id, method, path } = operation
  const { rows, error, isolation } = rowsOf(one.area)
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  const nobody = fill(path, Object.fromEntries(names.map((name) => [name, missing(path, name).id])))

  error(id, 'no key', 'T', async ({ api }) => {
    const refusal = { ...INVALID, status: 401, message: NO_KEY, code: null }
    await api.refused(method, nobody, { key: null }, refusal)
  })
  error(id, 'a wrong key', 'R', async ({ api }) => {
    const message = /^Incorrect API key provided: sk-thisK\*+1234\. You can find your API key at /
    const refusal = { ...INVALID, status: 401, message, code: 'invalid_api_key' }
    await api.refused(method, nobody, { key: WRONG_KEY }, refusal)
  })
  error(id, 'a method that is not there (PUT)', '?', async ({ api }) =>
    told(await api.send('PUT', nobody, { body: {} })),
  )
  for (const name of names) {
    const { id: unknown, evidence, message } = missing(path, name)
    error(id, `${name} is nobody's`, evidence, async (bench) => {
      const params = { ...(await one.params?.(bench)), [name]: unknown }
      const body = await one.body?.(bench)
      const reply = await bench.api.send(method, fill(path, params), { body })
      assert.equal(reply.status, 404, reply.text.slice(0, 300))
      assert.equal(errorOf(reply).type, 'invalid_request_error')
      if (message === null) return told(reply)
      assert.equal(errorOf(reply).message, message(params))
      if (name === 'file_id' && path.startsWith('/files'))
        assert.ok('detail' in (reply.body as object), 'detail beside error')
      return undefined
    })
  }
  const owned = names.find((name) => !SHARED.has(name))
  if (owned !== undefined)
    isolation(
      id,
      'with the key of somebody else',
      'D',
      async (bench) => {
        const params = (await one.params?.(bench)) ?? {}
        const body = await one.body?.(bench)
        const other = bench.other ?? assert.fail('no second key')
        const reply = await other.send(method, fill(path, params), { body })
        assert.ok([403, 404].includes(reply.status), `${reply.status} ${reply.text.slice(0, 200)}`)
        return `${reply.status} (which one is not established)`
      },
      'a second key',
    )
  return rows
}
