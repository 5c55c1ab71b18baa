/** Holds what the server sends against its own API reference, as it is served under openapi.json. */
import type { JsonSchema } from '@melzi/contract/reference/components.ts'
import {
  referenceDocument,
  type ReferenceDocument,
  type ReferenceOperation,
} from '@melzi/contract/reference/document.ts'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

const JSON_TYPE = 'application/json'
const DOCUMENT_ID = 'reference'

/**
 * What is served leaves objects of replies open, for versions to come. A test wants to know of every key that is not in the
 * reference, so here they are closed.
 */
const closeObjects = (value: unknown): void => {
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) closeObjects(inner)
  const schema = value as JsonSchema
  if (schema.type === 'object' && schema.properties !== undefined)
    schema.additionalProperties ??= false
}

const load = () => {
  const document = referenceDocument({ baseUrl: '/v1', version: '0', azure: true })
  closeObjects(document)
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema({ ...document, $id: DOCUMENT_ID })
  const compiled = new Map<string, ValidateFunction>()
  const at = (...keys: string[]): ValidateFunction => {
    const pointer = keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    const ref = `${DOCUMENT_ID}#/${encodeURI(pointer)}`
    const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref })
    compiled.set(ref, validate)
    return validate
  }
  return { document, at }
}

let loaded: ReturnType<typeof load> | undefined
const reference = (): ReturnType<typeof load> => (loaded ??= load())

/** `/threads/runs` is a path of its own and wins over `/threads/{thread_id}`; a model's name may hold slashes. */
const findTemplate = ({ paths }: ReferenceDocument, path: string): string | undefined => {
  const clean = path.replace(/\/$/, '')
  if (paths[clean] !== undefined) return clean
  const parts = clean.split('/')
  const found = Object.keys(paths).find((template) => {
    const wanted = template.split('/')
    return (
      wanted.length === parts.length &&
      wanted.every((part, i) => part.startsWith('{') || part === parts[i])
    )
  })
  return found ?? (clean.startsWith('/models/') ? '/models/{model}' : undefined)
}

/**
 * An answer with JSON, errors included: its status and body are in the reference. Paths and methods that the server does not
 * have pass with 404 and 405.
 * @param path concrete, without base and query
 * @throws Error with every difference, readable
 */
export const validateByReference = (
  method: string,
  path: string,
  status: number,
  body: unknown,
): void => {
  const what = `${status} of ${method} ${path}`
  const { document, at } = reference()
  const template = findTemplate(document, path)
  const verb = method.toLowerCase() as 'get' | 'post' | 'delete'
  const operation: ReferenceOperation | undefined =
    template === undefined ? undefined : document.paths[template]?.[verb]
  if (template === undefined || operation === undefined) {
    if (status === 404 || status === 405) return
    throw new Error(`${what}: the reference has no such operation`)
  }
  const reply = operation.responses[String(status)]
  if (reply === undefined) throw new Error(`${what}: the reference has no such status`)
  const place =
    reply.$ref === undefined
      ? ['paths', template, verb, 'responses', String(status)]
      : reply.$ref.slice(2).split('/')
  if (reply.$ref === undefined && reply.content?.[JSON_TYPE]?.schema === undefined) return
  const validate = at(...place, 'content', JSON_TYPE, 'schema')
  if (validate(body)) return
  const lines = (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `  at ${instancePath || 'the root'}: ${message} ${JSON.stringify(params)}`,
  )
  throw new Error(
    `${what} is not as in the reference:\n${[...new Set(lines)].slice(0, 12).join('\n')}`,
  )
}

/** One event of a run's stream. @throws Error with every difference */
export const validateEventByReference = (event: string, data: unknown): void => {
  const validate = reference().at('components', 'schemas', 'ReplayedEvent')
  if (validate({ event, data })) return
  throw new Error(
    `event ${event} is not as in the reference: ${JSON.stringify(validate.errors?.at(-1))}`,
  )
}
