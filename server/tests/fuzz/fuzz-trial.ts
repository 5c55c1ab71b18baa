import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { PluginObject } from '@melzi/contract/plugin.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'
import { validateResponse } from '../support/openapi.ts'
import { startScriptedModel } from '../support/scripted-model.ts'
import { fuzzedRoutes, randomRequest, type RandomRequest } from './make-request.ts'
import { Pools } from './pools.ts'
import { Random } from './random.ts'
import { rawBytes } from './raw-bytes.ts'
import { createSender, type Answer } from './send.ts'

export interface FuzzOptions {
  engine: 'sqlite' | 'postgres'
  requests: number
  seed: number
}

export interface FuzzReport extends FuzzOptions {
  seconds: number
  /** How many answers of each status; `closed` for noise that was answered by closing the connection. */
  statuses: Record<string, number>
  /** Routes with the share of their requests that were accepted. */
  routes: Record<string, { requests: number; accepted: number; maxMs: number }>
  slowest: { route: string; ms: number }[]
  p50Ms: number
  p99Ms: number
  /** Resident memory of the server at the end, MiB. */
  rssMiB: number
  /** What must not be, each kind once with its request. */
  findings: string[]
}

const CONNECTIONS = 16
/** After so many requests the server is asked for what it must still be able to do. */
const CHECK_EVERY = 1_000
const MAX_FINDINGS = 30
/** Of all requests are noise on a bare socket. */
const NOISE = 0.01
/** Accepted answers may be slow for a reason, as a run's stream is; everything else answers at once. */
const SLOW_MS = 10_000

/**
 * Random requests to every route of a booted server. Nothing is thrown for what they find: that is in the report.
 * @throws AssertionError when the server no longer works between two batches
 */
export const fuzzTrial = async (options: FuzzOptions): Promise<FuzzReport> => {
  await using model = await startScriptedModel({ auto: true })
  await using server = await bootServer({
    engine: options.engine,
    model: { url: model.url },
    env: { MELZI_BODY_LIMIT_MB: '2', MELZI_INDEX_WORKERS: '1' },
  })
  const trial = new Trial(server, options)
  // Awaited here: the server must not be disposed of before.
  return await trial.run()
}

class Trial {
  readonly #server: BootedServer
  readonly #options: FuzzOptions
  readonly #routes = fuzzedRoutes()
  readonly #pools = new Pools()
  readonly #statuses: FuzzReport['statuses'] = {}
  readonly #byRoute: FuzzReport['routes'] = {}
  readonly #slow: FuzzReport['slowest'] = []
  readonly #ms: number[] = []
  readonly #findings = new Map<string, string>()

  constructor(server: BootedServer, options: FuzzOptions) {
    this.#server = server
    this.#options = options
  }

  async run(): Promise<FuzzReport> {
    const begun = performance.now()
    const sender = createSender(this.#server.origin, CONNECTIONS)
    try {
      await this.#stillWorks()
      for (let done = 0; done < this.#options.requests; done += CHECK_EVERY) {
        const until = Math.min(this.#options.requests, done + CHECK_EVERY)
        let next = done
        await Promise.all(
          Array.from({ length: CONNECTIONS }, async () => {
            while (next < until) {
              next += 1
              await this.#one(next, sender)
            }
          }),
        )
        await this.#stillWorks()
      }
      this.#readLog()
      return await this.#report((performance.now() - begun) / 1000)
    } finally {
      sender.close()
    }
  }

  async #one(nth: number, sender: ReturnType<typeof createSender>): Promise<void> {
    // Each request has its own sequence: which ids there are depends on the answers before, nothing else does.
    const random = new Random(this.#options.seed + nth * 7_919)
    if (random.chance(NOISE)) {
      const bytes = rawBytes(random, this.#server.apiKey)
      const request = { route: 'noise', method: '', path: '', headers: {}, body: bytes }
      this.#judgeNoise(request, await sender.sendBytes(bytes))
      return
    }
    const request = randomRequest(this.#routes, random, this.#pools, this.#server.apiKey)
    this.#judge(request, await sender.send(request))
  }

  #judgeNoise(request: RandomRequest, answer: Answer): void {
    this.#count(request, answer)
    if (answer.failure !== null) this.#find('noise is not answered', request, answer)
    if ((answer.status ?? 0) >= 500) this.#find(`${answer.status}`, request, answer)
  }

  #judge(request: RandomRequest, answer: Answer): void {
    this.#count(request, answer)
    const { status, failure, ms, headers } = answer
    if (failure !== null || status === null) {
      if (!/socket hang up|ECONNRESET|EPIPE|Data after/.test(failure ?? '') || !closes(request))
        this.#find(`no answer from ${request.route}: ${failure}`, request, answer)
      return
    }
    if (status >= 500) this.#find(`${status} from ${request.route}`, request, answer)
    if (status >= 400 && ms > SLOW_MS) this.#find(`slow ${request.route}`, request, answer)
    if (headers['x-request-id'] === undefined)
      this.#find('an answer without x-request-id', request, answer)
    if (request.method === 'HEAD') return
    const isJson = String(headers['content-type']).startsWith('application/json')
    const body = isJson ? parse(answer.text) : undefined
    if (status >= 400) {
      try {
        validateResponse(request.method, '/', status, body)
      } catch {
        this.#find(`${status} without the envelope from ${request.route}`, request, answer)
      }
    } else {
      if (isJson && body === undefined && !AS_THEY_CAME.test(request.route))
        this.#find(`broken JSON from ${request.route}`, request, answer)
      this.#pools.harvest(body)
    }
  }

  #count(request: RandomRequest, answer: Answer): void {
    const status = String(answer.status ?? 'closed')
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    const known = (this.#byRoute[request.route] ??= { requests: 0, accepted: 0, maxMs: 0 })
    known.requests += 1
    if (answer.status !== null && answer.status < 400) known.accepted += 1
    known.maxMs = Math.max(known.maxMs, Math.round(answer.ms))
    this.#ms.push(answer.ms)
    this.#slow.push({ route: request.route, ms: Math.round(answer.ms) })
    this.#slow.sort((a, b) => b.ms - a.ms)
    this.#slow.length = Math.min(this.#slow.length, 5)
  }

  #find(what: string, request: RandomRequest, answer: Answer): void {
    if (this.#findings.has(what) || this.#findings.size >= MAX_FINDINGS) return
    const { method, path, headers, body } = request
    const { authorization: _key, ...rest } = headers
    this.#findings.set(
      what,
      `${what}: ${method} ${path.slice(0, 400)} ${JSON.stringify(rest).slice(0, 300)} ${show(body)} -> ${answer.status} ${answer.text.slice(0, 400)}`,
    )
  }

  /** An ordinary client is served as ever: also what fills the pools again after many deletions. */
  async #stillWorks(): Promise<void> {
    const api = new Api(this.#server)
    assert.equal((await fetch(`${this.#server.origin}/readyz`)).status, 200)
    const assistant = await api.assistant({ tools: [unitPrice], instructions: 'Answer.' })
    const thread = await api.thread('hello', 'what is 2 + 2?')
    const plain = await api.run(thread.id, assistant.id, { tools: [] })
    assert.equal((await api.settled(plain, 60_000)).status, 'completed')
    const waits = await api.run((await api.thread('the unit price of 2 kg?')).id, assistant.id, {
      tool_choice: 'required',
    })
    const file = await api.file('figs', 'figs.txt', { purpose: 'assistants' })
    const store = await api.post<{ id: string }>('/vector_stores', { file_ids: [file.id] })
    const plugin = await api.post<PluginObject>('/plugins', {
      id: 'p',
      melzi: { secrets: ['figs'] },
      api: { type: 'python', python: { source: 'print(1)' } },
    })
    await api.post(`/plugins/${plugin.id}/secrets`, { name: 'figs', value: 'dried' })
    const attached = `/assistants/${assistant.id}/plugins`
    const filePath = `/vector_stores/${store.id}/files`
    const made = [
      assistant,
      thread,
      await api.settled(waits, 60_000),
      ...(await api.messages(thread.id)),
      ...(await api.steps(plain)),
      file,
      store,
      await api.get(filePath),
      await api.get(`/plugins/${plugin.id}`),
      await api.post(`/plugins/${plugin.id}/test`),
      await api.post(attached, { plugin_id: plugin.id }),
      await api.post(`/vector_stores/${store.id}/file_batches`, { file_ids: [file.id] }),
      await api.post('/uploads', {
        filename: 'a.txt',
        purpose: 'vision',
        bytes: 3,
        mime_type: 'text/plain',
      }),
    ]
    for (const one of made) this.#pools.harvest(one)
  }

  /** Errors nobody was told of. */
  #readLog(): void {
    for (const line of this.#server.logs.split('\n')) {
      if (!/^\{"level":(?:50|60)/.test(line)) continue
      const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } }
      const what = `log: ${msg} ${err?.message?.slice(0, 200)}`
      if (!this.#findings.has(what) && this.#findings.size < MAX_FINDINGS)
        this.#findings.set(what, `${what}: ${line.slice(0, 1_500)}`)
    }
  }

  async #report(seconds: number): Promise<FuzzReport> {
    const sorted = this.#ms.toSorted((a, b) => a - b)
    const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)
    return {
      ...this.#options,
      seconds: Math.round(seconds),
      statuses: this.#statuses,
      routes: this.#byRoute,
      slowest: this.#slow,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      rssMiB: await residentMiB(this.#server.pid),
      findings: [...this.#findings.values()],
    }
  }
}

/**
 * Whether the answer may be lost: headers past the limit are answered before the rest is read, on a connection that is closed then, and
 * with a body also to HEAD.
 */
const closes = ({ headers, path }: RandomRequest): boolean =>
  JSON.stringify(headers).length + path.length > 14_000

/** What is handed out as it came in or as a plugin wrote it; plugin files may be loose JSON. */
const AS_THEY_CAME = /pluginapi|^GET \/plugins\/\{plugin_id\}\/file$/

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const show = (body: Buffer): string =>
  body.length <= 1_500
    ? JSON.stringify(body.toString('latin1'))
    : `${body.length} bytes, ${JSON.stringify(body.subarray(0, 300).toString('latin1'))}...`

const residentMiB = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}
