import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { component } from '../server/tests/support/components.ts'
import type { BootedServer } from '../server/tests/support/boot.ts'
import { headersOf, startMelzi } from './contenders.ts'
import type { Figure, Scale, Section } from './figures.ts'
import { callJson } from './read-stream.ts'
import { percentile } from './statistics.ts'

const READY_MS = 60_000
/** Time for the server to boot the process that the next call takes, in ms. */
const REFILL_MS = 1_500
/** The sample plugin of the quickstart, and what it says. */
const ARGUMENTS = JSON.stringify({ price: 300, weight: 2 })
const EXPECTED = '150 per kilogram'

const run = promisify(execFile)

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** @returns null when plugins can run, else why not */
export const waitForSandbox = async (server: BootedServer): Promise<string | null> => {
  const until = performance.now() + READY_MS
  for (;;) {
    const { sandbox } = await callJson<{ sandbox: { ok: boolean; detail: string } }>({
      url: `${server.origin}/readyz`,
      method: 'GET',
      headers: {},
      body: '',
    })
    if (sandbox.ok) return null
    if (sandbox.detail !== 'starting' || performance.now() > until) return sandbox.detail
    await sleep(250)
  }
}

const makeCall = async (server: BootedServer): Promise<() => Promise<void>> => {
  const headers = headersOf(server)
  const thread = await callJson<{ id: string }>({
    url: `${server.baseUrl}/threads`,
    method: 'POST',
    headers,
    body: '{}',
  })
  const query = new URLSearchParams({ tid: thread.id, aid: server.assistantId, pid: 'unit_price' })
  const url = `${server.baseUrl}/pluginapi?${query}`
  return async () => {
    const answer = await callJson<{ text: string }>({
      url,
      method: 'POST',
      headers,
      body: ARGUMENTS,
    })
    if (!answer.text.includes(EXPECTED)) throw new Error(`the plugin said: ${answer.text}`)
  }
}

/** Times of `python3 -c pass`, past any launcher script that stands for it in PATH. */
const timePython = async (count: number): Promise<number[]> => {
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
  const times: number[] = []
  for (let i = 0; i < count; i += 1)
    times.push(await timed(() => run(stdout.trim(), ['-c', 'pass'])))
  return times
}

/** A plugin call through the server, with its process waiting and without, against starting a bare Python. */
export const measurePluginCalls = async (scale: Scale): Promise<Section> => {
  const count = scale.quick ? 1 : 12
  const section: Section = {
    name: 'plugin-calls',
    title: 'Plugin calls',
    beside: 'python3 -c pass',
    how: `POST /pluginapi of the sample plugin unit_price, each call in a sandboxed process of its own. Warm: the process waits, as it does when calls do not come at once. Cold: a second call right after, for which one must be booted. ${count} of each. Beside it the bare start of the system's Python, without any wall and without a server.`,
    figures: [],
    skipped: [],
  }
  await using server = await startMelzi(scale, { env: { MELZI_SANDBOX_WORKERS: '1' } })
  const why = await waitForSandbox(server)
  if (why !== null) return { ...section, skipped: [`plugins cannot run here: ${why}`] }
  const call = await makeCall(server)
  const warm: number[] = []
  const cold: number[] = []
  // The first pair warms up the server.
  for (let i = scale.quick ? 1 : 0; i <= count; i += 1) {
    await sleep(REFILL_MS)
    const times = { warm: await timed(call), cold: await timed(call) }
    if (i === 0) continue
    warm.push(times.warm)
    cold.push(times.cold)
  }
  const { available, install } = component('python3')
  const python = available ? await timePython(count) : []
  if (!available) section.skipped.push(`python3 is missing; install it with: ${install}`)
  const figure = (measure: string, times: number[], share: number): Figure => ({
    measure: `${measure} plugin call, p${share * 100}`,
    unit: 'ms',
    melzi: percentile(times, share),
    beside: percentile(python, share),
    compare: 'ratio',
    aim: null,
  })
  section.figures.push(
    figure('warm', warm, 0.5),
    figure('warm', warm, 0.95),
    figure('cold', cold, 0.5),
    figure('cold', cold, 0.95),
  )
  return section
}
