import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { BootedServer, Key } from '../server/tests/support/boot.ts'
import { startMelzi } from './contenders.ts'
import type { Scale, Section } from './figures.ts'
import { waitForSandbox } from './plugin-calls.ts'
import { callJson } from './read-stream.ts'
import { percentile } from './statistics.ts'

const CALLERS = 50
const HOSTILE_CALLERS = 6
/** What a hostile plugin does: holds a core, takes memory, floods its pipe. */
const HOSTILE = [
  'while True: pass',
  'kept = []\nwhile True: kept.append(bytearray(10_000_000))',
  'while True: print("x" * 100_000)',
]
const PROBE = path.join(import.meta.dirname, 'loop-probe.mjs')
const WORKERS = '2'

type Call = () => Promise<string>

interface Crowd {
  /** ms of each call that was answered. */
  times: number[]
  failed: number
  /** Calls in a second. */
  rate: number
}

const caller = async (
  server: Pick<BootedServer, 'baseUrl'>,
  key: Key,
  assistantId: string,
  pid: string,
  body: string,
): Promise<Call> => {
  const headers = { authorization: `Bearer ${key.apiKey}`, 'content-type': 'application/json' }
  const url = `${server.baseUrl}/threads`
  const { id } = await callJson<{ id: string }>({ url, method: 'POST', headers, body: '{}' })
  const query = new URLSearchParams({ tid: id, aid: assistantId, pid })
  return async () => {
    const call = { url: `${server.baseUrl}/pluginapi?${query}`, method: 'POST' as const }
    return (await callJson<{ text: string }>({ ...call, headers, body })).text
  }
}

/** Each calls again as soon as it is answered, until the time is over. @param isRight whether an answer is the plugin's own */
const crowd = async (
  calls: readonly Call[],
  ms: number,
  isRight: (text: string) => boolean,
): Promise<Crowd> => {
  const until = performance.now() + ms
  const found: Crowd = { times: [], failed: 0, rate: 0 }
  const keepCalling = async (call: Call) => {
    while (performance.now() < until) {
      const start = performance.now()
      if (isRight(await call())) found.times.push(performance.now() - start)
      else found.failed += 1
    }
  }
  const start = performance.now()
  await Promise.all(calls.map(keepCalling))
  found.rate = (found.times.length / (performance.now() - start)) * 1000
  return found
}

/** Another person of the workspace, whose plugins do harm. */
const hostileCalls = async (server: BootedServer, dir: string): Promise<Call[]> => {
  const key = await server.keyOf('mallory')
  const calls: Call[] = []
  for (const [index, source] of HOSTILE.entries()) {
    const id = `hostile_${index}`
    const file = path.join(dir, `${id}.json`)
    await writeFile(file, JSON.stringify({ id, api: { type: 'python', python: { source } } }))
    await server.cli('plugin', 'import', file, '--person', 'mallory')
    const create = ['assistant', 'create', '--plugin', id, '--model', 'x']
    const made = await server.cli(...create, '--person', 'mallory', '--json')
    const { id: assistant } = JSON.parse(made) as { id: string }
    for (let n = 0; n < HOSTILE_CALLERS / HOSTILE.length; n += 1)
      calls.push(await caller(server, key, assistant, id, '{}'))
  }
  return calls
}

/** Fifty callers of a harmless plugin, alone and beside a person whose plugins loop, leak and flood. */
export const measureCrowd =
  (driver: 'deno' | 'native') =>
  async (scale: Scale): Promise<Section> => {
    const ms = scale.quick ? 1_500 : 40_000
    const callers = scale.quick ? 2 : CALLERS
    const section: Section = {
      name: `crowd-${driver}`,
      title: `A crowd of plugin callers, driver ${driver}`,
      beside: 'without the hostile plugins',
      how: `${callers} callers, each calling unit_price again as soon as it is answered, for ${ms / 1000} s with ${WORKERS} workers: first alone, then while ${HOSTILE_CALLERS} callers keep calling another person's plugins, which loop, take memory and flood their pipe. Event loop: how long the server's own loop was held up.`,
      figures: [],
      skipped: [],
    }
    const dir = await mkdtemp(path.join(tmpdir(), 'melzi-crowd-'))
    try {
      const loopFile = path.join(dir, 'loop.json')
      await using server = await startMelzi(scale, {
        env: {
          MELZI_SANDBOX_WORKERS: WORKERS,
          MELZI_PLUGIN_DRIVER: driver,
          MELZI_BWRAP: 'trusted',
          BENCH_LOOP_FILE: loopFile,
          NODE_OPTIONS: `--import=${pathToFileURL(PROBE).href}`,
        },
      })
      const why = await waitForSandbox(server)
      if (why !== null) return { ...section, skipped: [`plugins cannot run here: ${why}`] }
      const body = JSON.stringify({ price: 300, weight: 2 })
      const good = await Promise.all(
        Array.from({ length: callers }, () =>
          caller(server, server, server.assistantId, 'unit_price', body),
        ),
      )
      const bad = await hostileCalls(server, dir)
      const isRight = (text: string) => text.includes('150 per kilogram')
      const measure = async (work: () => Promise<Crowd>) => {
        await sleep(scale.quick ? 0 : 3_000)
        process.kill(server.pid, 'SIGUSR2')
        const found = await work()
        const loop = JSON.parse(await readFile(loopFile, 'utf8')) as { p99: number }
        return { ...found, loop: loop.p99 }
      }
      const alone = await measure(() => crowd(good, ms, isRight))
      const beside = await measure(async () => {
        const harm = crowd(bad, ms, () => false)
        const found = await crowd(good, ms, isRight)
        await harm
        return found
      })
      if (alone.failed + beside.failed > 0) {
        section.skipped.push(
          `calls that were not answered rightly: ${alone.failed} alone, ${beside.failed} beside the hostile plugins`,
        )
      }
      const time = (measureName: string, share: number, aim: number | null) => ({
        measure: measureName,
        unit: 'ms' as const,
        melzi: percentile(beside.times, share),
        beside: percentile(alone.times, share),
        compare: 'ratio' as const,
        aim,
      })
      section.figures.push(
        time("the others' call, p50", 0.5, null),
        time("the others' call, p95", 0.95, 2),
        {
          measure: "the others' calls",
          unit: 'per second',
          melzi: beside.rate,
          beside: alone.rate,
          compare: 'ratio',
          aim: null,
        },
        {
          measure: "the server's event loop, p99 (to stay under 50 ms)",
          unit: 'ms',
          melzi: beside.loop,
          beside: alone.loop,
          compare: 'ratio',
          aim: null,
        },
      )
      return section
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
