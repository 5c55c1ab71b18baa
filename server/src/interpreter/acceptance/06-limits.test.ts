/** Groups 6, 7 and 9: time, memory, threads, disk and output are bounded, and the host hears one clear sentence. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { skipUnless } from '../../../tests/support/components.ts'
import { aFile, allGone, openInterpreter, run, sessionProcesses, WALL_SETS } from './support.ts'

const MEMORY_MIB = 256
const DISK_MIB = 24
const LIMITS = {
  wallMs: 1000,
  diskFiles: 2000,
  memoryMiB: MEMORY_MIB,
  diskMiB: DISK_MIB,
  fileBytes: 8 * 1024 * 1024,
}
const LATE_MS = 1500

for (const { name, bubblewrap, needs } of WALL_SETS) {
  describe(name, skipUnless(...needs), () => {
    const interpreter = openInterpreter({ bubblewrap, limits: LIMITS })
    const slow = openInterpreter({ bubblewrap, limits: { ...LIMITS, wallMs: 20_000 } })
    after(async () => {
      await interpreter[Symbol.asyncDispose]()
      await slow[Symbol.asyncDispose]()
      assert.ok(await allGone())
    })

    test('a session that holds every file it may open goes on when some are closed', async () => {
      const hold = 'kept = []\nwhile True: kept.append(open("held", "wb"))'
      const full = await run(interpreter, hold)
      assert.deepEqual([full.ok, full.ended], [false, null])
      const closed = await run(interpreter, 'for f in kept: f.close()\nlen(kept) > 20')
      assert.deepEqual([closed.value, closed.ended], ['True', null])
      const after = await run(interpreter, 'open("new.txt", "w").write("abc")')
      assert.deepEqual([after.ok, after.ended], [true, null])
      assert.deepEqual(
        after.files.map((file) => file.name),
        ['new.txt'],
      )
    })

    test('what runs too long is gone, whatever it does about it', async () => {
      const sources = [
        'import time\ntime.sleep(100)',
        'import re\nre.match(r"(a+)+$", "a" * 60 + "b")',
        'import signal\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n  except (OSError, ValueError): pass\nwhile True:\n  try:\n    while True: pass\n  except BaseException: pass',
      ]
      for (const source of sources) {
        const started = performance.now()
        const { ok, ended, logs } = await run(interpreter, `print("began")\n${source}`)
        const ms = performance.now() - started
        assert.deepEqual([ok, ended?.kind, logs], [false, 'timeout', 'began\n'], source)
        assert.match(
          ended?.message ?? '',
          /^The code ran longer than 1 seconds\. The session has ended/,
        )
        assert.ok(ms < LIMITS.wallMs + LATE_MS, `${source}: ${ms} ms`)
        assert.deepEqual(sessionProcesses(), [])
      }
    })

    test('memory: an exception where Python can say so, else an end; the host is not touched', async () => {
      const before = process.memoryUsage().rss
      const list = await run(slow, 'kept = []\nwhile True: kept.append(bytearray(1_000_000))')
      assert.deepEqual([list.ok, list.ended], [false, null])
      assert.match(list.logs, /MemoryError/)
      assert.ok(list.usage.peakMiB <= MEMORY_MIB + 32)
      assert.equal((await run(slow, 'kept = None\n1 + 1')).value, '2')
      const sources = [
        'import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f()\nf()',
        'import zlib\nz = zlib.compress(bytes(100_000_000))\n[zlib.decompress(z) for _ in range(40)]',
        'import mmap\nm = [mmap.mmap(-1, 10_000_000) for _ in range(100)]\nfor x in m: x.write(bytes(10_000_000))',
        'import os\nos.memfd_create("x")',
      ]
      for (const source of sources) {
        const result = await run(interpreter, source)
        assert.ok(!result.ok, source)
        assert.ok(result.usage.peakMiB <= MEMORY_MIB + 64, `${source}: ${result.usage.peakMiB} MiB`)
      }
      assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
    })

    test('a crash is told, and the next call says that the session is a new one', async () => {
      await run(slow, 'here = 1', { thread: 'crash' })
      const crash = await run(slow, 'import ctypes\nctypes.string_at(0)', { thread: 'crash' })
      assert.equal(crash.ended?.kind, 'crash')
      assert.match(crash.ended?.message ?? '', /The Python process ended \((SIGSEGV|exit 139)\)/)
      const next = await run(slow, '"here" in globals()', { thread: 'crash' })
      assert.deepEqual([next.ok, next.value, next.restarted], [true, 'False', true])
      assert.equal((await run(slow, '1', { thread: 'crash' })).restarted, false)
      const left = await run(slow, 'import os\nos._exit(0)', { thread: 'crash' })
      assert.equal(left.ended?.kind, 'crash')
    })

    test('threads are few, and none runs between calls', async () => {
      const bomb = `import threading, time
try:
    while True: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
except RuntimeError as error: print(error)
time.sleep(0.5)`
      const { ok, ended } = await run(slow, bomb, { thread: 'bomb' })
      assert.ok(ok || ended?.kind === 'memory')
      const counter = `import threading, time
count = 0
def work():
    global count
    while True: count += 1; time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.1)`
      await run(slow, counter, { thread: 'counter' })
      const first = Number((await run(slow, 'count', { thread: 'counter' })).value)
      await new Promise((resolve) => setTimeout(resolve, 700))
      const second = Number((await run(slow, 'count', { thread: 'counter' })).value)
      assert.ok(first > 0 && second - first < 200, `${first} ${second}`)
    })

    test('the disk is bounded: large files, many files, files without a name', async () => {
      const sources = [
        'with open("/mnt/data/big", "wb") as f:\n  while True: f.write(bytes(1_000_000))',
        'for n in range(20):\n  with open(f"/mnt/data/f{n}", "wb") as f: f.write(bytes(8_000_000))\nimport time\ntime.sleep(1)',
        'import os, time\nkept = []\nfor n in range(20):\n  f = open("/mnt/data/x", "wb"); os.unlink("/mnt/data/x"); f.write(bytes(8_000_000)); f.flush(); kept.append(f)\ntime.sleep(1)',
        'import os, mmap, time\nkept = []\nfor n in range(20):\n  f = open("/mnt/data/x", "w+b"); os.unlink("/mnt/data/x"); f.write(bytes(8_000_000)); f.flush(); kept.append(mmap.mmap(f.fileno(), 4096)); f.close()\ntime.sleep(1)',
        'import os\nfor n in range(50_000): os.mkdir(f"/mnt/data/{n}")',
        'import os\nfor n in range(200): os.mkdir("d"); os.chdir("d")\nimport time\ntime.sleep(1)\nwhile True: open(str(n), "w").write("x" * 1000); n += 1',
      ]
      for (const [index, source] of sources.entries()) {
        const { ok, ended, logs } = await run(slow, source, { thread: `disk-${index}` })
        assert.ok(!ok, source)
        assert.ok(
          ended?.kind === 'output' || /No space left|File too large|File name too long/.test(logs),
          `${source}: ${logs} ${JSON.stringify(ended)}`,
        )
      }
    })

    test('memory and disk are not taken where nobody counts them', async () => {
      const uncounted = `import array, ctypes, mmap, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *values):
    result = libc.syscall(number, *values)
    if result < 0: raise OSError(ctypes.get_errno(), 'refused by the kernel')
    return result
def in_flight():
    file = os.open('x', os.O_CREAT | os.O_RDWR)
    return socket.socketpair()[0].sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [file]))])
def pages():
    piece = ctypes.create_string_buffer(4096)
    return raw(278, os.pipe()[1], (ctypes.c_uint64 * 2)(ctypes.addressof(piece), 4096), 1, 0)
def file_pages():
    file = os.open('y', os.O_CREAT | os.O_RDWR)
    os.write(file, b'y' * 4096)
    return os.sendfile(os.pipe()[1], file, 0, 1)
for what in (lambda: mmap.mmap(-1, 4096), lambda: open('/dev/zero', 'rb'), in_flight, pages, file_pages,
        lambda: raw(285, os.open('z', os.O_CREAT | os.O_RDWR), 1, ctypes.c_long(0), ctypes.c_long(1 << 30)),
        lambda: os.posix_fallocate(os.open('small', os.O_CREAT | os.O_RDWR), 0, 4096) or print('emulated')):
    try: what()
    except OSError as error: print('refused')
    else: print('done')`
      const { ok, logs } = await run(slow, uncounted, { thread: 'uncounted' })
      assert.deepEqual([ok, logs], [true, `${'refused\n'.repeat(6)}emulated\ndone\n`])
    })

    test('timers are few, for they count for a user with whom others share', async () => {
      const source = `import ctypes
libc = ctypes.CDLL(None)
timer = ctypes.c_int()
made = 0
while made < 5000 and libc.syscall(222, 1, None, ctypes.byref(timer)) == 0: made += 1
made <= 1024`
      assert.equal((await run(slow, source, { thread: 'timers' })).value, 'True')
    })

    test('what is needed instead works', async () => {
      const source = `import asyncio, mmap, os, shutil
open('a', 'wb').write(b'a' * 100_000)
shutil.copyfile('a', 'b')
private = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
with open('a', 'r+b') as file: mmap.mmap(file.fileno(), 0)[0:1] = b'b'
os.sync()
loop = asyncio.new_event_loop()
done = loop.run_until_complete(loop.run_in_executor(None, lambda: 1))
[done, os.path.getsize('b'), open('a', 'rb').read(1)]`
      assert.equal((await run(slow, source, { thread: 'needed' })).value, "[1, 100000, b'b']")
    })

    test('a file that a session says it has twice ends it', async () => {
      const thread = 'twice'
      await run(slow, '1', { thread })
      const source = `import sys
frame = sys._getframe()
while 'session' not in frame.f_locals: frame = frame.f_back
session = frame.f_locals['session']
def put(message):
    while True: session.channel.send(t='stored', id=message['id'], problem=None)
session.put = put`
      assert.ok((await run(slow, source, { thread })).ok)
      const started = performance.now()
      const { ended } = await run(slow, '1', { thread, files: [aFile('file-1', 'a', 'a')] })
      assert.equal(ended?.kind, 'crash')
      assert.ok(performance.now() - started < 5000)
    })

    test('what is printed is cut and said to be, a flood ends the session', async () => {
      const long = await run(slow, 'print("x" * 3_000_000)\nprint("end")')
      assert.ok(long.ok)
      assert.ok(long.logs.length < 1_000_100)
      assert.match(long.logs, /\n\[output cut after 1000000 bytes\]\n$/)
      const failing = await run(slow, 'print("y" * 3_000_000)\n1 / 0')
      assert.match(failing.logs, /output cut[\s\S]*ZeroDivisionError/)
      for (const source of [
        'import os\nwhile True: os.write(1, b"x" * 65536)',
        'while True: print("y" * 100_000)',
        'import sys\nsys.stderr.write("z" * 100_000_000)',
      ]) {
        const flood = await run(slow, source)
        assert.equal(flood.ended?.kind, 'output', source)
        assert.ok(flood.logs.length < 1_000_100)
      }
      const value = await run(slow, '"v" * 1_000_000')
      assert.ok((value.value ?? '').length < 40_000)
      const error = await run(slow, 'raise ValueError("e" * 1_000_000)')
      assert.ok(error.logs.length < 40_000)
    })

    test('what is forged on the private descriptor harms its author alone', async () => {
      const write = (text: string) =>
        `import os\nfor n in range(49, 64):\n  try: os.write(n, ${text})\n  except OSError: pass`
      const sources = [
        write('b"not json\\n"'),
        write('b\'{"t":"done"}\\n\''),
        write('b\'{"t":"body","kind":"file","name":"../../x","bytes":1}\\nx\''),
        write('b\'{"t":"body","kind":"file","name":"x","bytes":1000000000}\\n\''),
        write('b\'{"t":"stored","id":"x","problem":null}\\n\''),
        write('b\'{"t":"body","kind":"image","name":"x.png","bytes":9}\\n<script/>\''),
        write('b\'{"t":"body","kind":"image","name":"x.png","bytes":0}\\n\''),
        write('b"x" * 10_000_000'),
        'import json\njson.dumps = lambda *a, **k: "x" * 3_000_000\n1',
        'import os, sys\nfor n in range(64):\n  try: os.close(n)\n  except OSError: pass',
      ]
      for (const source of sources) {
        const { ok, ended, files, logs } = await run(slow, source, { thread: 'forge' })
        assert.deepEqual([ok, ended?.kind, files], [false, 'crash', []], source)
        assert.ok(logs.length < 1_000_100)
      }
      // A whole answer before the real one, with the right mark: believed, and then one too many.
      const early = `import json, os, sys
frame = sys._getframe()
while "message" not in frame.f_locals: frame = frame.f_back
mark = frame.f_locals["message"]["mark"]
os.write(50, json.dumps(dict(t="done", mark=mark, ok=True, value="forged", traceback=None, leftOut=[], leftOutCount=0)).encode() + b"\\n")`
      const forged = await run(slow, early, { thread: 'forge' })
      assert.ok(forged.value === 'forged' || forged.ended?.kind === 'crash', JSON.stringify(forged))
      const next = await run(slow, '40 + 2', { thread: 'forge' })
      assert.ok(next.value === '42' || next.ended?.kind === 'crash', JSON.stringify(next))
      assert.equal((await run(slow, '40 + 3', { thread: 'forge' })).value, '43')
    })
  })
}
