/** Which models this server has: from the environment, a file, or what is found on this machine. */
import { z } from 'zod'

import { fromVendorKeys } from './detected-models.ts'
import { fromFile } from './models-file.ts'
import { PLAIN, fail, fromAddress, httpUrl, read, readStrict, readWith } from './models-settings.ts'
import type { Env, ModelsConfig } from './models-settings.ts'

const DEMO_NAMES = ['melzi-demo', 'demo']

const fromBaseUrl = (env: Env, baseUrl: string): ModelsConfig => {
  const name =
    read(env, 'MELZI_MODEL') ?? fail('MELZI_MODEL', 'is needed beside MELZI_MODEL_BASE_URL')
  const address = fromAddress(baseUrl)
  const images = readWith(env, 'MELZI_MODEL_IMAGES', z.enum(['url', 'inline', 'refuse']))
  const contextTokens = readWith(
    env,
    'MELZI_MODEL_CONTEXT_TOKENS',
    z
      .string()
      .regex(/^[1-9]\d{0,8}$/, 'must be a whole number')
      .transform(Number),
  )
  const apiKey = read(env, 'MELZI_MODEL_API_KEY')
  const model = {
    ...PLAIN,
    ...address,
    name,
    upstreamModel: name,
    apiKey,
    contextTokens,
    images: images ?? address.images,
  }
  return {
    kind: 'servers',
    default: name,
    strict: readStrict(env) ?? false,
    models: [model],
    source: 'MELZI_MODEL_BASE_URL',
  }
}

/**
 * The models that the environment names; `demo` when it names none (see `detectOllama` for what may still be found).
 * @param readFile gives a file's text; called for `MELZI_MODELS_FILE` only
 * @throws {ConfigError} naming the variable and what it means
 */
export const readModelsConfig = (env: Env, readFile: (path: string) => string): ModelsConfig => {
  const file = read(env, 'MELZI_MODELS_FILE')
  const baseUrl = readWith(env, 'MELZI_MODEL_BASE_URL', httpUrl)
  const name = read(env, 'MELZI_MODEL')
  if (file !== null && baseUrl !== null)
    fail('MELZI_MODELS_FILE', 'cannot be set together with MELZI_MODEL_BASE_URL')
  if (file !== null) return fromFile(env, file, readFile)
  if (name !== null && DEMO_NAMES.includes(name) && baseUrl === null)
    return { kind: 'demo', isChosen: true }
  if (baseUrl !== null) return fromBaseUrl(env, baseUrl)
  if (read(env, 'MELZI_MODEL_API_KEY') !== null)
    fail('MELZI_MODEL_API_KEY', 'is set without MELZI_MODEL_BASE_URL')
  const vendors = fromVendorKeys(env)
  if (vendors !== null) return vendors
  if (name !== null)
    fail(
      'MELZI_MODEL',
      `is set without MELZI_MODEL_BASE_URL or a vendor's key, so nothing can answer as '${name}'`,
    )
  return { kind: 'demo', isChosen: false }
}
