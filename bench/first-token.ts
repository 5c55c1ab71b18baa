import type { Child } from './child.ts'
import { melziTarget, modelTarget, startClient, startMelzi, startModel } from './contenders.ts'
import type { Figure, Scale, Section } from './figures.ts'
import type { Arrivals, ArrivalsResult } from './load-client.ts'
import type { Target } from './read-stream.ts'
import { median, percentile } from './statistics.ts'

const PACE = { firstTokenMs: 50, tokens: 20, intervalMs: 20 }
const RATES = [10, 100]
/** What may be added at the highest rate, in ms. */
const AIMS = { p50: 10, p99: 50 }

interface Round {
  p50: number
  p99: number
}

const round = async (client: Child, target: Target, load: Omit<Arrivals, 'kind' | 'target'>) => {
  const job: Arrivals = { kind: 'arrivals', target, ...load }
  const { firstTokenMs, tokens } = await client.ask<ArrivalsResult>(job)
  const expected = firstTokenMs.length * PACE.tokens
  if (tokens !== expected) throw new Error(`${tokens} of ${expected} tokens came`)
  return { p50: percentile(firstTokenMs, 0.5), p99: percentile(firstTokenMs, 0.99) }
}

/** Time to the first token of a streamed run through Melzi against calling the model with the same client. */
export const measureFirstToken = async (scale: Scale): Promise<Section> => {
  const rounds = scale.quick ? 1 : 5
  const seconds = scale.quick ? 1 : 5
  await using model = await startModel(PACE)
  await using client = await startClient()
  const modelUrl = String(model.ready)
  await using server = await startMelzi(scale, { modelUrl })
  const direct = modelTarget(modelUrl)
  const melzi = await melziTarget(server)

  const warmUp = { perSecond: 50, seconds: scale.quick ? 0.5 : 4, seed: 1 }
  for (const target of [direct, melzi]) await round(client, target, warmUp)

  const figures: Figure[] = []
  for (const perSecond of RATES) {
    const seen: { direct: Round[]; melzi: Round[] } = { direct: [], melzi: [] }
    for (let seed = 1; seed <= rounds; seed += 1) {
      const load = { perSecond, seconds, seed }
      seen.direct.push(await round(client, direct, load))
      seen.melzi.push(await round(client, melzi, load))
    }
    for (const share of ['p50', 'p99'] as const) {
      figures.push({
        measure: `first token at ${perSecond} new runs/s, ${share}`,
        unit: 'ms',
        melzi: median(seen.melzi.map((one) => one[share])),
        beside: median(seen.direct.map((one) => one[share])),
        compare: 'added',
        aim: perSecond === Math.max(...RATES) ? AIMS[share] : null,
      })
    }
  }
  return {
    name: 'first-token',
    title: 'Added time to the first token',
    beside: 'the model itself',
    how: `A streamed POST /threads/runs (thread, message and run in one call; SQLite) against the same question asked of the model itself by the same client. Runs begin at random moments whether earlier ones are done or not, and time counts from the moment a run was due. The model takes ${PACE.firstTokenMs} ms to its first token, then says ${PACE.tokens} tokens, one every ${PACE.intervalMs} ms. Medians of ${rounds} interleaved rounds of ${seconds} s.`,
    figures,
    skipped: [],
  }
}
