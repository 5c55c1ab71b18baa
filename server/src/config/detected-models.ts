/** Models nobody configured for Melzi: vendors' keys in the environment, an Ollama on this machine. */
import { PLAIN, fromAddress, read, readStrict } from './models-settings.ts'
import type { Env, ModelServerConfig, ModelsConfig } from './models-settings.ts'

const OLLAMA_URL = 'http://127.0.0.1:11434/v1'
/** How long the start waits for an Ollama that may not be there, in ms. */
const OLLAMA_PROBE_MS = 300

/** The OpenAI-compatible endpoints of the vendors whose key variables are common, in the order they are taken as the default. */
const VENDORS = [
  {
    key: 'OPENAI_API_KEY',
    baseUrl: 'https://api.openai.com/v1',
    model: 'gpt-4.1-mini',
    aliases: ['gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*'],
    maxTokensField: 'max_completion_tokens',
    images: 'url',
  },
  {
    key: 'ANTHROPIC_API_KEY',
    baseUrl: 'https://api.anthropic.com/v1',
    model: 'claude-sonnet-4-5',
    aliases: ['claude-*'],
    maxTokensField: 'max_tokens',
    images: 'url',
  },
  {
    key: 'GEMINI_API_KEY',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    model: 'gemini-2.5-flash',
    aliases: ['gemini-*'],
    maxTokensField: 'max_tokens',
    images: 'inline',
  },
] as const

const fits = (pattern: string, name: string) => name.startsWith(pattern.replace(/\*$/, ''))

/** The models of every vendor whose key is set; null when none is. MELZI_MODEL picks the default among them. */
export const fromVendorKeys = (env: Env): ModelsConfig | null => {
  const found = VENDORS.flatMap((vendor) => {
    const apiKey = read(env, vendor.key)
    return apiKey === null ? [] : [{ vendor, apiKey }]
  })
  const first = found[0]
  if (first === undefined) return null
  const chosen = read(env, 'MELZI_MODEL')
  const isWanted = ({ vendor }: (typeof found)[number]) =>
    vendor.aliases.some((alias) => fits(alias, chosen ?? ''))
  const preset = chosen === null ? first : (found.find(isWanted) ?? first)
  const models = found.map((entry): ModelServerConfig => {
    const { vendor, apiKey } = entry
    const name = entry === preset && chosen !== null ? chosen : vendor.model
    const { baseUrl, aliases, images, maxTokensField } = vendor
    return {
      ...PLAIN,
      name,
      aliases,
      upstreamModel: null,
      baseUrl,
      apiKey,
      apiKeyHeader: null,
      query: {},
      images,
      maxTokensField,
    }
  })
  const source = found.map(({ vendor }) => vendor.key).join(', ')
  return {
    kind: 'servers',
    default: chosen ?? preset.vendor.model,
    strict: readStrict(env) ?? false,
    models,
    source,
  }
}

/**
 * Looks for an Ollama on its usual port of this machine, for at most 300 ms, and takes its first chat model. A configuration that
 * names models, or the demo model, stays as it is.
 * @param listModels the model names of a server; may throw when there is none
 */
export const detectOllama = async (
  config: ModelsConfig,
  listModels: (baseUrl: string, signal: AbortSignal) => Promise<string[]>,
): Promise<ModelsConfig> => {
  if (config.kind !== 'demo' || config.isChosen) return config
  // No answer is the usual case here: most machines have no Ollama.
  const names = await listModels(OLLAMA_URL, AbortSignal.timeout(OLLAMA_PROBE_MS)).catch(() => [])
  const [name, ...others] = names.filter((candidate) => !/embed/i.test(candidate))
  if (name === undefined) return config
  const models = [name, ...others].map((model): ModelServerConfig => ({
    ...PLAIN,
    ...fromAddress(OLLAMA_URL),
    name: model,
    upstreamModel: model,
  }))
  return { kind: 'servers', default: name, strict: false, models, source: 'Ollama on this machine' }
}
