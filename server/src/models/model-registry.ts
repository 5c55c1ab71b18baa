import { seconds } from '../platform/clock.ts'
import type { Clock } from '../platform/clock.ts'
import { createAiSdkModel } from './ai-sdk/ai-sdk-model.ts'
import type { VendorSettings } from './ai-sdk/settings.ts'
import { DEMO_MODEL_NAME, createDemoModel } from './demo/demo-model.ts'
import type { LanguageModel, ModelError, ModelRegistry } from './language-model.ts'
import type { FetchImage } from './openai-compatible/inline-images.ts'
import { createOpenAiCompatibleModel } from './openai-compatible/openai-compatible-model.ts'
import type { OpenAiCompatibleDeps } from './openai-compatible/openai-compatible-model.ts'
import { createOpenAiUpstream } from './openai-compatible/openai-upstream.ts'
import { DEFAULT_RETRIES, DEFAULT_TIMEOUTS } from './openai-compatible/settings.ts'
import type { OpenAiCompatibleSettings } from './openai-compatible/settings.ts'
import type { Upstream } from './upstream.ts'

/** What every configured model has; nulls take the built-in limits. */
interface Registered {
  /** Other names it answers to; `*` stands for any characters. */
  aliases: readonly string[]
  timeouts: { connectMs: number | null; headersMs: number | null; idleMs: number | null }
  retries: number | null
}

/** One configured model, at a server that speaks OpenAI's wire or at a vendor with its own. */
export type RegisteredModel =
  | (Registered &
      Omit<OpenAiCompatibleSettings, 'timeouts' | 'retries'> & { provider: 'openai-compatible' })
  | (Registered & Omit<VendorSettings, 'timeouts' | 'retries'>)

export type RegistrySettings =
  | { kind: 'demo' }
  | { kind: 'servers'; default: string; strict: boolean; models: readonly RegisteredModel[] }

export interface RegistryDeps {
  clock: Clock
  /** For models that want http(s) images inlined; null leaves them without. */
  fetchImage: FetchImage | null
  /** Pause between the demo model's pieces, in ms. */
  demoDelayMs?: number
}

const OWNER = 'melzi'

const limitsOf = (model: Registered): Pick<OpenAiCompatibleSettings, 'timeouts' | 'retries'> => ({
  timeouts: {
    connectMs: model.timeouts.connectMs ?? DEFAULT_TIMEOUTS.connectMs,
    headersMs: model.timeouts.headersMs ?? DEFAULT_TIMEOUTS.headersMs,
    idleMs: model.timeouts.idleMs ?? DEFAULT_TIMEOUTS.idleMs,
  },
  retries: { ...DEFAULT_RETRIES, count: model.retries ?? DEFAULT_RETRIES.count },
})

const wildcard = (alias: string): RegExp => {
  const literals = alias
    .split('*')
    .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`))
  return new RegExp(`^${literals.join('.*')}$`, 's')
}

/** A model under its own name, whatever name was asked for. */
const underName = (model: LanguageModel, name: string): LanguageModel => ({
  contextTokens: model.contextTokens,
  stream: (request, signal) => model.stream({ ...request, model: name }, signal),
})

/** The same for requests that go through: the default's server gets the default's name. */
const upstreamUnderName = (upstream: Upstream, name: string): Upstream => ({
  model: upstream.model ?? name,
  post: (path, content, signal) => upstream.post(path, content, signal),
  [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
})

/** A server that answers, if only with a refusal, is well; `/readyz` is open, so it gets no provider's text. */
const describe = (last: ModelError | null | undefined): string => {
  if (last === undefined) return 'not called yet'
  return last === null ? 'last call went well' : `last call failed (${last.code})`
}

const createModel = (
  model: RegisteredModel,
  deps: OpenAiCompatibleDeps,
): { model: LanguageModel; upstream: Upstream | null; dispose: () => Promise<void> } => {
  if (model.provider !== 'openai-compatible') {
    const settings = { ...model, ...limitsOf(model) }
    return { model: createAiSdkModel(settings, deps), upstream: null, dispose: async () => {} }
  }
  const settings = { ...model, ...limitsOf(model) }
  const own = createOpenAiCompatibleModel(settings, deps)
  const upstream = createOpenAiUpstream(settings)
  return {
    model: own,
    upstream,
    dispose: async () => {
      await Promise.all([own[Symbol.asyncDispose](), upstream[Symbol.asyncDispose]()])
    },
  }
}

const createDemoRegistry = (deps: RegistryDeps): ModelRegistry => {
  const created = seconds(deps.clock.now())
  const demo = createDemoModel(deps.demoDelayMs === undefined ? {} : { delayMs: deps.demoDelayMs })
  return {
    find: () => demo,
    findUpstream: () => null,
    list: () => [{ id: DEMO_MODEL_NAME, created, ownedBy: OWNER }],
    state: () => ({
      ok: true,
      detail: `${DEMO_MODEL_NAME}: built in, no model server is configured`,
    }),
    [Symbol.asyncDispose]: async () => {},
  }
}

/**
 * The models of this server. The demo model, when it is alone, answers to any name. Otherwise a name is looked for among names, plain
 * aliases and wildcards in this order, each in the order of the configuration; what fits nothing gets the default, unless `strict`.
 * @throws {RangeError} when the default is none of the models
 */
export const createModelRegistry = (
  settings: RegistrySettings,
  deps: RegistryDeps,
): ModelRegistry => {
  if (settings.kind === 'demo') return createDemoRegistry(deps)
  const created = seconds(deps.clock.now())
  const outcomes = new Map<string, ModelError | null>()
  const entries = settings.models.map((model) => ({
    name: model.name,
    plain: model.aliases.filter((alias) => !alias.includes('*')),
    wild: model.aliases.filter((alias) => alias.includes('*')).map(wildcard),
    ...createModel(model, {
      fetchImage: deps.fetchImage,
      onOutcome: (error) => outcomes.set(model.name, error),
    }),
  }))
  const entryFor = (name: string) =>
    entries.find((entry) => entry.name === name) ??
    entries.find((entry) => entry.plain.includes(name)) ??
    entries.find((entry) => entry.wild.some((pattern) => pattern.test(name)))
  const preset = entries.find((entry) => entry.name === settings.default)
  if (preset === undefined)
    throw new RangeError(`No model is named '${settings.default}', which is to be the default.`)
  const fallback = settings.strict ? null : underName(preset.model, preset.name)

  return {
    find: (name) => entryFor(name)?.model ?? fallback,
    findUpstream: (name) => {
      const found = entryFor(name)
      if (found !== undefined) return found.upstream
      return settings.strict || preset.upstream === null
        ? null
        : upstreamUnderName(preset.upstream, preset.name)
    },
    list: () =>
      [...new Set(entries.flatMap((entry) => [entry.name, ...entry.plain]))].map((id) => ({
        id,
        created,
        ownedBy: OWNER,
      })),
    state: () => {
      const last = outcomes.get(preset.name)
      return { ok: last?.code !== 'server_error', detail: `${preset.name}: ${describe(last)}` }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(entries.map((entry) => entry.dispose()))
    },
  }
}
