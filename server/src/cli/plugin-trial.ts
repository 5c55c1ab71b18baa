import { createKinds, createSandbox } from '../foreign-code.ts'
import type { Config } from '../config/config.ts'
import type { ModelsConfig } from '../config/models-settings.ts'
import { createModelQuestions } from '../features/plugins/model-questions.ts'
import { createEmbedder } from '../knowledge/embeddings/embedder.ts'
import { createModelRegistry } from '../models/model-registry.ts'
import { fetchImage } from '../platform/fetch-image.ts'
import { defaultModel } from './default-model.ts'
import { parseArguments } from '../features/plugins/call-arguments.ts'
import { DEFAULT_LIMITS } from '../plugins/call-limits.ts'
import { functionFor, savedOf } from '../features/plugins/plugin-tests.ts'
import { authSecrets, type PluginRecord } from '../features/plugins/service.ts'
import { systemClock } from '../platform/clock.ts'
import { errors } from '../platform/errors.ts'
import { functionNameOf } from '../plugins/function-name.ts'
import { parsePluginFile, type PluginManifest } from '../plugins/manifest.ts'
import type { PluginKinds } from '../plugins/plugin-kind.ts'
import type {
  AnswerQuestion,
  EgressPolicy,
  Json,
  SandboxResult,
} from '../plugins/python/sandbox-driver.ts'
import { failedResult } from '../plugins/python/sandbox-result.ts'
import { createPluginReader, type PluginReader, type ReadFunction } from '../plugins/registry.ts'
import { actingFor, hasStore, openWorkbench, type Workbench } from './workbench.ts'

/** What trials of plugins need: the kinds on the real sandbox, and the store where there is one. */
export interface TrialBench extends AsyncDisposable {
  bench: Workbench | null
  kinds: PluginKinds
  read: PluginReader
  /** Answers what the plugins of one trial ask the server's default model. */
  answer: () => AnswerQuestion
  modelTokenLimit: number | null
  /** Hosts of plugins whose file names none. */
  defaultHosts: EgressPolicy['hosts']
}

export interface Trial {
  /** A plugin file. */
  text: string
  /** JSON text; the arguments that were saved with the plugin when null. */
  arguments: string | null
  customizedParams: Json
  /** May be left out where there is one only. */
  functionName: string | null
  /** Values by name, which win over those that are stored. */
  secrets: Readonly<Record<string, string>>
  /** Act for this member instead of the owner. */
  person: string | null
}

export interface TrialOutcome {
  manifest: PluginManifest
  functions: readonly ReadFunction[]
  /** Which was called. */
  functionName: string
  result: SandboxResult
}

/** The sandbox starts to warm at once. @param modelsConfig the default model of it answers what plugins ask */
export const openTrialBench = async (
  config: Config,
  modelsConfig: ModelsConfig,
): Promise<TrialBench> => {
  await using stack = new AsyncDisposableStack()
  // one trial at a time: warming more than one process would only delay it
  const sandbox = { ...config.sandbox, workers: 1 }
  const driver = stack.use(createSandbox({ ...config, sandbox }))
  const bench = hasStore(config) ? stack.use(await openWorkbench(config, 'existing', driver)) : null
  const kinds =
    bench?.kinds ??
    stack.use(
      createKinds(config, systemClock, driver, () =>
        Promise.reject(errors.invalid('There is no store here yet.', 'vector_store_id')),
      ),
    )
  const models = stack.use(
    createModelRegistry(modelsConfig, {
      clock: systemClock,
      fetchImage: (url, signal) => fetchImage(url, config.sandbox.allowedInternalHosts, signal),
    }),
  )
  const name = defaultModel(modelsConfig)
  const model = models.find(name)
  const { embeddings } = config.knowledge
  const embedder = embeddings === null ? null : createEmbedder(embeddings)
  const owned = stack.move()
  return {
    bench,
    kinds,
    read: createPluginReader(kinds),
    answer: () =>
      createModelQuestions({
        model: model === null ? null : { name, model },
        embedder,
        // A trial belongs to nobody's run.
        onUsage: () => undefined,
        clock: systemClock,
      }),
    modelTokenLimit: model?.contextTokens ?? null,
    defaultHosts: config.sandbox.defaultNetwork === 'public' ? 'public' : [],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/**
 * Runs a plugin file once as the server would. The stored plugin of this id, where there is one, lends its secrets,
 * its vector store and its saved arguments; nothing is stored.
 * @throws AppError 400 for a file or function that is wrong; the signal's reason when that aborts
 */
export const tryPlugin = async (
  { bench, kinds, read, defaultHosts, ...trials }: TrialBench,
  trial: Trial,
  signal: AbortSignal,
): Promise<TrialOutcome> => {
  const manifest = parsePluginFile(trial.text)
  const known = await findKnown(bench, manifest, trial.person)
  const secrets = {
    ...(bench !== null && known !== null
      ? await bench.pluginSecrets.open(bench.store, known.workspaceId, known.id, manifest.secrets)
      : {}),
    ...Object.fromEntries(
      Object.entries(trial.secrets).filter(([name]) => manifest.secrets.includes(name)),
    ),
  }
  const ownName = known?.functionName ?? functionNameOf(manifest.id, manifest.nameForModel)
  const isClosed = authSecrets(manifest).some((name) => secrets[name] === undefined)
  const kind = kinds[manifest.api.kind]
  const document = isClosed
    ? null
    : await kind.describe({ functionName: ownName, manifest, secrets }, 'trial', signal)
  const { functions } = read({ functionName: ownName, manifest: trial.text, document })
  const one = functionFor(functions, trial.functionName)
  const given = trial.arguments ?? JSON.stringify(savedOf(known)[one.name] ?? {})
  const args = parseArguments(given)
  const outcome = { manifest, functions, functionName: one.name }
  if (!args.ok) return { ...outcome, result: failedResult('arguments', args.message) }
  const wallMs = Math.min(manifest.timeoutMs ?? DEFAULT_LIMITS.wallMs, DEFAULT_LIMITS.wallMs)
  const result = await kind.call(
    {
      workspaceId: known?.workspaceId ?? 'trial',
      ownerId: known?.ownerId ?? 'trial',
      callerId: known?.ownerId ?? 'trial',
      pluginId: known?.id ?? 'trial',
      version: 0,
      functionName: one.name,
      operation: one.operation,
      manifest,
      document,
      vectorStoreId: known?.vectorStoreId ?? null,
      arguments: args.value,
      customizedParams: trial.customizedParams,
      conversation: [],
      userCookie: 'trial',
      modelTokenLimit: trials.modelTokenLimit,
      secrets,
      files: [],
      answer: trials.answer(),
      limits: { ...DEFAULT_LIMITS, wallMs },
      defaultHosts,
    },
    signal,
  )
  return { ...outcome, result }
}

const findKnown = async (
  bench: Workbench | null,
  manifest: PluginManifest,
  person: string | null,
): Promise<PluginRecord | null> => {
  if (bench === null || (await bench.people.findOwner(bench.store)) === null) return null
  return bench.plugins.findByFileId(await actingFor(bench, person), manifest.id)
}
