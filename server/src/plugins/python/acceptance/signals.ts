/** Machine code that wants the kernel to signal another process for it: the owner of a descriptor is told of input. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A process of the user that the sandbox runs as, which no sandbox may end. */
export class Victim implements AsyncDisposable {
  readonly #child: ChildProcess

  constructor() {
    const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
    this.#child = spawn('sleep', ['60'], { ...identity, cwd: '/', stdio: 'ignore' })
  }

  async started(): Promise<number> {
    if (this.#child.pid === undefined) await once(this.#child, 'spawn')
    return this.#child.pid ?? 0
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isAlive) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}

/** Each way to name the owner and the signal, first alone, then all with a byte that would set it off. Gives what each call gave. */
export const signalAttack = (victim: number): string => {
  const code = `(() => {
  const types = { fcntl: ['i32', 'i32', 'i64'], ioctl: ['i32', 'u64', 'buffer'], pipe: ['buffer'], write: ['i32', 'buffer', 'usize'],
    socketpair: ['i32', 'i32', 'i32', 'buffer'], setpriority: ['i32', 'i32', 'i32'] }
  const { symbols: c } = Deno.dlopen('libc.so.6', Object.fromEntries(Object.entries(types).map(([name, parameters]) =>
    [name, { parameters, result: 'i32' }])))
  const words = (...values) => new Uint8Array(new Int32Array(values).buffer)
  const pair = (make) => { const ends = new Int32Array(2); if (make(new Uint8Array(ends.buffer)) !== 0) throw new Error('no pair'); return ends }
  const got = {}
  for (const [kind, [reader, writer]] of Object.entries({
    pipe: pair((ends) => c.pipe(ends)), socket: pair((ends) => c.socketpair(1, 1, 0, ends)),
  })) {
    got[kind + ' F_SETOWN'] = c.fcntl(reader, 8, ${victim}n)
    const owner = words(1, ${victim})
    got[kind + ' F_SETOWN_EX'] = c.fcntl(reader, 15, Deno.UnsafePointer.value(Deno.UnsafePointer.of(owner)))
    got[kind + ' FIOSETOWN'] = c.ioctl(reader, 0x8901n, words(${victim}))
    got[kind + ' SIOCSPGRP'] = c.ioctl(reader, 0x8902n, words(${victim}))
    got[kind + ' F_SETSIG'] = c.fcntl(reader, 10, 9n)
    got[kind + ' O_ASYNC'] = c.fcntl(reader, 4, 0o20000n)
    got[kind + ' FIOASYNC'] = c.ioctl(reader, 0x5452n, words(1))
    if (c.write(writer, new Uint8Array(1), 1n) !== 1) throw new Error('no byte')
  }
  got['setpriority'] = c.setpriority(0, ${victim}, 19)
  got['allowed'] = c.fcntl(0, 4, BigInt(c.fcntl(0, 3, 0n)))
  return JSON.stringify(got)
})()`
  return `import js\nprint(js.eval(${JSON.stringify(code)}))`
}
