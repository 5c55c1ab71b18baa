/**
 * Put beside the server by NODE_OPTIONS=--import: writes how long its event loop was held up, so that the bench can read it. At SIGUSR2 the
 * count begins anew. The file is named by BENCH_LOOP_FILE.
 */
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const EVERY_MS = 250
const RESOLUTION_MS = 5
const file = process.env.BENCH_LOOP_FILE

if (file !== undefined && process.argv[2] === 'serve') {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  process.on('SIGUSR2', () => delays.reset())
  setInterval(() => {
    // The sampler's own period is part of what it measures.
    const ms = (share) => Math.max(0, delays.percentile(share) / 1e6 - RESOLUTION_MS)
    writeFileSync(file, JSON.stringify({ p50: ms(50), p99: ms(99), max: delays.max / 1e6 }))
  }, EVERY_MS).unref()
}
