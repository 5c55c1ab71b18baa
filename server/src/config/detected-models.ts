/** Models nobody configured for Melzi: vendors' keys in the environment, an Ollama on this machine. */
import {
  PLAIN,
  PLAIN_VENDOR,
  fromAddress,
  read,
  readAws,
  readStrict,
  vendorImages,
} from './models-settings.ts'
import type { Env, ModelConfig, ModelServerConfig, ModelsConfig } from './models-settings.ts'

const OLLAMA_URL = 'http://127.0.0.1:11434/v1'
/** How long the start waits for an Ollama that may not be there, in ms. */
const OLLAMA_PROBE_MS = 300

/** The vendors whose key variables are common, in the order they are taken as the default. */
const VENDORS = [
  {
    keys: ['OPENAI_API_KEY'],
    provider: 'openai-compatible',
    model: 'gpt-4.1-mini',
    aliases: ['gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*'],
  },
  {
    keys: ['ANTHROPIC_API_KEY'],
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    aliases: ['claude-*'],
  },
  {
    keys: ['GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    provider: 'google',
    model: 'gemini-2.5-flash',
    aliases: ['gemini-*', 'gemma-*'],
  },
  {
    keys: ['MISTRAL_API_KEY'],
    provider: 'mistral',
    model: 'mistral-medium-latest',
    aliases: ['mistral-*', 'ministral-*', 'magistral-*', 'codestral-*', 'pixtral-*', 'open-mi*'],
  },
] as const
type KnownVendor = (typeof VENDORS)[number]

/** How Bedrock names models: `amazon.nova-lite-v1:0`, or with the regions of an inference profile in front. */
const BEDROCK_NAME =
  /^(?:(?:us|us-gov|eu|apac|jp|au|ca|sa|global)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|mistral|moonshot|nvidia|openai|qwen|writer)\.[a-z0-9][\w.:-]+$/i

const fits = (pattern: string, name: string) => name.startsWith(pattern.replace(/\*$/, ''))

const vendorModel = (vendor: KnownVendor, name: string, apiKey: string): ModelConfig => {
  const { provider, aliases } = vendor
  const common = { name, aliases, upstreamModel: null, apiKey }
  return provider === 'openai-compatible'
    ? { ...PLAIN, ...fromAddress('https://api.openai.com/v1'), ...common }
    : { ...PLAIN_VENDOR, ...common, provider, images: vendorImages(provider) }
}

const bedrockModel = (env: Env, chosen: string | null): ModelConfig | null => {
  if (chosen === null || !BEDROCK_NAME.test(chosen)) return null
  const access = readAws(env, null)
  if (access === null) return null
  return {
    ...PLAIN_VENDOR,
    ...access,
    provider: 'bedrock',
    name: chosen,
    upstreamModel: chosen,
    images: vendorImages('bedrock'),
  }
}

/**
 * The models of every vendor whose key is set; null when none is. MELZI_MODEL picks the default among them; Bedrock is used when it
 * holds a name in Bedrock's form, since AWS keys are in many environments for other reasons.
 */
export const fromVendorKeys = (env: Env): ModelsConfig | null => {
  const chosen = read(env, 'MELZI_MODEL')
  const bedrock = bedrockModel(env, chosen)
  const found = VENDORS.flatMap((vendor) => {
    const key = vendor.keys.find((name) => read(env, name) !== null)
    const apiKey = key === undefined ? null : read(env, key)
    return key === undefined || apiKey === null ? [] : [{ vendor, key, apiKey }]
  })
  const [first] = found
  if (first === undefined && bedrock === null) return null
  const isWanted = ({ vendor }: (typeof found)[number]) =>
    vendor.aliases.some((alias) => fits(alias, chosen ?? ''))
  const preset = bedrock !== null || chosen === null ? first : (found.find(isWanted) ?? first)
  const models = found.map((entry) => {
    const takesName = entry === preset && chosen !== null && bedrock === null
    return vendorModel(entry.vendor, takesName ? chosen : entry.vendor.model, entry.apiKey)
  })
  return {
    kind: 'servers',
    default: chosen ?? preset?.vendor.model ?? '',
    strict: readStrict(env) ?? false,
    models: bedrock === null ? models : [bedrock, ...models],
    source: [...(bedrock === null ? [] : ['AWS keys']), ...found.map(({ key }) => key)].join(', '),
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
