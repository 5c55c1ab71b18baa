import type { PromptFunction } from '../../models/language-model.ts'
import { errors } from '../../platform/errors.ts'

const MOST_FUNCTIONS = 64
const NAME = /^[a-zA-Z0-9_-]{1,64}$/

type Schema = Record<string, unknown>

const isRecord = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The functions a plugin hands to `chat`: old-style {name, description, parameters}, or each in a tool.
 * @throws AppError 400 with a sentence for the plugin's author
 */
export const toPromptFunctions = (functions: unknown): PromptFunction[] => {
  if (functions === null || functions === undefined) return []
  if (!Array.isArray(functions)) throw errors.invalid('functions must be a list of dicts.')
  if (functions.length > MOST_FUNCTIONS) {
    throw errors.invalid(`There are ${functions.length} functions; the most are ${MOST_FUNCTIONS}.`)
  }
  return functions.map((given: unknown, index): PromptFunction => {
    const inner = isRecord(given) && isRecord(given['function']) ? given['function'] : given
    if (!isRecord(inner)) throw errors.invalid(`functions[${index}] must be a dict.`)
    const { name, description, parameters } = inner
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw errors.invalid(
        `functions[${index}] needs a 'name' of letters, digits, '_' and '-', at most 64.`,
      )
    }
    return {
      name,
      description: typeof description === 'string' ? description : null,
      parameters: toObjectSchema(parameters, `functions[${index}].parameters`),
      strict: false,
    }
  })
}

/**
 * A JSON Schema of an object. Plugins also hand over its properties alone, all of which are then required.
 * @throws AppError 400
 */
export const toObjectSchema = (parameters: unknown, at: string): Schema => {
  if (parameters === null || parameters === undefined) return { type: 'object', properties: {} }
  if (!isRecord(parameters)) throw errors.invalid(`${at} must be a JSON Schema, a dict.`)
  if (isRecord(parameters['properties'])) return { ...parameters, type: 'object' }
  if (parameters['type'] === 'object') return { ...parameters, properties: {} }
  const properties = Object.entries(parameters).filter(([, schema]) => isRecord(schema))
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    required: properties.map(([name]) => name),
  }
}
