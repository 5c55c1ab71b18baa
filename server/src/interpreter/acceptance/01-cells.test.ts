/** Group 1: code runs as in a notebook. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, describe, test } from 'node:test'
import { findPython } from '../../walls/find-python.ts'
import { skipUnless } from '../../../tests/support/components.ts'
import { allGone, openInterpreter, run, SYSTEM_PATH, WALL_SETS } from './support.ts'

for (const { name, bubblewrap, needs } of WALL_SETS) {
  describe(name, skipUnless(...needs), () => {
    const interpreter = openInterpreter({ bubblewrap })
    after(async () => {
      await interpreter[Symbol.asyncDispose]()
      assert.ok(await allGone())
    })

    test('the probe names the walls', async () => {
      const { ok, why, walls } = await interpreter.probe()
      assert.deepEqual([why, ok], [null, true])
      const own = walls.filter((wall) => !wall.startsWith('landlock'))
      assert.deepEqual(own, [...(name === 'landlock' ? [] : [name]), 'seccomp', 'limits'])
      if (name === 'landlock') assert.match(walls[0] ?? '', /^landlock \d+$/)
    })

    test('variables, imports and files stay from call to call; the last value is no log', async () => {
      const first = await run(
        interpreter,
        'import math\nx = 20\nopen("note.txt", "w").write("kept")',
      )
      assert.deepEqual([first.logs, first.value, first.ok, first.restarted], ['', '4', true, false])
      const second = await run(
        interpreter,
        'print(open("/mnt/data/note.txt").read())\nx + math.floor(2.5)',
      )
      assert.deepEqual([second.logs, second.value, second.restarted], ['kept\n', '22', false])
      const third = await run(interpreter, '_ * 2')
      assert.equal(third.value, '44')
      assert.equal((await run(interpreter, 'None')).value, null)
      assert.equal((await run(interpreter, '')).ok, true)
    })

    test('await works at the top, and asyncio.run', async () => {
      const source =
        'import asyncio\nasync def f(): await asyncio.sleep(0.01); return 7\nv = await f()'
      assert.equal((await run(interpreter, source)).ok, true)
      assert.equal((await run(interpreter, 'v + await f()')).value, '14')
      assert.equal((await run(interpreter, 'asyncio.run(f())')).value, '7')
    })

    test('a traceback shows the lines of the user and no others', async () => {
      const source = 'import json\ndef parse(text):\n  return json.loads(text)\n\nparse("{")'
      const { ok, logs, ended, value } = await run(interpreter, `print("before")\n${source}`)
      assert.deepEqual([ok, ended, value], [false, null, null])
      assert.match(logs, /^before\nTraceback[\s\S]*line 6, in <module>[\s\S]*line 4, in parse\n/)
      assert.match(logs, /json\.decoder\.JSONDecodeError: /)
      assert.doesNotMatch(logs, /decoder\.py|melzi/)
      assert.match((await run(interpreter, 'x = = 1')).logs, /line 1[\s\S]*SyntaxError: /)
    })

    test('exit ends the call and not the session; input says that nobody answers', async () => {
      await run(interpreter, 'y = 1')
      assert.equal((await run(interpreter, 'import sys\nsys.exit()')).ok, true)
      assert.equal((await run(interpreter, 'exit_code = 3\nsys.exit(exit_code)')).ok, false)
      assert.equal((await run(interpreter, 'y')).value, '1')
      assert.match((await run(interpreter, 'input("name? ")')).logs, /input\(\) does not work here/)
      assert.match((await run(interpreter, 'open(0).read()')).value ?? '', /^''$/)
    })

    test('both streams are one, in order, raw writes included, and are heard while they come', async () => {
      const heard: string[] = []
      const source = `import os, sys, time
print("one"); print("two", file=sys.stderr); os.write(1, b"three\\n"); os.write(2, "四\\n".encode()); print("five", end="")
time.sleep(0.2)`
      const { logs } = await run(interpreter, source, { onLogs: (piece) => heard.push(piece) })
      assert.equal(logs, 'one\ntwo\nthree\n四\nfive')
      assert.equal(heard.join(''), logs)
      assert.ok(heard.length > 0)
      const next = await run(interpreter, 'sys.stdout = None\nos.close(1)')
      assert.equal(next.ok, true)
      assert.equal((await run(interpreter, 'print("again")')).logs, 'again\n')
    })

    test('a call in a session is quicker than a Python that does nothing', async (t) => {
      const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
      const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : null
      const { executable } = await findPython(null, identity, SYSTEM_PATH)
      const calls: number[] = []
      const yardstick: number[] = []
      for (let count = 0; count < 15; count += 1) {
        const before = performance.now()
        await run(interpreter, '1 + 1')
        calls.push(performance.now() - before)
        const then = performance.now()
        execFileSync(executable, ['-c', 'pass'])
        yardstick.push(performance.now() - then)
      }
      t.diagnostic(
        `call ${median(calls).toFixed(1)} ms, python3 -c pass ${median(yardstick).toFixed(1)} ms`,
      )
      assert.ok(median(calls) < median(yardstick))
    })
  })
}
