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
  assert.equal(task.running, null)
  for (let i = 0; i < 5; i += 1) task.ask()
  while (task.running !== null) await task.running
  assert.equal(runs, 2)
  task.ask()
  await task.running
  assert.equal(runs, 3)
  assert.equal(task.running, null)
})
