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
