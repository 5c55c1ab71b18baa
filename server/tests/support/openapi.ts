/** Holds what the server takes and sends against the published schema, with its corrections (server/tests/contract). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { applyPatch, type PatchOperation } from './json-patch.ts'

interface Media {
  schema?: PublishedSchema
}
interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content?: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
}
interface Document {
  paths: Record<string, Record<string, Operation | undefined>>
  components: { schemas: Record<string, PublishedSchema> }
}

const DOCUMENT_ID = 'contract'

const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../contract/${name}`, import.meta.url), 'utf8'))

interface Contract {
  document: Document
  /** The validator of the schema at a place of the document. */
  at(...keys: string[]): ValidateFunction
}

const load = (): Contract => {
  const document = readJson('openapi.assistants.json') as Document
  applyPatch(document, readJson('openapi.corrections.json') as PatchOperation[])
  const ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true })
  // its types describe a module's default export, Node gives the CommonJS object itself
  const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void
  addFormats(ajv)
  ajv.addFormat('unixtime', { type: 'number', validate: Number.isInteger })
  ajv.addSchema({ ...document, $id: DOCUMENT_ID })
  const compiled = new Map<string, ValidateFunction>()
  return {
    document,
    at(...keys) {
      const pointer = keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
      const ref = `${DOCUMENT_ID}#/${encodeURI(pointer)}`
      const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref })
      compiled.set(ref, validate)
      return validate
    },
  }
}

let loaded: Contract | undefined
const contract = (): Contract => (loaded ??= load())

const shorten = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length > 120 ? `${text.slice(0, 120)}...` : text
}

const check = (what: string, validate: ValidateFunction, value: unknown): void => {
  if (validate(value)) return
  const lines = (validate.errors ?? []).map(
    ({ instancePath, message, params, data }) =>
      `  at ${instancePath || 'the root'}: ${message} ${shorten(params)}, got ${shorten(data)}`,
  )
  throw new Error(`${what} is not as published:\n${[...new Set(lines)].slice(0, 12).join('\n')}`)
}

/** `/threads/{thread_id}` matches `/threads/thread_1`, but `/threads/runs` is its own path and wins. */
const findTemplate = (path: string): string | undefined => {
  const { paths } = contract().document
  const clean = path.replace(/\/$/, '')
  if (paths[clean] !== undefined) return clean
  const given = clean.split('/')
  return Object.keys(paths).find((template) => {
    const wanted = template.split('/')
    return (
      wanted.length === given.length &&
      wanted.every((part, i) => part.startsWith('{') || part === given[i])
    )
  })
}

/** The corrected schema of one object or request. */
export const publishedSchema = (name: string): PublishedSchema =>
  contract().document.components.schemas[name] ?? assert.fail(`no schema ${name}`)

const JSON_TYPE = 'application/json'

/** What Azure has on paths of the contract, and the contract has not (behaviour.md 15). */
const BESIDE = new Set(['get /threads'])

/** What requests may have beside the contract: this server's own, which clients send as an extra. */
const OWN_FIELDS: Readonly<Record<string, string>> = {
  'post /threads/{thread_id}/runs': 'queue',
  'post /threads/{thread_id}/messages': 'queue',
}

/** The same without what is this server's own. */
const asPublished = (route: string, body: unknown): unknown => {
  const own = OWN_FIELDS[route]
  if (own === undefined || typeof body !== 'object' || body === null) return body
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== own))
}

/**
 * An accepted JSON request. Paths the contract does not have (ours) pass.
 * @param path concrete, without base and query: `/threads/thread_1/runs`
 * @throws Error with every difference, readable
 */
export const validateRequest = (method: string, path: string, body: unknown): void => {
  const template = findTemplate(path)
  const verb = method.toLowerCase()
  if (template === undefined) return
  const operation = contract().document.paths[template]?.[verb]
  if (operation?.requestBody?.content?.[JSON_TYPE] === undefined) return
  const validate = contract().at(
    'paths',
    template,
    verb,
    'requestBody',
    'content',
    JSON_TYPE,
    'schema',
  )
  check(`request ${method} ${path}`, validate, asPublished(`${verb} ${template}`, body))
}

/**
 * A JSON response. Every status from 400 on must be the error envelope, also on paths the contract does not have; other answers of such
 * paths, and of Azure's methods, pass.
 * @param path concrete, without base and query
 * @throws Error with every difference, readable
 */
export const validateResponse = (
  method: string,
  path: string,
  status: number,
  body: unknown,
): void => {
  const what = `response ${status} of ${method} ${path}`
  if (status >= 400) {
    check(what, contract().at('components', 'schemas', 'ErrorResponse'), body)
    return
  }
  const template = findTemplate(path)
  const verb = method.toLowerCase()
  if (template === undefined) return
  if (BESIDE.has(`${verb} ${template}`)) return
  const response = contract().document.paths[template]?.[verb]?.responses[String(status)]
  if (response === undefined) throw new Error(`${what}: the contract has no such answer`)
  if (response.content?.[JSON_TYPE] === undefined) return
  check(
    what,
    contract().at(
      'paths',
      template,
      verb,
      'responses',
      String(status),
      'content',
      JSON_TYPE,
      'schema',
    ),
    body,
  )
}

/** One event of a run's stream: its name and its data, parsed, or the text `[DONE]`. @throws Error with every difference */
export const validateEvent = (event: string, data: unknown): void => {
  const branches = [
    'ThreadStreamEvent',
    'RunStreamEvent',
    'RunStepStreamEvent',
    'MessageStreamEvent',
  ]
  const { schemas } = contract().document.components
  for (const name of [...branches, 'ErrorEvent', 'DoneEvent']) {
    const schema = schemas[name] as { oneOf?: object[] }
    const options = schema.oneOf ?? [schema]
    const index = options.findIndex((option) => eventName(option) === event)
    if (index < 0) continue
    const place = schema.oneOf === undefined ? [] : ['oneOf', String(index)]
    check(`event ${event}`, contract().at('components', 'schemas', name, ...place), { event, data })
    return
  }
  throw new Error(`event ${event}: the contract has no such event`)
}

const eventName = (schema: object): string | undefined =>
  (schema as { properties?: { event?: { enum?: string[] } } }).properties?.event?.enum?.[0]

/** A schema of the document as it stands there. */
export interface PublishedSchema {
  $ref?: string
  type?: string
  enum?: unknown[]
  oneOf?: PublishedSchema[]
  anyOf?: PublishedSchema[]
  allOf?: PublishedSchema[]
  properties?: Record<string, PublishedSchema>
  required?: string[]
  additionalProperties?: boolean | PublishedSchema
  items?: PublishedSchema
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  maxLength?: number
}

export interface PublishedOperation {
  /** `operationId`. */
  id: string
  /** In capitals. */
  method: string
  /** `/threads/{thread_id}` */
  path: string
  query: { name: string; schema: PublishedSchema }[]
  json: PublishedSchema | null
  form: PublishedSchema | null
}

interface Parameter {
  name: string
  in: string
  schema: PublishedSchema
}

/** Every operation of the corrected document, in its order. */
export const publishedOperations = (): PublishedOperation[] =>
  Object.entries(contract().document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      if (operation === undefined) return []
      const { operationId: id, parameters = [], requestBody } = operation
      const content = requestBody?.content ?? {}
      return [
        {
          id,
          method: method.toUpperCase(),
          path,
          query: parameters.filter((one) => one.in === 'query'),
          json: content[JSON_TYPE]?.schema ?? null,
          form: content['multipart/form-data']?.schema ?? null,
        },
      ]
    }),
  )

/** The schema behind a reference of the document. */
export const resolveSchema = (schema: PublishedSchema): PublishedSchema => {
  if (schema.$ref === undefined) return schema
  return resolveSchema(publishedSchema(schema.$ref.split('/').at(-1) ?? ''))
}
