/**
 * Who may use a sandbox's processes when. Calls take turns by owner; one that takes longer than a second goes on beside the others at the
 * lowest priority, so that a plugin that loops, its own or another owner's, holds up no one for long.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { CallGate, type Place } from '../../platform/call-gate.ts'
import type { SandboxJob } from './sandbox-driver.ts'

const LINE = 200
const LINE_PER_OWNER = 100
const SLOW_MS = 1_000

/** @param places calls at once. @param line calls that may wait */
export const sandboxGate = (places: number, line = LINE): CallGate =>
  new CallGate({ places, line, ownerLine: Math.min(line, LINE_PER_OWNER), aside: 2 * places })

/** Whose calls take turns: the owner of the plugin, the scope without its plugin. */
export const ownerOf = ({ scope }: Pick<SandboxJob, 'scope'>): string =>
  scope.split('/', 2).join('/')

/** To be disposed when the call is over. @param pid of the process that runs the plugin */
export const stepAsideWhenSlow = (place: Place, pid: number): Disposable => {
  const timer = setInterval(() => {
    if (!place.stepAside()) return
    clearInterval(timer)
    lowerPriority(pid)
  }, SLOW_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Of all threads that there are; the scheduler may weigh whole sessions before threads. */
const lowerPriority = (pid: number): void => {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '19')
  } catch {
    // a kernel without sessions' weights
  }
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      setPriority(Number(thread), constants.priority.PRIORITY_LOW)
  } catch {
    // it has ended
  }
}
