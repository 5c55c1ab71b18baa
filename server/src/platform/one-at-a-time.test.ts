import assert from 'node:assert/strict'
import { it } from 'node:test'
import { OneAtATime } from './one-at-a-time.ts'

it('runs once more, however often it is asked while it runs, and never twice at once', async () => {
  let open = 0
  let runs = 0
  const task = new OneAtATime(async () => {
    open += 1
    runs += 1
    assert.equal(open, 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    open -= 1
  })
  const isIdle = () => task.running === null
  assert.ok(isIdle())
  for (let i = 0; i < 5; i += 1) task.ask()
  while (!isIdle()) await task.running
  assert.equal(runs, 2)
  task.ask()
  await task.running
  assert.equal(runs, 3)
  assert.ok(isIdle())
})
