import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuseRanks } from '../rank-fusion.ts'
import { VectorIndex, type VectorSource } from './vector-index.ts'
import { readFloats, toBytes } from './vector-bytes.ts'

/** Entries of unit vectors in the plane, by their angles in degrees; a chunk's id is its angle. */
const source = (
  mark: string,
  entries: Record<string, number[]>,
  loads: string[] = [],
): VectorSource => ({
  key: 'vs_1',
  mark,
  entries: async () => Object.keys(entries),
  load: async (entry) => {
    loads.push(entry)
    const angles = entries[entry] ?? []
    const vectors = new Float32Array(angles.length * 2)
    for (const [i, angle] of angles.entries())
      readFloats(
        toBytes([Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]),
        vectors,
        i * 2,
      )
    return { ids: Float64Array.from(angles), vectors }
  },
})

const EAST = new Float32Array([1, 0])
const ids = (hits: { id: number }[]) => hits.map(({ id }) => id)

describe('the vector index', () => {
  it('finds the nearest, all of them or of some entries', async () => {
    await using index = new VectorIndex()
    const all = source('1', { a: [90, 10, 50], b: [20, 180] })
    assert.deepEqual(ids(await index.search([all], null, EAST, 3)), [10, 20, 50])
    assert.deepEqual(ids(await index.search([all], ['b'], EAST, 3)), [20, 180])
    const [best] = await index.search([all], null, EAST, 1)
    assert.ok(Math.abs((best?.score ?? 0) - Math.cos(Math.PI / 18)) < 1e-6)
  })

  it('loads only what is new, and forgets what is gone', async () => {
    await using index = new VectorIndex()
    const loads: string[] = []
    await index.search([source('1', { a: [1], b: [2] }, loads)], null, EAST, 9)
    await index.search([source('1', { a: [1], b: [2] }, loads)], null, EAST, 9)
    const hits = await index.search([source('2', { b: [2], c: [3] }, loads)], null, EAST, 9)
    assert.deepEqual(ids(hits), [2, 3])
    assert.deepEqual(loads, ['a', 'b', 'c'])
  })

  it('passes over vectors of another length', async () => {
    await using index = new VectorIndex()
    const hits = await index.search([source('1', { a: [1] })], null, new Float32Array(3), 9)
    assert.deepEqual(hits, [])
  })

  it('makes room by the stores that were not asked for longest', async () => {
    await using index = new VectorIndex(100)
    const loads: string[] = []
    const store = (key: string) => ({ ...source('1', { [key]: [1, 2, 3, 4] }, loads), key })
    for (const key of ['x', 'y', 'x']) await index.search([store(key)], null, EAST, 1)
    assert.deepEqual(loads, ['x', 'y', 'x'])
  })

  it('gives questions of the same moment their own answers', async () => {
    await using index = new VectorIndex()
    const all = source('1', { a: [0, 90] })
    const north = new Float32Array([0, 1])
    const [east, up] = await Promise.all([
      index.search([all], null, EAST, 1),
      index.search([all], null, north, 1),
    ])
    assert.deepEqual([ids(east), ids(up)], [[0], [90]])
  })
})

describe('joined rankings', () => {
  it('put first what stands high in several', () => {
    const ranking = (weight: number, ...places: number[]) => ({ ids: places, weight })
    const fused = fuseRanks([ranking(1, 1, 2, 3), ranking(1, 2, 4)])
    assert.deepEqual(ids(fused), [2, 1, 4, 3])
    assert.ok((fused[0]?.share ?? 0) < 1)
    assert.equal(fuseRanks([ranking(1, 7), ranking(1)])[0]?.share, 1)
    assert.deepEqual(fuseRanks([ranking(1), ranking(1)]), [])
  })

  it('count by their weight', () => {
    const light = { ids: [1, 2], weight: 1 }
    const heavy = { ids: [2, 1], weight: 3 }
    assert.deepEqual(ids(fuseRanks([light, heavy])), [2, 1])
    assert.deepEqual(ids(fuseRanks([{ ...light, weight: 5 }, heavy])), [1, 2])
    assert.equal(fuseRanks([{ ids: [7], weight: 0.2 }])[0]?.share, 1)
  })
})
