import type { Config } from './config/config.ts'
import { prepareDataFolder } from './config/data-folder.ts'
import { secretKeyOf } from './config/secret-key.ts'
import type { ModelsConfig } from './config/models-settings.ts'
import { createAssistantService, type AssistantService } from './features/assistants/service.ts'
import { createAuditLog } from './features/audit/service.ts'
import { createFileService, type FileService } from './features/files/service.ts'
import { createCommunity, type Community } from './community.ts'
import {
  createAllowances,
  createKeyService,
  type Allowances,
  type KeyService,
} from './features/keys/service.ts'
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
import { baseUrlOf, originOf } from './features/quickstart/base-url.ts'
import { createQuickstart, type Quickstart } from './features/quickstart/service.ts'
import { createReferenceService, type ReferenceService } from './features/reference/service.ts'
import { Dispatcher } from './features/runs/dispatcher.ts'
import { runLoop } from './features/runs/run-loop.ts'
import { createRunService, type RunService } from './features/runs/service.ts'
import { createCancelLost } from './features/runs/cancel-run.ts'
import { createRights, RightWatch } from './features/sharing/service.ts'
import { createThreadService, type ThreadService } from './features/threads/service.ts'
import { createUploadService, type UploadService } from './features/uploads/service.ts'
import { createQuotas, UsageFolder } from './features/usage/service.ts'
import type { Indexer } from './features/vector-stores/indexer.ts'
import type { Knowledge, VectorStoreService } from './features/vector-stores/service.ts'
import { WebhookSender } from './features/webhooks/sender.ts'
import {
  createWebhookOutbox,
  createWebhookService,
  type WebhookService,
} from './features/webhooks/service.ts'
import { createIndexing } from './indexing.ts'
import { createInterpreter, createKinds, createSandbox } from './foreign-code.ts'
import type { CodeInterpreter } from './interpreter/code-interpreter.ts'
import type { ModelRegistry } from './models/language-model.ts'
import { createModelRegistry } from './models/model-registry.ts'
import { systemClock, type Clock } from './platform/clock.ts'
import { openBlobs } from './platform/blobs/open-blobs.ts'
import { sweepBlobs } from './platform/blobs/sweep-blobs.ts'
import { errors } from './platform/errors.ts'
import type { EventLog } from './platform/events/event-log.ts'
import { MemoryEventLog } from './platform/events/memory-event-log.ts'
import { fetchImage } from './platform/fetch-image.ts'
import { createLog, type Logger } from './platform/log.ts'
import { createMailer, type Mailer } from './platform/mail.ts'
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
  /** Who people are, what they share, and what is kept of them. */
  community: Community
  keys: KeyService
  /** Counts requests against limits. */
  allowances: Allowances
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
  /** Where clients find the wire. */
  baseUrl(): string
  /** To be told when the server listens: the addresses of pictures begin with it, unless the configuration names a public one. */
  listensAt(port: number): void
  /** Looks whether those who read and run here still may. */
  rightWatch: RightWatch
  runs: RunService
  threads: ThreadService
  uploads: UploadService
  vectorStores: VectorStoreService
  /** Search in vector stores, for runs. */
  knowledge: Knowledge
  indexer: Indexer
  dispatcher: Dispatcher
  usageFolder: UsageFolder
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
  mailer?: Mailer
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
  const baseUrl = () => baseUrlOf({ ...config.http, port })
  const links = createPictureLinks({ clock, sealer, origin })
  const uploads = createUploadService({ store, clock, blobs, files })
  const audit = createAuditLog({ clock })
  const outbox = createWebhookOutbox({ clock })
  const mailer = stack.use(overrides.mailer ?? createMailer(config.identity.mail, log))
  const keys = createKeyService({
    store,
    clock,
    log,
    audit,
    checkAssistant: (db, who, id, right) => assistants.getUsable(db, who, id, right),
  })
  const { leaseMs, pollMs, concurrency, maxTurns, expiresSeconds, indexingWaitMs } = config.runs
  const { maxPluginCalls, maxPluginMs } = config.runs
  const quotas = createQuotas({ store, clock, log })
  const meter = { store, clock, log, quotas }
  const indexing = await createIndexing(stack, { ...meter, config, modelsConfig, models, files })
  const { embedder, indexer, knowledge, vectorStores, toolResources } = indexing
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
    openAids: createOpenAids({
      store,
      clock,
      blobs,
      files,
      messages,
      models,
      embedder,
      quotas,
      links,
      log,
    }),
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
    quotas,
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
  const usageFolder = stack.use(new UsageFolder({ store, clock, log }))
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
    interpreter,
    pluginCalls,
    freshLinks: links.renew,
    checkModel,
    isLimitedKey: keys.isLimited,
    expiresSeconds,
  })
  const people = createPeopleService({ clock })
  const community = createCommunity({
    config,
    store,
    clock,
    log,
    sealer,
    mailer,
    blobs,
    audit,
    people,
    assistants,
    plugins,
    files,
    messages,
    origin,
    noteShare: outbox.noteShare,
  })
  stack.use(community.identity)
  const rightWatch = stack.use(
    new RightWatch({
      store,
      clock,
      log,
      nodeId: dispatcher.nodeId,
      cancelRun: createCancelLost({ store, clock, dispatcher, threads }),
      liveSessions: community.identity.sessions.live,
    }),
  )
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
    people,
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
    community,
    keys,
    allowances: createAllowances({ store, clock }),
    messages,
    plugins,
    pluginCalls,
    pluginManagement,
    pluginTests,
    pluginCallLog,
    passthrough: createPassthrough({ models, store, clock, log, quotas }),
    pluginApi,
    reference: createReferenceService(),
    baseUrl,
    pictures: createPictures({ store, clock, files, links }),
    listensAt: (bound) => {
      port = bound
    },
    rightWatch,
    runs,
    threads,
    uploads,
    vectorStores,
    knowledge,
    indexer,
    dispatcher,
    usageFolder,
    webhooks,
    webhookSender,
    quickstart,
    sweep: async () => {
      await uploads.sweepExpired()
      await files.sweepExpired()
      await vectorStores.sweepEmbeddings()
      await community.sweep()
      await webhooks.sweep()
      // completing an upload moves its blobs to a file, so files are asked after uploads
      const holders = [uploads.holdsBlob, files.holdsBlob, messages.holdsBlob]
      return sweepBlobs(blobs, holders, clock.now())
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
