import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallGate } from './call-gate.ts'

const never = new AbortController().signal

test('so many at once, so many in line, in their order', async () => {
  const gate = new CallGate({ places: 2, line: 2 })
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
  const gate = new CallGate({ places: 1, line: 2 })
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
  const gate = new CallGate({ places: 2, line: 10, perOwner: 1 })
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
  const gate = new CallGate({ places: 2, line: 4, perOwner: 1 })
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

test('a call that steps aside makes room for others, and so many may', async () => {
  const gate = new CallGate({ places: 2, line: 10, aside: 2 })
  const [a1, a2] = [await gate.enter(never, 'a'), await gate.enter(never, 'a')]
  const order: string[] = []
  const a3 = gate.enter(never, 'a').then((place) => (order.push('a3'), place))
  const b1 = gate.enter(never, 'b').then((place) => (order.push('b1'), place))
  assert.deepEqual([a1?.stepAside(), a1?.stepAside(), a2?.stepAside()], [true, true, false])
  const b = await b1
  assert.deepEqual(order, ['b1'], 'the owner that has one aside does not take the place')
  assert.equal(b?.stepAside(), true)
  const c = await gate.enter(never, 'c')
  assert.equal(c?.stepAside(), false, 'two are aside')
  b?.[Symbol.dispose]()
  assert.equal(c?.stepAside(), true)
  a1?.[Symbol.dispose]()
  const last = await a3
  for (const place of [a2, c, last]) place?.[Symbol.dispose]()
  const again = await Promise.all(['a', 'a'].map((owner) => gate.enter(never, owner)))
  assert.ok(again.every((place) => place !== null))
})

test('who waits too long is told, and the line goes on', async () => {
  const gate = new CallGate({ places: 1, line: 2 })
  const first = await gate.enter(never)
  const late = gate.enter(never, '', 5)
  const patient = gate.enter(never, '', 60_000)
  assert.equal(await late, null)
  first?.[Symbol.dispose]()
  assert.ok((await patient) !== null)
})
