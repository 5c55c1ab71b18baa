/** Group 12, and 11 for native Python: what the kernel refuses, what its own account of the process says, and that no job comes before. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { after, test } from 'node:test'
import { onEachNative } from '../../../../tests/support/each-driver.ts'
import { assertNoSystemCalls } from './attack-suite.ts'
import { Victim } from './signals.ts'
import { allGone, attempts, run, sandboxProcesses, successes } from './support.ts'

/** Everything that leads out by a descriptor, by number: what was left open, and what the kernel would send to others. */
const descriptorAttacks = (victim: number): string => `
import ctypes, fcntl, socket
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *values):
    result = libc.syscall(number, *values)
    if result < 0: raise OSError(ctypes.get_errno(), 'refused by the kernel')
    return result
def is_folder(number):
    try: return os.fstat(number).st_mode >> 12 == 0o4
    except OSError: return False
attempt('a folder left open', lambda: [n for n in range(3, 1024) if is_folder(n)][0])
attempt('change to an open folder', lambda: [os.fchdir(n) for n in range(3, 1024) if is_folder(n)][0])
reader, writer = os.pipe()
pair = socket.socketpair()[0]
for name, number in (('pipe', reader), ('socket', pair.fileno())):
    attempt(name + ' F_SETOWN', lambda: fcntl.fcntl(number, 8, ${victim}))
    attempt(name + ' F_SETSIG', lambda: fcntl.fcntl(number, 10, 9))
    attempt(name + ' O_ASYNC', lambda: fcntl.fcntl(number, fcntl.F_SETFL, 0o20000))
    attempt(name + ' FIOSETOWN', lambda: fcntl.ioctl(number, 0x8901, ctypes.c_int(${victim})))
    attempt(name + ' FIOASYNC', lambda: fcntl.ioctl(number, 0x5452, ctypes.c_int(1)))
attempt('pass a descriptor on', lambda: socket.send_fds(socket.socketpair()[0], [b'x'], [reader]))
def taken(code):
    with open('taken', 'wb') as file:
        fcntl.ioctl(file.fileno(), code, (ctypes.c_char * 48)(*([0] * 16 + list((3 << 30).to_bytes(8, 'little')) + [0] * 24)))
        return os.fstat(file.fileno()).st_blocks
for name, code in (('RESVSP', 0x40305828), ('RESVSP64', 0x4030582a), ('ZERO_RANGE', 0x40305839)):
    attempt('disk past its limit, ' + name, lambda: taken(code))
attempt('signal', lambda: raw(62, ${victim}, 9))
attempt('signal a thread', lambda: raw(200, ${victim}, 9))
attempt('queue a signal', lambda: raw(129, ${victim}, 9, ctypes.create_string_buffer(128)))
attempt('be seen less', lambda: raw(157, 4, 0, 0, 0, 0))
attempt('another filter', lambda: raw(317, 1, 0, ctypes.create_string_buffer(16)))
attempt('take the limits off', lambda: raw(302, 0, 9, ctypes.byref((ctypes.c_uint64 * 2)(1 << 40, 1 << 40)), 0))
attempt('execute memory as a file', lambda: raw(322, reader, b'', 0, 0, 0x1000))
attempt('a device', lambda: open('/dev/kvm', 'rb'))
attempt('kernel log', lambda: open('/dev/kmsg', 'rb').read(1))
attempt('a terminal', lambda: open('/dev/tty', 'rb'))
attempt('shared memory', lambda: open('/dev/shm/melzi', 'w'))
`

onEachNative((candidate) => {
  const sandbox = candidate.open()
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    assert.ok(await allGone())
  })

  test('mount, unshare, bpf, keyctl, io_uring and the like', () => assertNoSystemCalls(sandbox))

  test('nothing by a descriptor, by a signal or by a device', async () => {
    await using victim = new Victim()
    const { got } = await attempts(sandbox, descriptorAttacks(await victim.started()))
    assert.deepEqual(successes(got), {})
    assert.equal(Object.keys(got).length, 27)
    assert.ok(victim.isAlive)
  })

  test('the kernel says of every thread: filtered, no privileges, another user; and of the process: nothing of ours', async () => {
    const call = run(
      sandbox,
      'import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\ntime.sleep(1)\n"rested"',
    )
    const seen: string[] = []
    let ended = false
    void call.finally(() => (ended = true))
    while (!ended) {
      for (const pid of sandboxProcesses()) {
        try {
          // The thread that hears the host, and the plugin's own, come when the walls stand.
          if (readdirSync(`/proc/${pid}/task`).length < 3) continue
          for (const thread of readdirSync(`/proc/${pid}/task`))
            seen.push(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))
          if (candidate.name !== 'bubblewrap') continue
          for (const kind of ['net', 'mnt', 'pid', 'user', 'ipc', 'uts'])
            assert.notEqual(
              readlinkSync(`/proc/${pid}/ns/${kind}`),
              readlinkSync(`/proc/self/ns/${kind}`),
            )
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === undefined) throw error
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal((await call).output, 'rested')
    assert.ok(seen.length >= 3)
    for (const status of seen) {
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
        assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'))
      assert.match(status, /^NoNewPrivs:\s+1$/m)
      assert.match(status, /^Seccomp:\s+2$/m)
      assert.doesNotMatch(status, /^Uid:.*\b0\b/m)
      assert.doesNotMatch(status, /^Groups:.*\b0\b/m)
    }
  })
})
