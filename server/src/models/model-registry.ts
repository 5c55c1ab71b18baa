import { seconds } from '../platform/clock.ts'
import type { Clock } from '../platform/clock.ts'
import { DEMO_MODEL_NAME, createDemoModel } from './demo/demo-model.ts'
import type { LanguageModel, ModelError, ModelRegistry } from './language-model.ts'
import type { FetchImage } from './openai-compatible/inline-images.ts'
import { createOpenAiCompatibleModel } from './openai-compatible/openai-compatible-model.ts'
import { DEFAULT_RETRIES, DEFAULT_TIMEOUTS } from './openai-compatible/settings.ts'
import type { OpenAiCompatibleSettings } from './openai-compatible/settings.ts'

/** One configured model; nulls take the built-in limits. */
export interface RegisteredModel extends Omit<OpenAiCompatibleSettings, 'timeouts' | 'retries'> {
  /** Other names it answers to; `*` stands for any characters. */
  aliases: readonly string[]
  timeouts: { connectMs: number | null; headersMs: number | null; idleMs: number | null }
  retries: number | null
}

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

const settingsOf = (model: RegisteredModel): OpenAiCompatibleSettings => ({
  ...model,
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

/** A server that answers, if only with a refusal, is well; `/readyz` is open, so it gets no provider's text. */
const describe = (last: ModelError | null | undefined): string => {
  if (last === undefined) return 'not called yet'
  return last === null ? 'last call went well' : `last call failed (${last.code})`
}

const createDemoRegistry = (deps: RegistryDeps): ModelRegistry => {
  const created = seconds(deps.clock.now())
  const demo = createDemoModel(deps.demoDelayMs === undefined ? {} : { delayMs: deps.demoDelayMs })
  return {
    find: () => demo,
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
    model: createOpenAiCompatibleModel(settingsOf(model), {
      fetchImage: deps.fetchImage,
      onOutcome: (error) => outcomes.set(model.name, error),
    }),
  }))
  const preset = entries.find((entry) => entry.name === settings.default)
  if (preset === undefined)
    throw new RangeError(`No model is named '${settings.default}', which is to be the default.`)
  const fallback = settings.strict ? null : underName(preset.model, preset.name)

  return {
    find: (name) => {
      const found =
        entries.find((entry) => entry.name === name) ??
        entries.find((entry) => entry.plain.includes(name)) ??
        entries.find((entry) => entry.wild.some((pattern) => pattern.test(name)))
      return found?.model ?? fallback
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
      await Promise.all(entries.map((entry) => entry.model[Symbol.asyncDispose]()))
    },
  }
}
