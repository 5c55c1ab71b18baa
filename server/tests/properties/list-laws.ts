import assert from 'node:assert/strict'
import type { ListReply } from '@melzi/contract/list.ts'
import type { Api, Reply } from '../support/factories.ts'

interface Item {
  id: string
}

export interface PageAsked {
  limit: number
  order: 'asc' | 'desc'
  cursor: 'none' | 'after' | 'before' | 'both'
  /** Which item is the cursor, modulo their number. */
  nth: number
  other: number
}

/** One page must be the one behaviour.md 3 describes. @param all ids of what is listed, oldest first, and does not change */
export const checkPage = async (
  api: Api,
  path: string,
  { limit, order, cursor, nth, other }: PageAsked,
  all: readonly string[],
): Promise<void> => {
  const ids = order === 'asc' ? all : all.toReversed()
  const has = { after: cursor === 'after' || cursor === 'both', before: cursor === 'before' }
  const at = (place: number) => place % Math.max(1, ids.length)
  if (ids.length === 0 && cursor !== 'none') return
  const from = has.after ? at(nth) + 1 : 0
  const to = has.before ? at(nth) : cursor === 'both' ? at(other) : ids.length
  const query = new URLSearchParams({ limit: String(limit), order })
  if (has.after) query.set('after', ids[at(nth)] ?? '')
  if (has.before || cursor === 'both') query.set('before', ids[to] ?? '')
  const between = ids.slice(from, Math.max(from, to))
  const expected = has.before ? between.slice(-limit) : between.slice(0, limit)
  const address = `${path}?${query.toString()}`
  const page = await api.get<ListReply<Item>>(address)
  const got = page.data.map(({ id }) => id)
  assert.deepEqual(got, expected, `${address} of ${ids.join()}`)
  assert.equal(page.has_more, between.length > limit, `has_more of ${address}`)
  assert.deepEqual([page.first_id, page.last_id], [got[0] ?? null, got.at(-1) ?? null])
}

export interface WalkAsked {
  limit: number
  order: 'asc' | 'desc'
  /** From the end, by `before`. */
  back: boolean
  /** How many clients write meanwhile. */
  writers: number
}

/** How many times each of them writes. */
const WRITES = 3

const idsOf = async (api: Api, path: string, query: Record<string, string>) => {
  const page = await api.get<ListReply<Item>>(`${path}?${new URLSearchParams(query).toString()}`)
  return { ids: page.data.map(({ id }) => id), more: page.has_more }
}

/** The ids of a whole list, oldest first. */
export const readAll = async (api: Api, path: string): Promise<string[]> => {
  const all: string[] = []
  for (;;) {
    const last = all.at(-1)
    const query = { order: 'asc', limit: '100', ...(last === undefined ? {} : { after: last }) }
    const { ids, more } = await idsOf(api, path, query)
    all.push(...ids)
    if (!more) return all
  }
}

/**
 * Walks a list by its cursors while other clients write to it. What was there from beginning to end is seen exactly once, nothing twice,
 * and all in the list's order.
 * @returns what the writers were answered
 */
export const walk = async (
  api: Api,
  path: string,
  { limit, order, back, writers }: WalkAsked,
  write: () => Promise<Reply>,
): Promise<Reply[]> => {
  const before = await readAll(api, path)
  const inOrder = order === 'asc' ? before : before.toReversed()
  const end = inOrder.at(-1)
  const replies: Reply[] = []
  const writing = Array.from({ length: writers }, async () => {
    for (let i = 0; i < WRITES; i += 1) replies.push(await write())
  })
  const seen: string[] = back && end !== undefined ? [end] : []
  for (let more = true; more;) {
    const cursor = back ? seen[0] : seen.at(-1)
    const query: Record<string, string> = { order, limit: String(limit) }
    if (cursor !== undefined) query[back ? 'before' : 'after'] = cursor
    const page = await idsOf(api, path, query)
    if (back) seen.unshift(...page.ids)
    else seen.push(...page.ids)
    // without an item to start from there is nothing to go back from
    more = page.more && (cursor !== undefined || !back)
  }
  await Promise.all(writing)
  const how = `${order} ${back ? 'back ' : ''}by ${limit} over ${path}`
  assert.equal(new Set(seen).size, seen.length, `nothing is seen twice, ${how}`)
  const missed = before.filter((id) => !seen.includes(id))
  assert.deepEqual(missed, [], `what was there throughout is seen, ${how}`)
  const now = await readAll(api, path)
  const expected = now.filter((id) => seen.includes(id))
  if (order === 'desc') expected.reverse()
  assert.deepEqual(seen, expected, `in the list's order, ${how}`)
  return replies
}
