import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { component } from '../server/tests/support/components.ts'
import { startPostgres } from '../server/tests/support/postgres.ts'
import type { StoreConfig } from '../server/src/platform/store/open-store.ts'
import { startChild } from './child.ts'
import { headersOf, runBody, startClient, startMelzi, startModel } from './contenders.ts'
import type { Figure, Scale, Section } from './figures.ts'
import type { Lifecycles } from './load-client.ts'
import { median } from './statistics.ts'
import type { StoreJob } from './store-lifecycles.ts'

const LANES = 16
const POOL_SIZE = 10

const compareOn = async (
  scale: Scale,
  engine: string,
  places: { bare: StoreConfig; databaseUrl: string | null },
): Promise<Figure> => {
  const rounds = scale.quick ? 1 : 3
  const seconds = scale.quick ? 0.5 : 4
  await using model = await startModel({ firstTokenMs: 0, tokens: 1, intervalMs: 0 })
  await using client = await startClient()
  await using bare = await startChild(new URL('store-lifecycles.ts', import.meta.url), places.bare)
  await using server = await startMelzi(scale, {
    modelUrl: String(model.ready),
    ...(places.databaseUrl === null ? {} : { databaseUrl: places.databaseUrl }),
  })
  const job: Lifecycles = {
    kind: 'lifecycles',
    baseUrl: server.baseUrl,
    headers: headersOf(server),
    body: await runBody(server, false),
    lanes: LANES,
    seconds,
  }
  const bareJob: StoreJob = { lanes: LANES, seconds }
  const seen: { bare: number[]; melzi: number[] } = { bare: [], melzi: [] }
  // The first round warms up.
  for (let i = scale.quick ? 1 : 0; i <= rounds; i += 1) {
    const rates = { bare: await bare.ask<number>(bareJob), melzi: await client.ask<number>(job) }
    if (i === 0) continue
    seen.bare.push(rates.bare)
    seen.melzi.push(rates.melzi)
  }
  return {
    measure: `run lifecycles on ${engine}`,
    unit: 'per second',
    melzi: median(seen.melzi),
    beside: median(seen.bare),
    compare: 'ratio',
    aim: null,
  }
}

const onSqlite = async (scale: Scale): Promise<Figure> => {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'melzi-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const bare: StoreConfig = { kind: 'sqlite', file: path.join(folder, 'bench.db') }
  return await compareOn(scale, 'SQLite', { bare, databaseUrl: null })
}

const onPostgres = async (scale: Scale): Promise<Figure> => {
  await using postgres = await startPostgres()
  await using forBare = await postgres.createDatabase()
  await using forMelzi = await postgres.createDatabase()
  const bare: StoreConfig = { kind: 'postgres', url: forBare.url, poolSize: POOL_SIZE }
  return await compareOn(scale, 'PostgreSQL', { bare, databaseUrl: forMelzi.url })
}

/** Runs from creation to completion per second, against what the store does alone. */
export const measureLifecycles = async (scale: Scale): Promise<Section> => {
  const figures = [await onSqlite(scale)]
  const skipped: string[] = []
  const { available, install } = component('postgresql')
  if (available) figures.push(await onPostgres(scale))
  else skipped.push(`PostgreSQL is missing; install it with: ${install}`)
  return {
    name: 'lifecycles',
    title: 'Run lifecycles per second',
    beside: 'the store alone',
    how: `${LANES} clients at a time create thread and run without streaming, with a model that answers at once, and follow the run's events to its end. Beside it the store alone, in a process of its own, with the six commits of a run's life (thread, message and run inserted, the run changed three times), ${LANES} at a time. Both with every commit on the disk. Medians of interleaved rounds.`,
    figures,
    skipped,
  }
}
