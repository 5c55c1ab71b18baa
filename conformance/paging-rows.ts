import assert from 'node:assert/strict'
import type { ListReply } from '@melzi/contract/list.ts'
import type { PublishedOperation } from '../server/tests/support/openapi.ts'
import type { Bench } from './bench.ts'
import { told } from './client.ts'
import { missing, OPERATIONS } from './operations.ts'
import { rowsOf, type Row } from './row.ts'

/** Rows on lists: order, cursors, ends, bounds (behaviour.md 3). */

export interface Listed {
  path: string
  /** Ids as they were created, oldest first; at least two. */
  ids: string[]
}

export interface ListCase {
  make: (bench: Bench) => Promise<Listed>
  /** Whether the list may also have what others made. */
  isShared: boolean
  /** Parameter of a path that names one item. */
  item: string
  /** Path one item is found under; its not-found text is that of an unknown cursor. */
  itemPath: string
}

type Page = ListReply<{ id: string }>

export const pagingRows = (
  { id, query }: PublishedOperation,
  { make, isShared, item, itemPath }: ListCase,
): Row[] => {
  const area = OPERATIONS[id]?.area ?? assert.fail(id)
  const { rows, list, error, isolation } = rowsOf(area)
  const max = id === 'listFiles' ? 10_000 : 100
  const listed = (bench: Bench) => bench.once(`list ${id}`, () => make(bench))
  const page = async (bench: Bench, path: string, parts: Record<string, string | number>) => {
    const text = new URLSearchParams()
    for (const [key, value] of Object.entries(parts)) text.set(key, String(value))
    const got = await bench.api.get<Page>(`${path}?${text.toString()}`)
    assert.equal(got.object, 'list')
    const [first, last] = [got.data.at(0)?.id ?? null, got.data.at(-1)?.id ?? null]
    assert.deepEqual([got.first_id, got.last_id], [first, last], 'first_id and last_id')
    return { ids: got.data.map((one) => one.id), more: got.has_more }
  }
  const mine = (all: readonly string[], ids: readonly string[]) =>
    all.filter((one) => ids.includes(one))

  list(id, 'newest first unless told, both ways the same', 'R', async (bench) => {
    const { path, ids } = await listed(bench)
    const plain = await page(bench, path, {})
    assert.deepEqual(mine(plain.ids, ids), ids.toReversed().slice(0, plain.ids.length))
    const down = await page(bench, path, { order: 'desc', limit: 100 })
    assert.deepEqual(mine(down.ids, ids), ids.toReversed())
    const after = isShared ? { after: ids[0] ?? '' } : {}
    const up = await page(bench, path, { order: 'asc', limit: 100, ...after })
    assert.deepEqual(mine(up.ids, ids), isShared ? ids.slice(1) : ids)
  })
  list(id, 'pages by after: each item once, has_more while there are more', 'D', async (bench) => {
    const { path, ids } = await listed(bench)
    const newest = ids.at(-1) ?? ''
    const first = await page(bench, path, { limit: 1, ...(isShared ? {} : { order: 'desc' }) })
    if (!isShared) assert.deepEqual(first, { ids: [newest], more: true })
    const seen = [newest]
    let more = true
    while (more && seen.length < ids.length) {
      const next = await page(bench, path, { limit: 1, after: seen.at(-1) ?? '' })
      assert.equal(next.ids.length, 1, 'a page that has_more promised is not empty')
      seen.push(...next.ids)
      more = next.more
    }
    assert.deepEqual(seen, ids.toReversed())
    if (!isShared) assert.equal(more, false, 'has_more on the last page')
  })
  list(id, 'an empty page has no ids and no more', 'R', async (bench) => {
    const { path, ids } = await listed(bench)
    const end = { after: ids.at(-1) ?? '', order: 'asc' }
    assert.deepEqual(await page(bench, path, end), { ids: [], more: false })
  })
  if (isShared)
    isolation(
      id,
      'shows nothing to the key of somebody else',
      'D',
      async (bench) => {
        const { path, ids } = await listed(bench)
        const other = bench.other ?? assert.fail('no second key')
        const { data } = await other.get<Page>(`${path}?limit=100`)
        assert.deepEqual(
          data.filter((one) => ids.includes(one.id)),
          [],
        )
      },
      'a second key',
    )
  if (query.some(({ name }) => name === 'before'))
    list(id, 'before', '?', async (bench) => {
      const { path, ids } = await listed(bench)
      const got = await page(bench, path, { before: ids[0] ?? '', limit: 1 })
      const direct = got.ids[0] === ids[1]
      return `limit 1 gives the item ${direct ? 'directly before the cursor' : 'at the beginning of the list'}, has_more ${got.more}`
    })
  list(id, 'a cursor that is nobody', '?', async (bench) => {
    const { path } = await listed(bench)
    const cursor = missing(itemPath, item).id
    return told(await bench.api.send('GET', `${path}?after=${cursor}`))
  })

  for (const [value, where, code, bound] of [
    [0, 'below minimum', 'integer_below_min_value', '>= 1'],
    [max + 1, 'above maximum', 'integer_above_max_value', `<= ${max}`],
  ] as const)
    error(id, `limit ${where}`, 'T', async (bench) => {
      const { path } = await listed(bench)
      const message = `Invalid 'limit': integer ${where} value. Expected a value ${bound}, but got ${value} instead.`
      const refusal = { status: 400, message, param: 'limit', code }
      await bench.api.refused('GET', `${path}?limit=${value}`, {}, refusal)
    })
  error(id, 'a limit that is no number', '?', async (bench) => {
    const { path } = await listed(bench)
    return told(await bench.api.send('GET', `${path}?limit=many`))
  })
  for (const key of ['order', 'filter'].filter((name) => query.some((one) => one.name === name)))
    error(id, `${key} is none of its values`, 'T', async (bench) => {
      const { path } = await listed(bench)
      const message = /^Invalid value: 'up'\. Supported values are: '\w+'.*,? and '\w+'\.$/
      const refusal = { status: 400, message, param: key, code: 'invalid_value' }
      await bench.api.refused('GET', `${path}?${key}=up`, {}, refusal)
    })
  return rows
}
