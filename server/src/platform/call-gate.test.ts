import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallGate } from './call-gate.ts'

const never = new AbortController().signal

test('so many at once, so many in line, in their order', async () => {
  const gate = new CallGate(2, 2)
  const first = await gate.enter(never)
  const second = await gate.enter(never)
  const order: number[] = []
  const third = gate.enter(never).then((place) => (order.push(3), place))
  const fourth = gate.enter(never).then((place) => (order.push(4), place))
  assert.equal(await gate.enter(never), null)
  first?.[Symbol.dispose]()
  first?.[Symbol.dispose]()
  const next = await third
  assert.deepEqual(order, [3])
  next?.[Symbol.dispose]()
  second?.[Symbol.dispose]()
  ;(await fourth)?.[Symbol.dispose]()
  assert.deepEqual(order, [3, 4])
  assert.ok((await gate.enter(never)) !== null)
})

test('who leaves the line gives its place to the next', async () => {
  const gate = new CallGate(1, 2)
  const first = await gate.enter(never)
  const abort = new AbortController()
  const leaving = gate.enter(abort.signal)
  const staying = gate.enter(never)
  abort.abort(new Error('left'))
  await assert.rejects(leaving, /left/)
  await assert.rejects(gate.enter(abort.signal), /left/)
  first?.[Symbol.dispose]()
  assert.ok((await staying) !== null)
})

test('one owner never holds every place, and owners take turns', async () => {
  const gate = new CallGate(2, 10, 1)
  const order: string[] = []
  const enter = async (owner: string, name: string) => {
    const place = await gate.enter(never, owner)
    order.push(name)
    return place
  }
  const first = await enter('a', 'a1')
  const waiting = [enter('a', 'a2'), enter('a', 'a3')]
  const second = await enter('b', 'b1')
  const [b2, c1] = [enter('b', 'b2'), enter('c', 'c1')]
  second?.[Symbol.dispose]()
  ;(await b2)?.[Symbol.dispose]()
  const third = await c1
  assert.deepEqual(order, ['a1', 'b1', 'b2', 'c1'])
  first?.[Symbol.dispose]()
  ;(await waiting[0])?.[Symbol.dispose]()
  ;(await waiting[1])?.[Symbol.dispose]()
  third?.[Symbol.dispose]()
  assert.deepEqual(order.slice(4), ['a2', 'a3'])

  const all = await Promise.all(['x', 'y'].map((owner) => gate.enter(never, owner)))
  const line = ['x1', 'x2', 'y1'].map((name) => enter(name.slice(0, 1), name))
  for (const place of all) place?.[Symbol.dispose]()
  for (const next of [0, 2, 1]) (await line[next])?.[Symbol.dispose]()
  assert.deepEqual(order.slice(6), ['x1', 'y1', 'x2'])
})

test('one owner never fills the line', async () => {
  const gate = new CallGate(2, 4, 1)
  const first = await gate.enter(never, 'a')
  const waiting = [gate.enter(never, 'a'), gate.enter(never, 'a')]
  assert.equal(await gate.enter(never, 'a'), null)
  const other = await gate.enter(never, 'b')
  assert.ok(other !== null)
  waiting.push(gate.enter(never, 'b'))
  for (const place of [first, other]) place?.[Symbol.dispose]()
  const [a2, a3, b2] = waiting
  for (const place of [a2, b2, a3]) (await place)?.[Symbol.dispose]()
})
