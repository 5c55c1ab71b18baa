import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bootServer } from '../support/boot.ts'
import { Api, fileForm } from '../support/factories.ts'
import { checkPage, readAll, walk, type PageAsked, type WalkAsked } from './list-laws.ts'
import { seedOf, type PropertyOptions } from './thread-property.ts'

const KINDS = ['assistants', 'threads', 'files', 'vector_stores'] as const
type Kind = (typeof KINDS)[number]

interface Case {
  kind: Kind
  /** Items there are before. */
  items: number
  walk: WalkAsked
  page: PageAsked
}

const order = fc.constantFrom('asc' as const, 'desc' as const)

const cases: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom(...KINDS),
  items: fc.nat(9),
  walk: fc.record({
    limit: fc.integer({ min: 1, max: 5 }),
    order,
    back: fc.boolean(),
    writers: fc.integer({ min: 1, max: 4 }),
  }),
  page: fc.record({
    limit: fc.integer({ min: 1, max: 6 }),
    order,
    cursor: fc.constantFrom('none', 'after', 'before', 'both'),
    nth: fc.nat(20),
    other: fc.nat(20),
  }),
})

const BODIES: Record<Kind, () => object> = {
  assistants: () => ({ model: 'demo' }),
  threads: () => ({}),
  files: () => fileForm('text', 'a.txt', { purpose: 'vision' }),
  vector_stores: () => ({}),
}

/** Files have no `before` (behaviour.md 3). */
const forwardOnly = (one: Case): Case =>
  one.kind === 'files'
    ? {
        ...one,
        walk: { ...one.walk, back: false },
        page: { ...one.page, cursor: one.page.cursor === 'none' ? 'none' : 'after' },
      }
    : one

/** Lists of a workspace: pages are exact, and a walk is under concurrent inserts, each person having lists of his own. */
export const listsProperty = async (options: PropertyOptions): Promise<void> => {
  await using server = await bootServer({ engine: options.engine, quickstart: true })
  const api = new Api(server)
  const seed = seedOf(options)
  await fc.assert(
    fc.asyncProperty(cases, async (random) => {
      const { kind, items, walk: walked, page } = forwardOnly(random)
      const path = `/${kind}`
      const write = () => api.request('POST', path, BODIES[kind]())
      const made: string[] = []
      for (let i = 0; i < items; i += 1) made.push(((await write()).body as { id: string }).id)
      const replies = await walk(api, path, walked, write)
      assert.ok(replies.every(({ status }) => status === 200))
      const ids = await readAll(api, path)
      await checkPage(api, path, page, ids)
      assert.equal(new Set(ids).size, ids.length, 'ids are unique')
      assert.deepEqual(
        ids.filter((id) => made.includes(id)),
        made,
        'in the order of their creation',
      )
      for (const id of ids.slice(0, -2)) await api.delete(`${path}/${id}`)
    }),
    { numRuns: options.runs, seed },
  )
}
