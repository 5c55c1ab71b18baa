/** Program: the load. A light process on node:http that calls a target and measures what comes back. */
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { doJobs, note } from './jobs.ts'
import { callJson, readStream, type Target } from './read-stream.ts'
import { seededRandom } from './statistics.ts'

/** Streams that begin at random moments, whether earlier ones are done or not, so that queueing shows. */
export interface Arrivals {
  kind: 'arrivals'
  target: Target
  perSecond: number
  seconds: number
  seed: number
}

export interface ArrivalsResult {
  /** From the moment a call was due to its first token, in ms. */
  firstTokenMs: number[]
  tokens: number
}

/** Streams that run side by side; `steady` is noted when all speak, and `window` when `windowMs` have passed since. */
export interface Streams {
  kind: 'streams'
  target: Target
  count: number
  /** Time over which the streams begin, in ms. */
  rampMs: number
  windowMs: number
}

export interface StreamsResult {
  tokens: number
  /** Whether any stream was over before the window was. */
  endedEarly: boolean
}

/** Runs from their creation to their end, one after the other on each of some lanes. */
export interface Lifecycles {
  kind: 'lifecycles'
  baseUrl: string
  headers: Record<string, string>
  body: string
  lanes: number
  seconds: number
}

const agent = new Agent({ keepAlive: true })

const arrivals = async (job: Arrivals): Promise<ArrivalsResult> => {
  const random = seededRandom(job.seed)
  const firstTokenMs: number[] = []
  const open: Promise<number>[] = []
  const start = performance.now()
  let due = start
  for (;;) {
    due += (-Math.log(1 - random()) * 1000) / job.perSecond
    if (due > start + job.seconds * 1000) break
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    const began = due
    let isFirst = true
    const stream = readStream(job.target, agent, () => {
      if (isFirst) firstTokenMs.push(performance.now() - began)
      isFirst = false
    })
    // All are waited for below; until then a failed one is not nobody's.
    stream.catch(() => undefined)
    open.push(stream)
  }
  const tokens = await Promise.all(open)
  return { firstTokenMs, tokens: tokens.reduce((sum, one) => sum + one, 0) }
}

const streams = async (job: Streams): Promise<StreamsResult> => {
  let tokens = 0
  let ended = 0
  const one = async (index: number, onFirst: () => void): Promise<void> => {
    await sleep((job.rampMs * index) / job.count)
    let isFirst = true
    await readStream(job.target, agent, () => {
      tokens += 1
      if (isFirst) onFirst()
      isFirst = false
    })
    ended += 1
  }
  const all = Promise.withResolvers<void>()
  let speaking = 0
  const whole = Promise.all(
    Array.from({ length: job.count }, (_, index) =>
      one(index, () => {
        speaking += 1
        if (speaking === job.count) all.resolve()
      }),
    ),
  )
  await Promise.race([all.promise, whole])
  note('steady', tokens)
  await sleep(job.windowMs)
  note('window', tokens)
  const endedEarly = ended > 0
  await whole
  return { tokens, endedEarly }
}

/** @returns runs completed per second */
const lifecycles = async (job: Lifecycles): Promise<number> => {
  const { baseUrl, headers } = job
  const start = performance.now()
  const until = start + job.seconds * 1000
  let count = 0
  const lane = async () => {
    while (performance.now() < until) {
      const run = await callJson<{ id: string; thread_id: string }>(
        { url: `${baseUrl}/threads/runs`, method: 'POST', headers, body: job.body },
        agent,
      )
      // The run's events end with it: the cheapest way to wait for its end.
      const url = `${baseUrl}/threads/${run.thread_id}/runs/${run.id}/events`
      await readStream(
        {
          url,
          method: 'GET',
          headers,
          body: '',
          token: 'thread.message.delta',
          end: 'thread.run.completed',
        },
        agent,
        () => undefined,
      )
      count += 1
    }
  }
  await Promise.all(Array.from({ length: job.lanes }, lane))
  return (count * 1000) / (performance.now() - start)
}

doJobs(null, async (job: Arrivals | Streams | Lifecycles): Promise<unknown> => {
  switch (job.kind) {
    case 'arrivals':
      return arrivals(job)
    case 'streams':
      return streams(job)
    case 'lifecycles':
      return lifecycles(job)
  }
})
