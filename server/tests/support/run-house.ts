import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CodeInterpreterToolCall } from '@melzi/contract/run-step.ts'
import type { Tool } from '@melzi/contract/tool.ts'
import { CreateAssistantRequest } from '@melzi/contract/assistant.ts'
import { CreateRunRequest } from '@melzi/contract/run.ts'
import type { PluginMode } from '../../src/features/assistants/service.ts'
import { createFileService } from '../../src/features/files/service.ts'
import { createMessageService } from '../../src/features/messages/service.ts'
import { createPictureLinks } from '../../src/features/pictures/picture-links.ts'
import { createPluginApiService } from '../../src/features/pluginapi/service.ts'
import { createOpenAids } from '../../src/features/plugins/call-aids.ts'
import { Dispatcher } from '../../src/features/runs/dispatcher.ts'
import type { PluginLimits } from '../../src/features/runs/plugin-work.ts'
import { runLoop } from '../../src/features/runs/run-loop.ts'
import { createRunService, type RunRecord } from '../../src/features/runs/service.ts'
import { createQuotas, type QuotaOptions } from '../../src/features/usage/quotas.ts'
import { createKnowledge } from '../../src/features/vector-stores/search.ts'
import { Indexer } from '../../src/features/vector-stores/indexer.ts'
import { indexEntry } from '../../src/features/vector-stores/index-entry.ts'
import { createVectorStoreService } from '../../src/features/vector-stores/service.ts'
import { createWebhookOutbox } from '../../src/features/webhooks/service.ts'
import { createThreadService } from '../../src/features/threads/service.ts'
import { Extractor } from '../../src/knowledge/extract/extractor.ts'
import { VectorIndex } from '../../src/knowledge/vectors/vector-index.ts'
import type { LanguageModel, ModelPart, ModelRequest } from '../../src/models/language-model.ts'
import { DiskBlobs } from '../../src/platform/blobs/disk-blobs.ts'
import type { Clock } from '../../src/platform/clock.ts'
import { MemoryEventLog } from '../../src/platform/events/memory-event-log.ts'
import type { LiveEvent } from '../../src/platform/events/event-log.ts'
import { createLog } from '../../src/platform/log.ts'
import type { Principal } from '../../src/platform/principal.ts'
import { createSealer } from '../../src/platform/sealing.ts'
import type { Store } from '../../src/platform/store/store.ts'
import type { SandboxJob, SandboxResult } from '../../src/plugins/python/sandbox-driver.ts'
import { fakePython, type PythonAnswer } from './fake-python.ts'
import { fakeSandbox, sandboxResult } from './fake-sandbox.ts'
import { openFeatureStore } from './feature-store.ts'
import { assertLawfulStream } from './lawful-stream.ts'
import { pluginCalls as pluginCallsOn, pluginService } from './plugin-house.ts'
import type { TestEngine } from './store-engines.ts'
import { toolResourcesFor } from './tool-resources.ts'
import { assistantService } from './assistant-service.ts'

/** Nodes that run on one real store with real services, a scripted model and a fake sandbox. */

/** What the model says to its nth request, from 0. */
export type Script = (
  nth: number,
  request: ModelRequest,
  signal: AbortSignal,
) => AsyncIterable<ModelPart> | readonly ModelPart[]

const USAGE = { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 }
export const finish = (reason: 'stop' | 'length' | 'tool_calls' | 'content_filter' = 'stop') =>
  ({ type: 'finish', reason, usage: USAGE }) as const
export const text = (...deltas: string[]): ModelPart[] =>
  deltas.map((delta) => ({ type: 'text', delta }))
export const calls = (...named: [name: string, args: string][]): ModelPart[] => [
  ...named.flatMap(([name, args], index): ModelPart[] => [
    { type: 'tool-call', index, id: `call_${name}_${index}`, name },
    ...(args === '' ? [] : [{ type: 'tool-arguments', index, delta: args } as const]),
  ]),
  finish('tool_calls'),
]

/** Calls of code_interpreter. */
export const python = (...sources: string[]): ModelPart[] =>
  calls(...sources.map((code): [string, string] => ['code_interpreter', JSON.stringify({ code })]))

/** The calls of Python in a step's row. */
export const codeCalls = (step: { step_details: string } | undefined): CodeInterpreterToolCall[] =>
  (JSON.parse(step?.step_details ?? '{}') as { tool_calls: CodeInterpreterToolCall[] }).tool_calls

/** The node is dead: its runs are anybody's at once, and it hears nothing of it. */
export const orphan = (house: RunHouse, id: string): Promise<number> =>
  house.store.write('test.orphan', (tx) => tx.run('update runs set due_ms = 1 where id = ?1', [id]))

/** Says the parts, then nothing until the signal aborts. */
export async function* hang(
  parts: readonly ModelPart[],
  signal: AbortSignal,
): AsyncGenerator<ModelPart> {
  yield* parts
  signal.throwIfAborted()
  await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

export interface NodeOptions {
  script?: Script
  /** Of the scripted model. */
  contextTokens?: number
  /** Of the fake sandbox. */
  plugin?: (job: SandboxJob, signal: AbortSignal) => Promise<SandboxResult>
  leaseMs?: number
  pollMs?: number
  concurrency?: number
  expiresSeconds?: number
  maxTurns?: number
  pluginLimits?: PluginLimits
  /** Of the fake interpreter. */
  python?: PythonAnswer
  indexingWaitMs?: number
  quotas?: Partial<QuotaOptions>
  clock?: Clock
  /** The store as this node sees it. */
  store?: Store
  /** False: claims nothing until `dispatcher.start` is called. */
  start?: boolean
}

export type RunHouse = Awaited<ReturnType<typeof openRunHouse>>

export const openRunHouse = async (engine: TestEngine) => {
  const stack = new AsyncDisposableStack()
  const home = stack.use(await openFeatureStore(engine))
  const owner = await home.person()
  return {
    store: home.store,
    owner,
    node: async (options: NodeOptions = {}) => {
      const made = await createNode(home.store, home.dir, owner, options)
      stack.use(made)
      return made
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const createNode = async (real: Store, dir: string, owner: Principal, options: NodeOptions) => {
  const store = options.store ?? real
  const clock = options.clock ?? { now: () => Date.now() }
  const log = createLog('silent')
  const requests: ModelRequest[] = []
  const model: LanguageModel = {
    contextTokens: options.contextTokens ?? null,
    async *stream(request, signal) {
      requests.push(request)
      yield* options.script?.(requests.length - 1, request, signal) ?? [...text('hello'), finish()]
    },
  }
  const models = {
    find: (name: string) => (name === 'absent' ? null : model),
    findUpstream: () => null,
    list: () => [],
    state: () => ({ ok: true, detail: '' }),
    [Symbol.asyncDispose]: async () => undefined,
  }
  const events = new MemoryEventLog()
  const { driver, jobs } = fakeSandbox(options.plugin ?? (() => Promise.resolve(sandboxResult())))
  const plugins = pluginService(store, clock)
  const toolResources = toolResourcesFor(clock)
  const checkModel = () => undefined
  const assistants = assistantService({ store, clock, plugins, toolResources, checkModel })
  const threads = createThreadService({ store, clock, toolResources })
  const blobs = new DiskBlobs(dir)
  const files = createFileService({ store, clock, blobs })
  const vectors = new VectorIndex()
  const knowledge = createKnowledge({
    store,
    clock,
    log,
    embedder: null,
    vectors: vectors,
  })
  const extractor = new Extractor()
  const indexing = { store, clock, log, files, extractor, embedder: null }
  const indexer = new Indexer({
    store,
    clock,
    log,
    leaseMs: 15_000,
    pollMs: 50,
    concurrency: 1,
    work: (entry, signal) => indexEntry(indexing, entry, signal),
  })
  const vectorStores = createVectorStoreService({ store, clock, files, indexer, knowledge })
  const links = createPictureLinks({
    clock,
    sealer: createSealer('s'.repeat(32)),
    origin: () => 'http://melzi.test',
  })
  const freshLinks = links.renew
  const messages = createMessageService({
    store,
    clock,
    blobs,
    threads,
    toolResources,
    files,
    freshLinks,
  })
  const quotas = createQuotas({ store, clock, log, options: options.quotas ?? {} })
  const aids = { store, clock, blobs, files, messages, models, embedder: null, quotas, links, log }
  const pluginCalls = pluginCallsOn(
    { store, driver, clock, log },
    { openAids: createOpenAids(aids) },
  )
  const python = fakePython(options.python)
  const loop = {
    store,
    clock,
    events,
    threads,
    messages,
    files,
    vectorStores,
    knowledge,
    models,
    pluginCalls,
    quotas,
    pluginLimits: options.pluginLimits ?? { calls: 100, ms: 300_000 },
    interpreter: python.interpreter,
    webhooks: createWebhookOutbox({ clock }),
    log,
    maxTurns: options.maxTurns ?? 10,
    indexingWaitMs: options.indexingWaitMs ?? 60_000,
  }
  const dispatcher = new Dispatcher({
    store,
    clock,
    log,
    leaseMs: options.leaseMs ?? 15_000,
    pollMs: options.pollMs ?? 30,
    concurrency: options.concurrency ?? 100,
    work: (run, hold) => runLoop(loop, run, hold),
  })
  const runs = createRunService({
    store,
    clock,
    events,
    assistants,
    threads,
    messages,
    toolResources,
    dispatcher,
    quotas,
    interpreter: python.interpreter,
    pluginCalls,
    freshLinks,
    checkModel,
    isLimitedKey: async () => false,
    expiresSeconds: options.expiresSeconds ?? 600,
  })
  const pluginApi = createPluginApiService({
    store,
    assistants,
    threads,
    messages,
    calls: pluginCalls,
    runs,
  })
  if (options.start !== false) await dispatcher.start(false)

  const heard = (run: Pick<RunRecord, 'id'>): LiveEvent[] => {
    const all: LiveEvent[] = []
    events.follow(run.id, 0, (event) => all.push(event)).stop()
    return all
  }

  const row = async ({ id }: Pick<RunRecord, 'id'>) => {
    const found = await real.get<{ status: string; attempt: number; usage: string | null }>(
      'select * from runs where id = ?1',
      [id],
    )
    assert.ok(found)
    return found as Record<string, string | number | null>
  }
  return {
    runs,
    threads,
    messages,
    events,
    dispatcher,
    files,
    indexer,
    vectorStores,
    pluginApi,
    links,
    requests,
    jobs,
    /** What the fake interpreter was asked. */
    asked: python.asked,
    row,

    /** An assistant as the wire makes it. */
    made: async (fields: object): Promise<string> =>
      (await assistants.create(owner, CreateAssistantRequest.parse({ model: 'm', ...fields }))).id,

    /** An assistant with functions of the client and, by name, plugins of the server. */
    assistant: async (
      functions: readonly string[] = [],
      served: readonly string[] = [],
      mode: PluginMode = served.length > 0 ? 'server' : 'client',
    ): Promise<string> => {
      const tools = functions.map((name): Tool => ({
        type: 'function',
        function: { name, strict: false, parameters: { type: 'object', properties: {} } },
      }))
      const request = CreateAssistantRequest.parse({ model: 'm', tools })
      const { id } = await assistants.create(owner, request, mode)
      for (const name of served) {
        const file = JSON.stringify({
          id: name,
          melzi: { ask_before: name.startsWith('asks') },
          api: {
            type: 'python',
            python: {
              source: name.startsWith('files') ? 'print(SELECTED_FILES)' : 'print(6)',
              direct_response: name.startsWith('direct'),
            },
          },
        })
        await assistants.attachPlugin(owner, id, (await plugins.importPlugin(owner, file)).id)
      }
      return id
    },

    thread: async (...said: string[]) => {
      const thread = await real.write('test.thread', (tx) => threads.insert(tx, owner, {}))
      for (const content of said.length > 0 ? said : ['hi']) {
        await messages.create(owner, thread.id, {
          role: 'user',
          content,
          attachments: [],
          metadata: {},
        })
      }
      return thread
    },

    create: async (threadId: string, assistantId: string, fields: object = {}) => {
      const request = CreateRunRequest.parse({ assistant_id: assistantId, ...fields })
      return (await runs.create(owner, threadId, request)).run
    },

    /** Waits until the row says one of these and, where this node worked on the run, until it has said so: events follow the commit. */
    until: async (run: Pick<RunRecord, 'id'>, ...statuses: string[]) => {
      const end = Date.now() + 8_000
      for (;;) {
        const found = await row(run)
        const status = String(found['status'])
        const said = heard(run).map((event) => event.event)
        const silent = !said.includes('thread.run.in_progress') || found['lease_owner'] !== null
        if (statuses.includes(status) && (silent || said.includes(`thread.run.${status}`)))
          return found
        assert.ok(Date.now() < end, `${run.id} is still ${status}`)
        await sleep(5)
      }
    },

    steps: (run: Pick<RunRecord, 'id'>) =>
      real.all<{ type: string; status: string; step_details: string; last_error: string | null }>(
        'select * from run_steps where run_id = ?1 order by position',
        [run.id],
      ),

    written: async (run: Pick<RunRecord, 'id'>) =>
      real.all<{ status: string; content: string; incomplete_reason: string | null }>(
        'select * from messages where run_id = ?1 order by position',
        [run.id],
      ),

    /** What this node has said of a run. */
    heard,

    [Symbol.asyncDispose]: async () => {
      await dispatcher[Symbol.asyncDispose]()
      await indexer[Symbol.asyncDispose]()
      await extractor[Symbol.asyncDispose]()
      await vectors[Symbol.asyncDispose]()
      events[Symbol.dispose]()
    },
  }
}

/** Short event names, with runs of deltas written once. */
export const order = (events: readonly LiveEvent[]): string =>
  events
    .map(({ event }) => event.replace(/^thread\.(?:run\.(?=step\.))?/, ''))
    .filter((name, at, all) => !name.endsWith('.delta') || name !== all[at - 1])
    .join(' ')

/** The events as one stream: lawful, rising, and nothing after the end. */
export const assertLawful = (events: readonly LiveEvent[]): void => {
  for (const [at, event] of events.entries()) {
    const before = events[at - 1]
    assert.ok(before === undefined || event.seq > before.seq, 'seq rises')
    assert.ok(before === undefined || event.attempt >= before.attempt, 'attempts rise')
  }
  const wire = events.map(({ event, data }) => ({
    event,
    raw: data,
    data: JSON.parse(data) as unknown,
    atMs: 0,
  }))
  assertLawfulStream([...wire, { event: 'done', raw: '[DONE]', data: '[DONE]', atMs: 0 }])
}
