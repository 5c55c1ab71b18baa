import { readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second, on every architecture Node runs on. */
const TICK_US = 10_000

/** User and system time a process has used so far, all its threads, in us; null where the system does not tell. */
export const processCpu = (pid: number): number | null => {
  if (process.platform !== 'linux') return null
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name may hold spaces and brackets; after its last bracket come the fields from the third on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}
