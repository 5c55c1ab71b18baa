import { startChild, type Child } from './child.ts'
import { melziTarget, modelTarget, startClient, startMelzi, startModel } from './contenders.ts'
import { compared, type Figure, type Scale, type Section } from './figures.ts'
import type { Streams, StreamsResult } from './load-client.ts'
import { processCpu } from './process-cpu.ts'
import type { Target } from './read-stream.ts'
import { median } from './statistics.ts'

interface Load {
  streams: number
  perSecond: number
}

const LOADS: readonly Load[] = [
  { streams: 100, perSecond: 50 },
  { streams: 500, perSecond: 10 },
]
const QUICK_LOADS: readonly Load[] = [{ streams: 10, perSecond: 50 }]
const AIM = 2
/** Pause between the starts of two streams, and time for all of them to speak on a slow machine, in ms. */
const START_EVERY_MS = 10
const SLACK_MS = 3_000

interface Cost {
  /** us per event while all streams speak; null when some were over before the time was. */
  steady: number | null
  /** us per event over all of it: making the runs, speaking, ending. */
  whole: number
}

interface Measured {
  pid: number
  target: Target
}

const round = async (
  client: Child,
  { pid, target }: Measured,
  load: Load,
  windowMs: number,
  tokens: number,
): Promise<Cost> => {
  const cpu = () => processCpu(pid) ?? 0
  const marks: Record<string, { events: number; cpu: number }> = {}
  const before = cpu()
  const job: Streams = {
    kind: 'streams',
    target,
    count: load.streams,
    rampMs: load.streams * START_EVERY_MS,
    windowMs,
  }
  const result = await client.ask<StreamsResult>(job, (note, events) => {
    marks[note] = { events, cpu: cpu() }
  })
  const whole = (cpu() - before) / result.tokens
  const expected = load.streams * tokens
  if (result.tokens !== expected) throw new Error(`${result.tokens} of ${expected} events came`)
  const { steady, window } = marks
  if (steady === undefined || window === undefined) throw new Error('the client left out its marks')
  const steadyUs = (window.cpu - steady.cpu) / (window.events - steady.events)
  return { steady: result.endedEarly ? null : steadyUs, whole }
}

const compareAt = async (scale: Scale, load: Load): Promise<Figure[]> => {
  const rounds = scale.quick ? 1 : 3
  const windowMs = scale.quick ? 1_000 : 5_000
  const intervalMs = 1000 / load.perSecond
  const tokens = Math.ceil((load.streams * START_EVERY_MS + SLACK_MS + windowMs) / intervalMs)
  await using model = await startModel({ firstTokenMs: 50, tokens, intervalMs })
  const modelUrl = String(model.ready)
  await using client = await startClient()
  await using passThrough = await startChild(new URL('pass-through.ts', import.meta.url), modelUrl)
  await using server = await startMelzi(scale, { modelUrl })
  const bare = { pid: passThrough.pid, target: modelTarget(String(passThrough.ready)) }
  const melzi = { pid: server.pid, target: await melziTarget(server) }

  const seen: { bare: Cost[]; melzi: Cost[] } = { bare: [], melzi: [] }
  // The first round warms up.
  for (let i = scale.quick ? 1 : 0; i <= rounds; i += 1) {
    const costs = {
      bare: await round(client, bare, load, windowMs, tokens),
      melzi: await round(client, melzi, load, windowMs, tokens),
    }
    if (i === 0) continue
    seen.bare.push(costs.bare)
    seen.melzi.push(costs.melzi)
  }
  const at = `${load.streams} streams of ${load.perSecond} events/s`
  const figure = (measure: string, part: keyof Cost, aim: number | null): Figure => ({
    measure: `${measure}, ${at}`,
    unit: 'us',
    melzi: median(seen.melzi.map((one) => one[part]).filter((us) => us !== null)),
    beside: median(seen.bare.map((one) => one[part]).filter((us) => us !== null)),
    compare: 'ratio',
    aim,
  })
  return [
    figure('CPU per event', 'steady', AIM),
    figure('CPU per event with making and ending the runs', 'whole', null),
  ]
}

/** Processor time of the server process per event that reached the client, against a server that only hands bytes on. */
export const measureStreamCpu = async (scale: Scale): Promise<Section> => {
  const figures: Figure[] = []
  const skipped: string[] = []
  if (processCpu(process.pid) === null)
    skipped.push('processor time of another process is read from /proc, which only Linux has')
  else
    for (const load of scale.quick ? QUICK_LOADS : LOADS) {
      for (const figure of await compareAt(scale, load)) {
        if (Number.isFinite(compared(figure))) figures.push(figure)
        else skipped.push(`${figure.measure}: the machine was too slow to keep all streams going`)
      }
    }
  return {
    name: 'stream-cpu',
    title: 'Processor time per streamed event',
    beside: 'bare pass-through',
    how: 'User and system time of the server process, from /proc, divided by the events that reached the client, while all streams speak. Beside it a node:http server that calls the same model and hands its bytes on unread. 100 new streams begin per second; rounds in which some were over before the time was are left out. Every event of every stream must arrive, else the bench fails. Medians of interleaved rounds of 5 s.',
    figures,
    skipped,
  }
}
