import { Agent, request } from 'node:http'
import type { BootedServer } from '../server/tests/support/boot.ts'
import { component } from '../server/tests/support/components.ts'
import { startPostgres } from '../server/tests/support/postgres.ts'
import { headersOf, startMelzi, startModel } from './contenders.ts'
import type { Figure, Scale, Section } from './figures.ts'
import { median } from './statistics.ts'

/** The figure that issue 5 asks for, in ms. */
const MOST_MS = 3

interface Route {
  url: string
  headers: Record<string, string>
}

const callJson = async <T>({ url, headers }: Route, body: object): Promise<T> => {
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!reply.ok) throw new Error(`POST ${url} answered ${reply.status}: ${await reply.text()}`)
  return (await reply.json()) as T
}

/** How long an answer takes, in ms, on a connection that is open already. */
const time = (agent: Agent, { url, headers }: Route): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now()
    const asked = request(url, { agent, headers }, (reply) => {
      reply.resume()
      reply.on('end', () => {
        if (reply.statusCode === 200) resolve(performance.now() - start)
        else reject(new Error(`${url} answered ${reply.statusCode}`))
      })
      reply.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })

/** The routes to be compared: one that asks the store nothing, a thread read with a key, and one with a key that is counted. */
const routesOf = async (
  server: BootedServer,
): Promise<[bare: Route, read: Route, counted: Route]> => {
  const headers = headersOf(server)
  const thread = await callJson<{ id: string }>({ url: `${server.baseUrl}/threads`, headers }, {})
  const limits = { requests_per_minute: 1_000_000 }
  const made = await callJson<{ key: string }>(
    { url: `${server.baseUrl}/keys`, headers },
    { name: 'counted', limits },
  )
  const read = { url: `${server.baseUrl}/threads/${thread.id}`, headers }
  return [
    { url: `${server.origin}/healthz`, headers: {} },
    read,
    { ...read, headers: { ...headers, authorization: `Bearer ${made.key}` } },
  ]
}

const compareOn = async (
  scale: Scale,
  engine: string,
  databaseUrl: string | null,
): Promise<Figure[]> => {
  await using model = await startModel({ firstTokenMs: 0, tokens: 1, intervalMs: 0 })
  await using server = await startMelzi(scale, {
    modelUrl: String(model.ready),
    ...(databaseUrl === null ? {} : { databaseUrl }),
  })
  const routes = await routesOf(server)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const seen: number[][] = routes.map(() => [])
  const [warmUp, rounds] = scale.quick ? [5, 20] : [300, 3000]
  try {
    for (let round = -warmUp; round < rounds; round += 1)
      for (const [at, route] of routes.entries()) {
        const ms = await time(agent, route)
        if (round >= 0) seen[at]?.push(ms)
      }
  } finally {
    agent.destroy()
  }
  const [bare = Number.NaN, read = Number.NaN, counted = Number.NaN] = seen.map(median)
  const common = { unit: 'ms', beside: bare, compare: 'added' } as const
  return [
    {
      ...common,
      measure: `key check and thread read on ${engine}, p50`,
      melzi: read,
      aim: MOST_MS,
    },
    { ...common, measure: `the same with requests counted, p50`, melzi: counted, aim: null },
  ]
}

/** What it takes to look a key up and read a thread with it, over a route that asks the store nothing. */
export const measureKeyCheck = async (scale: Scale): Promise<Section> => {
  const figures = await compareOn(scale, 'SQLite', null)
  const skipped: string[] = []
  const { available, install } = component('postgresql')
  if (available) {
    await using postgres = await startPostgres()
    await using database = await postgres.createDatabase()
    figures.push(...(await compareOn(scale, 'PostgreSQL', database.url)))
  } else skipped.push(`PostgreSQL is missing; install it with: ${install}`)
  return {
    name: 'key-check',
    title: 'Key check',
    beside: '`/healthz`',
    how: 'One client on one connection asks three routes in turn: `/healthz`, which needs no key and no store; a thread with a key; and the same thread with a key that has a limit of requests a minute, so that each of its requests is a commit on the disk.',
    figures,
    skipped,
  }
}
