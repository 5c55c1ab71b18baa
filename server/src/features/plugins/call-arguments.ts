import { DEEPEST_JSON, isTooDeep } from '../../plugins/json-depth.ts'
import type { JsonObject } from '../../plugins/manifest.ts'
import type { Json } from '../../plugins/python/sandbox-driver.ts'

export type ParsedArguments = { ok: true; value: JsonObject } | { ok: false; message: string }

/**
 * Arguments of a function call as a model or a client wrote them: a JSON object, a JSON string that holds one, or nothing (plugins.md
 * 3). What cannot be read is a sentence for the model, which can then correct itself.
 */
export const parseArguments = (text: string): ParsedArguments => {
  const first = parse(text)
  if (!first.ok) return first
  const value = typeof first.value === 'string' ? parse(first.value) : first
  if (!value.ok) return value
  if (value.value === null) return { ok: true, value: {} }
  if (typeof value.value !== 'object' || Array.isArray(value.value)) {
    return {
      ok: false,
      message: 'The arguments must be a JSON object whose keys are the parameters of the function.',
    }
  }
  if (isTooDeep(value.value)) {
    return {
      ok: false,
      message: `The arguments must not be nested more than ${DEEPEST_JSON} levels deep.`,
    }
  }
  return { ok: true, value: value.value }
}

const parse = (text: string): { ok: true; value: Json } | { ok: false; message: string } => {
  if (text.trim() === '') return { ok: true, value: {} }
  try {
    return { ok: true, value: JSON.parse(text) as Json }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, message: `The arguments are not valid JSON: ${reason}` }
  }
}
