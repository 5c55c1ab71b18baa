/** Group 13 and the life of sessions: apart from each other, in turns, ended when idle, pushed out fairly. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { skipUnless } from '../../../tests/support/components.ts'
import {
  allGone,
  eventually,
  openInterpreter,
  run,
  sessionProcesses,
  stateOf,
  WALL_SETS,
} from './support.ts'

const MINUTE = 60_000

for (const { name, bubblewrap, needs } of WALL_SETS) {
  describe(name, skipUnless(...needs), () => {
    after(async () => assert.ok(await allGone()))

    test('two threads share nothing', async () => {
      await using interpreter = openInterpreter({ bubblewrap })
      const plant = `import builtins, json, os, tempfile, random, uuid
json.leak = builtins.leak = 'A'
open('/mnt/data/a', 'w').write('A'); open(os.path.join(tempfile.gettempdir(), 'a'), 'w').write('A'); os.environ['LEAK'] = 'A'
print(os.path.realpath(tempfile.gettempdir()), random.random(), uuid.uuid4())`
      const one = await run(interpreter, plant, { thread: 'one' })
      const [folder, ...numbers] = one.logs.trim().split(' ')
      const two = await run(
        interpreter,
        `import builtins, json, os, tempfile, random, uuid
seen = [hasattr(json, 'leak'), hasattr(builtins, 'leak'), os.listdir('/mnt/data'), os.listdir(tempfile.gettempdir()), 'LEAK' in os.environ]
for path in ${JSON.stringify([`${folder}/a`, `${folder}/../data/a`])}:
    try: seen.append(open(path).read())
    except OSError: seen.append('refused')
print(random.random(), uuid.uuid4())
seen`,
        { thread: 'two' },
      )
      assert.equal(two.value, "[False, False, [], [], False, 'refused', 'refused']")
      for (const number of numbers) assert.ok(!two.logs.includes(number))
      // A thread's id does not open another workspace's session.
      const other = await run(
        interpreter,
        "'plant' in globals() or hasattr(__builtins__, 'leak')",
        {
          thread: 'one',
          workspace: 'another',
        },
      )
      assert.equal(other.value, 'False')
    })

    test('a session is frozen between calls, ends when idle, and the next call says so', async () => {
      let now = 0
      await using interpreter = openInterpreter({
        bubblewrap,
        clock: { now: () => now },
        sweepMs: 20,
        idleMs: 20 * MINUTE,
      })
      await run(interpreter, 'x = 1')
      assert.ok(await eventually(() => sessionProcesses().some((pid) => stateOf(pid) === 'T')))
      now += 19 * MINUTE
      await sleep(100)
      assert.deepEqual((await run(interpreter, 'x')).value, '1')
      now += 19 * MINUTE
      await sleep(100)
      assert.ok(sessionProcesses().length > 0)
      now += 2 * MINUTE
      assert.ok(await allGone())
      const again = await run(interpreter, '"x" in globals()')
      assert.deepEqual([again.restarted, again.value], [true, 'False'])
    })

    test('an idle session makes room, of the workspace that has most', async () => {
      let now = 0
      await using interpreter = openInterpreter({
        bubblewrap,
        clock: { now: () => now },
        concurrency: 2,
        maxSessions: 3,
      })
      const call = async (workspace: string, thread: string) => {
        now += 1
        return run(interpreter, 'n = globals().get("n", 0) + 1\nn', { workspace, thread })
      }
      await call('small', 's')
      await call('large', 'a')
      await call('large', 'b')
      assert.equal((await call('large', 'c')).value, '1')
      assert.equal((await call('small', 's')).value, '2', 'the oldest, but its workspace has one')
      assert.deepEqual((await call('large', 'a')).restarted, true)
      assert.equal(await eventually(() => sessionProcesses().length <= 3 * 2), true)
    })

    test('idle sessions hold no more memory together than they may, of the workspace that holds most', async () => {
      let now = 0
      await using interpreter = openInterpreter({
        bubblewrap,
        clock: { now: () => now },
        idleMemoryMiB: 300,
      })
      const call = async (workspace: string, thread: string, code: string) => {
        now += 1
        return run(interpreter, code, { workspace, thread })
      }
      const hoard = 'kept = b"x" * (120 * 1024 * 1024)\nlen(kept) > 0'
      await call('small', 's', 'kept = 1')
      await call('large', 'a', hoard)
      assert.equal((await call('large', 'b', hoard)).value, 'True')
      assert.equal((await call('small', 's', 'kept')).value, '1', 'it holds little')
      assert.equal((await call('large', 'b', 'len(kept) > 0')).value, 'True', 'it is younger')
      assert.equal((await call('large', 'a', '"kept" in globals()')).restarted, true)
    })

    test('the end of a thread ends its session, and that is forgotten', async () => {
      await using interpreter = openInterpreter({ bubblewrap })
      await run(interpreter, 'x = 1')
      await interpreter.end('thread')
      assert.deepEqual(sessionProcesses(), [])
      const next = await run(interpreter, '"x" in globals()')
      assert.deepEqual([next.restarted, next.value], [false, 'False'])
      await interpreter.end('no such thread')
    })

    test('an abort rejects, and the process is gone', async () => {
      await using interpreter = openInterpreter({ bubblewrap })
      await run(interpreter, 'x = 1')
      const abort = new AbortController()
      const call = run(interpreter, 'import time\ntime.sleep(60)', { signal: abort.signal })
      const waiting = run(interpreter, '1', { signal: abort.signal })
      setTimeout(() => abort.abort(new Error('cancelled')), 200)
      await Promise.all([assert.rejects(call, /cancelled/), assert.rejects(waiting, /cancelled/)])
      assert.ok(await allGone())
      assert.equal((await run(interpreter, '"x" in globals()')).restarted, true)
    })
  })
}

describe('landlock, turns', skipUnless('python3'), () => {
  after(async () => {
    assert.ok(await allGone())
    const left = readdirSync(tmpdir()).filter((name) =>
      name.startsWith(`melzi-interpreter-${process.pid}-`),
    )
    assert.deepEqual(left, [])
  })

  test('calls of one thread run one after the other, in order', async () => {
    await using interpreter = openInterpreter({ concurrency: 4 })
    const calls = [1, 2, 3, 4].map((n) =>
      run(
        interpreter,
        `order = globals().get("order", []) + [${n}]\nimport time\ntime.sleep(0.05)\norder`,
      ),
    )
    const last = (await Promise.all(calls)).at(-1)
    assert.equal(last?.value, '[1, 2, 3, 4]')
  })

  test('too many calls are told to come again', async () => {
    await using interpreter = openInterpreter({ concurrency: 2, queueLimit: 1 })
    const nap = 'import time\ntime.sleep(0.5)'
    const calls = ['a', 'b', 'c', 'd'].map((thread) =>
      run(interpreter, nap, { thread, workspace: thread }),
    )
    const kinds = (await Promise.all(calls)).map(({ ended }) => ended?.kind ?? 'ran')
    assert.deepEqual(kinds.toSorted(), ['busy', 'ran', 'ran', 'ran'])
  })

  test('one workspace cannot hold every place', async () => {
    await using interpreter = openInterpreter({ concurrency: 2 })
    await run(interpreter, '1', { workspace: 'small', thread: 's' })
    const nap = 'import time\ntime.sleep(1.5)'
    const naps = ['a', 'b', 'c'].map((thread) =>
      run(interpreter, nap, { thread, workspace: 'large' }),
    )
    await sleep(300)
    const started = performance.now()
    await run(interpreter, '1', { workspace: 'small', thread: 's' })
    assert.ok(performance.now() - started < 1000)
    await Promise.all(naps)
  })
})
