/** Starts the sandbox's Deno, by itself or inside bubblewrap. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { childOf } from '../../walls/walled-python.ts'
import { spawnChild } from './child-command.ts'
import { inBubblewrap } from './deno-bubblewrap.ts'
import type { Plumbing, StartOptions } from './sandbox-process.ts'

/** Rejects, with nothing left running, when bubblewrap makes no sandbox. */
export const spawnDeno = async (
  { image, identity, cpuSeconds, bubblewrap }: StartOptions,
  command: readonly string[],
): Promise<Plumbing> => {
  if (bubblewrap === null)
    return plumbingOf(spawnChild(command, identity, image.denoDir, cpuSeconds))
  const readable = [image.denoBinary, ...image.readable]
  const wrapped = inBubblewrap(bubblewrap, readable, command)
  const child = spawnChild(wrapped, identity, image.denoDir, cpuSeconds, true)
  const pipes = plumbingOf(child)
  const [, , complaints, information] = child.stdio as unknown as Readable[]
  if (complaints === undefined || information === undefined || child.pid === undefined)
    throw new Error(await pipes.closed)
  for (const stream of [complaints, information]) stream.on('error', () => {})
  try {
    return { ...pipes, pid: await childOf(information, complaints) }
  } catch (error) {
    pipes.kill()
    throw error
  }
}

/** Of a child that leads a process group. */
const plumbingOf = (child: ChildProcess): Plumbing => ({
  pid: child.pid ?? 0,
  commands: child.stdin,
  results: child.stdout,
  complaints: child.stderr,
  closed: once(child, 'close').then(
    ([code, signal]: (number | string | null)[]) => String(signal ?? `exit ${code}`),
    (error: Error) => `it could not be started: ${error.message}`,
  ),
  kill: () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  },
})
