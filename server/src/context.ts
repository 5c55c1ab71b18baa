import type { Config } from './config/config.ts'
import { prepareDataFolder } from './config/data-folder.ts'
import { secretKeyOf } from './config/secret-key.ts'
import type { ModelsConfig } from './config/models-settings.ts'
import { createAssistantService, type AssistantService } from './features/assistants/service.ts'
import { createAuditLog } from './features/audit/service.ts'
import { createFileService, type FileService } from './features/files/service.ts'
import { createKeyService, type KeyService } from './features/keys/service.ts'
import { createMessageService, type MessageService } from './features/messages/service.ts'
import { createPassthrough, type PassthroughService } from './features/passthrough/service.ts'
import { createPluginApiService, type PluginApiService } from './features/pluginapi/service.ts'
import { createCallLog, type CallLog } from './features/plugins/call-log.ts'
import { createPictureLinks } from './features/pictures/picture-links.ts'
import { createPictures, type PictureService } from './features/pictures/service.ts'
import { createOpenAids } from './features/plugins/call-aids.ts'
import { createPluginCalls, type PluginCalls } from './features/plugins/call-service.ts'
import { createPluginSecrets } from './features/plugins/plugin-secrets.ts'
import { createPluginManagement, type PluginManagement } from './features/plugins/management.ts'
import { createPluginTests, type PluginTests } from './features/plugins/plugin-tests.ts'
import { createPluginService, type PluginService } from './features/plugins/service.ts'
import { createUserCookie } from './features/plugins/user-cookie.ts'
import { createPeopleService } from './features/people/service.ts'
import { originOf } from './features/quickstart/base-url.ts'
import { createQuickstart, type Quickstart } from './features/quickstart/service.ts'
import { createReferenceService, type ReferenceService } from './features/reference/service.ts'
import { Dispatcher } from './features/runs/dispatcher.ts'
import { runLoop } from './features/runs/run-loop.ts'
import { createRunService, type RunService } from './features/runs/service.ts'
import { createRights } from './features/sharing/service.ts'
import { createThreadService, type ThreadService } from './features/threads/service.ts'
import { createToolResources } from './features/tool-resources/service.ts'
import { createUploadService, type UploadService } from './features/uploads/service.ts'
import { Indexer } from './features/vector-stores/indexer.ts'
import { indexEntry } from './features/vector-stores/index-entry.ts'
import { openPgvector } from './features/vector-stores/pgvector.ts'
import { createKnowledge } from './features/vector-stores/search.ts'
import {
  createVectorStoreService,
  type Knowledge,
  type VectorStoreService,
} from './features/vector-stores/service.ts'
import { WebhookSender } from './features/webhooks/sender.ts'
import {
  createWebhookOutbox,
  createWebhookService,
  type WebhookService,
} from './features/webhooks/service.ts'
import { createInterpreter, createKinds, createSandbox } from './foreign-code.ts'
import type { CodeInterpreter } from './interpreter/code-interpreter.ts'
import { createEmbedder } from './knowledge/embeddings/embedder.ts'
import { Extractor } from './knowledge/extract/extractor.ts'
import { VectorIndex } from './knowledge/vectors/vector-index.ts'
import type { ModelRegistry } from './models/language-model.ts'
import { createModelRegistry } from './models/model-registry.ts'
import { rewriteQuestions } from './models/rewrite-questions.ts'
import { systemClock, type Clock } from './platform/clock.ts'
import { openBlobs } from './platform/blobs/open-blobs.ts'
import { sweepBlobs } from './platform/blobs/sweep-blobs.ts'
import { errors } from './platform/errors.ts'
import type { EventLog } from './platform/events/event-log.ts'
import { MemoryEventLog } from './platform/events/memory-event-log.ts'
import { fetchImage } from './platform/fetch-image.ts'
import { createLog, type Logger } from './platform/log.ts'
import { createSealer } from './platform/sealing.ts'
import { openStore } from './platform/store/open-store.ts'
import type { Store } from './platform/store/store.ts'
import type { SandboxDriver } from './plugins/python/sandbox-driver.ts'

/** Everything that lives as long as the server, constructed once, here. */
export interface Context extends AsyncDisposable {
  config: Config
  clock: Clock
  log: Logger
  store: Store
  events: EventLog
  models: ModelRegistry
  sandbox: SandboxDriver
  /** Runs the code of the tool code_interpreter. */
  interpreter: CodeInterpreter
  assistants: AssistantService
  files: FileService
  keys: KeyService
  messages: MessageService
  plugins: PluginService
  pluginCalls: PluginCalls
  pluginManagement: PluginManagement
  pluginTests: PluginTests
  pluginCallLog: CallLog
  passthrough: PassthroughService
  pluginApi: PluginApiService
  /** The API reference. */
  reference: ReferenceService
  pictures: PictureService
  /** To be told when the server listens: the addresses of pictures begin with it, unless the configuration names a public one. */
  listensAt(port: number): void
  runs: RunService
  threads: ThreadService
  uploads: UploadService
  vectorStores: VectorStoreService
  /** Search in vector stores, for runs. */
  knowledge: Knowledge
  indexer: Indexer
  dispatcher: Dispatcher
  webhooks: WebhookService
  webhookSender: WebhookSender
  quickstart: Quickstart
  /** Removes what has expired and what no row holds any more; says how many blobs went. */
  sweep(): Promise<number>
}

/** What tests put in place of the real thing: the model, the clock, the sandbox. */
export interface Overrides {
  clock?: Clock
  log?: Logger
  models?: ModelRegistry
  sandbox?: SandboxDriver
  interpreter?: CodeInterpreter
}

/** Builds the services on an open store. @param modelsConfig which models there are; asked only when no registry is given */
export const createContext = async (
  config: Config,
  modelsConfig: ModelsConfig,
  overrides: Overrides = {},
): Promise<Context> => {
  await using stack = new AsyncDisposableStack()
  const clock = overrides.clock ?? systemClock
  const log = overrides.log ?? createLog(config.log.level)
  prepareDataFolder(config.data.dir)
  const store = stack.use(await openStore(config.store, { migrate: true, exclusive: true }))
  const events = stack.use(new MemoryEventLog())
  const blobs = stack.use(await openBlobs(config.blobs))
  const models =
    overrides.models ??
    createModelRegistry(modelsConfig, {
      clock,
      fetchImage: (url, signal) => fetchImage(url, config.sandbox.allowedInternalHosts, signal),
    })
  stack.use(models)
  const sandbox = stack.use(overrides.sandbox ?? createSandbox(config))
  const interpreter = stack.use(overrides.interpreter ?? createInterpreter(config, clock))

  const checkModel = (model: string) => {
    if (models.find(model) === null) throw errors.noSuchModel(model)
  }
  const sealer = createSealer(secretKeyOf(config))
  const kinds = stack.use(
    createKinds(config, clock, sandbox, (owner, id, asked) =>
      vectorStores.search(owner, id, asked),
    ),
  )
  const pluginSecrets = createPluginSecrets({ clock, sealer })
  const plugins = createPluginService({ store, clock, kinds, secrets: pluginSecrets })
  const files = createFileService({ store, clock, blobs })
  let { port } = config.http
  const origin = () => originOf({ ...config.http, port })
  const links = createPictureLinks({ clock, sealer, origin })
  const uploads = createUploadService({ store, clock, blobs, files })
  const audit = createAuditLog({ clock })
  const outbox = createWebhookOutbox({ clock })
  const keys = createKeyService({ store, clock, log })
  const { leaseMs, pollMs, concurrency, maxTurns, expiresSeconds, indexingWaitMs } = config.runs
  const { maxPluginCalls, maxPluginMs } = config.runs
  const { embeddings, workers } = config.knowledge
  const embedder = embeddings === null ? null : createEmbedder(embeddings)
  const vectors = stack.use(new VectorIndex())
  const pgvector = stack.use(
    embedder === null ? null : await openPgvector({ store, log, model: embedder.model }),
  )
  const extractor = stack.use(new Extractor({ processes: workers }))
  const indexing = { store, clock, log, files, extractor, embedder, pgvector }
  const indexer = stack.use(
    new Indexer({
      store,
      clock,
      log,
      leaseMs,
      pollMs,
      concurrency: workers,
      work: (entry, signal) => indexEntry(indexing, entry, signal),
    }),
  )
  const knowledge = createKnowledge({ store, clock, log, embedder, vectors, pgvector })
  const vectorStores = createVectorStoreService({
    store,
    clock,
    files,
    indexer,
    knowledge,
    rewrite: createRewrite(models, modelsConfig, log),
  })
  const toolResources = createToolResources({
    clock,
    files,
    stores: vectorStores,
    announce: vectorStores.announce,
  })
  const assistants = createAssistantService({
    store,
    clock,
    plugins,
    toolResources,
    rights: createRights({ clock }),
    audit,
    checkModel,
  })
  const threads = createThreadService({ store, clock, toolResources })
  const messages = createMessageService({
    store,
    clock,
    blobs,
    threads,
    toolResources,
    files,
    freshLinks: links.renew,
  })
  const pluginCalls = createPluginCalls({
    store,
    plugins,
    kinds,
    secrets: pluginSecrets,
    userCookie: createUserCookie(sealer),
    openAids: createOpenAids({ store, blobs, files, messages, models, embedder, links, log }),
    clock,
    log,
    defaultHosts: config.sandbox.defaultNetwork === 'public' ? 'public' : [],
  })
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
    pluginLimits: { calls: maxPluginCalls, ms: maxPluginMs },
    webhooks: outbox,
    interpreter,
    log,
    maxTurns,
    indexingWaitMs,
  }
  const dispatcher = stack.use(
    new Dispatcher({
      store,
      clock,
      log,
      leaseMs,
      pollMs,
      concurrency,
      work: (run, hold) => runLoop(loop, run, hold),
    }),
  )
  const runs = createRunService({
    store,
    clock,
    events,
    assistants,
    threads,
    messages,
    toolResources,
    dispatcher,
    interpreter,
    pluginCalls,
    freshLinks: links.renew,
    checkModel,
    expiresSeconds,
  })
  const reach = { internalHosts: config.sandbox.allowedInternalHosts }
  const webhookSender = stack.use(
    new WebhookSender({ store, clock, log, sealer, reach, leaseMs, pollMs }),
  )
  const webhooks = createWebhookService({
    store,
    clock,
    sealer,
    assistants,
    audit,
    sender: webhookSender,
    reach,
  })
  const pluginApi = createPluginApiService({
    store,
    assistants,
    threads,
    messages,
    calls: pluginCalls,
    runs,
  })
  const quickstart = createQuickstart({
    store,
    people: createPeopleService({ clock }),
    plugins,
    assistants,
    keys,
    dataDir: config.data.dir,
    model: models.list()[0]?.id ?? 'melzi-demo',
  })
  const pluginManagement = createPluginManagement({
    store,
    plugins,
    secrets: pluginSecrets,
    checkVectorStore: (principal, id) => vectorStores.getLive(store, principal, id),
  })
  const pluginCallLog = createCallLog({ store, plugins, renewLinks: links.renew })
  const pluginTests = createPluginTests({
    store,
    plugins,
    calls: pluginCalls,
    callLog: pluginCallLog,
    defaultModel: () => models.list()[0]?.id ?? null,
  })
  const owned = stack.move()
  return {
    config,
    clock,
    log,
    store,
    events,
    models,
    sandbox,
    interpreter,
    assistants,
    files,
    keys,
    messages,
    plugins,
    pluginCalls,
    pluginManagement,
    pluginTests,
    pluginCallLog,
    passthrough: createPassthrough({ models, clock }),
    pluginApi,
    reference: createReferenceService(),
    pictures: createPictures({ store, clock, files, links }),
    listensAt: (bound) => {
      port = bound
    },
    runs,
    threads,
    uploads,
    vectorStores,
    knowledge,
    indexer,
    dispatcher,
    webhooks,
    webhookSender,
    quickstart,
    sweep: async () => {
      await uploads.sweepExpired()
      await files.sweepExpired()
      await vectorStores.sweepEmbeddings()
      await webhooks.sweep()
      // completing an upload moves its blobs to a file, so files are asked after uploads
      const holders = [uploads.holdsBlob, files.holdsBlob, messages.holdsBlob]
      return sweepBlobs(blobs, holders, clock.now())
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** By the default model; null for the demo model, which would answer the question instead. */
const createRewrite = (models: ModelRegistry, config: ModelsConfig, log: Logger) => {
  if (config.kind === 'demo') return null
  const name = config.default
  return async (questions: readonly string[]): Promise<readonly string[]> => {
    const model = models.find(name)
    return model === null ? questions : rewriteQuestions({ model, name, log }, questions)
  }
}
