import { readFileSync } from 'node:fs'

/** Clock ticks of /proc are hundredths of a second on every Linux of today. */
const TICK_MS = 10

/** Processor time a process has used with all its threads, in ms; null when it is gone or the system has no /proc. */
export const cpuMsOf = (pid: number): number | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return null
  }
}
