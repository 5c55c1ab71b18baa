/** Every operation of a document as a function, with what its request is made of. */
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'
import { collectArguments } from './collect-arguments.ts'
import { DocumentError } from './document-error.ts'
import type { DocumentPlan, OperationPlan, RequestPlan } from './document-plan.ts'
import { DocumentRefs } from './document-refs.ts'
import { isJsonType } from './media-type.ts'
import { operationName } from './operation-name.ts'
import { planBody } from './plan-body.ts'
import { gatherParameters, planInputs, type HiddenParameter } from './plan-inputs.ts'
import {
  cutText,
  SchemaShaper,
  SchemaTooLarge,
  type SchemaLevel,
  type ShapeBudget,
} from './schema-shaper.ts'
import { baseUrl } from './server-url.ts'

export interface PlanOptions {
  /** Where the document came from; null when it was pasted. */
  documentUrl: string | null
  /** `melzi.functions`: the operations that are functions; null: all. */
  ticked: readonly string[] | null
  hidden: readonly HiddenParameter[]
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
const MOST_OPERATIONS = 5_000
const LONGEST_DESCRIPTION = 1_000
/** Of an operation that is not ticked: enough to tick it by. */
const LONGEST_NOTE = 200
/** Characters of a function's schema as JSON. */
const LONGEST_SCHEMA = 8_192
/** Characters of what is kept of a document, operations that have no room aside. */
const LONGEST_PLAN = 2_000_000
/** Parts of schemas of a whole document, about a second's work; a real one of 3.4 MB with 288 operations has 33,000. */
const MOST_NODES = 1_500_000
/** Tried in turn until the schema is short enough: descriptions go first, then depth. */
const LEVELS: readonly SchemaLevel[] = [
  { depth: 10, text: 600 },
  { depth: 10, text: 150 },
  { depth: 6, text: 100 },
  { depth: 4, text: 60 },
  { depth: 3, text: 40 },
  { depth: 2, text: 0 },
  { depth: 1, text: 0 },
]

interface Found {
  operation: string
  name: string
  method: string
  path: string
  given: JsonObject
  item: JsonObject
}

/**
 * @param document of version 3
 * @throws DocumentError naming what is wrong
 */
export const planOperations = (document: JsonObject, options: PlanOptions): DocumentPlan => {
  const refs = new DocumentRefs(document)
  const found = findOperations(document, refs)
  const budget = { nodes: MOST_NODES }
  let room = LONGEST_PLAN
  const planned = new Map<Found, OperationPlan>()
  const plan = (one: Found) => {
    const { operation, name, method, path, given } = one
    const description = describe(given, method, path)
    const operationPlan = {
      operation,
      name,
      description,
      ...planOperation(one, document, refs, options, budget),
    }
    room -= JSON.stringify(operationPlan).length
    if (room < 0) throw new DocumentError(TOO_LONG, 'melzi.functions')
    planned.set(one, operationPlan)
  }
  const isTicked = ({ operation }: Found) =>
    options.ticked === null || options.ticked.includes(operation)
  for (const one of found) if (isTicked(one)) plan(one)
  const others = found.filter((one) => !isTicked(one))
  room -= others.reduce((sum, one) => sum + JSON.stringify(outlineOf(one)).length, 0)
  // What is not ticked now may be so later, without the document being read again: it is kept as far as there is room.
  for (const one of others) {
    const hasRoom = room > 2 * LONGEST_SCHEMA && budget.nodes > MOST_NODES / 2
    if (hasRoom) attempt(() => plan(one))
  }
  return { operations: found.map((one) => planned.get(one) ?? outlineOf(one)) }
}

/** What is wrong with an operation that nobody ticked is said when somebody does. */
const attempt = (plan: () => void): void => {
  try {
    plan()
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
  }
}

const TOO_LONG = `The functions of the document are longer than ${LONGEST_PLAN} characters together. Tick fewer operations in 'melzi.functions'.`

/** What is kept of an operation that is not ticked and has no room. */
const outlineOf = ({ operation, name, method, path, given }: Found): OperationPlan => {
  const description = cutText(describe(given, method, path), LONGEST_NOTE)
  return { operation, name, description, parameters: NO_PARAMETERS, request: null }
}

const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} }

const findOperations = (document: JsonObject, refs: DocumentRefs): Found[] => {
  const paths = refs.object(document.paths)
  const found: Found[] = []
  const names = new Set<string>()
  const operations = new Set<string>()
  for (const [path, value] of Object.entries(paths ?? {})) {
    if (!path.startsWith('/')) continue
    const item = refs.object(value)
    for (const method of item === null ? [] : METHODS) {
      const given = refs.object(item?.[method])
      if (item === null || given === null) continue
      if (found.length === MOST_OPERATIONS)
        throw new DocumentError(`The document has more than ${MOST_OPERATIONS} operations.`)
      const upper = method.toUpperCase()
      const id = typeof given.operationId === 'string' ? given.operationId.trim() : ''
      const operationId = id === '' || id.length > 256 || operations.has(id) ? null : id
      const operation = operationId ?? `${upper} ${path}`
      const name = operationName({ operationId, method: upper, path }, (one) => names.has(one))
      names.add(name)
      operations.add(operation)
      found.push({ operation, name, method: upper, path, given, item })
    }
  }
  if (found.length === 0) throw new DocumentError('The document has no operations.')
  return found
}

const describe = (given: JsonObject, method: string, path: string): string => {
  const summary = typeof given.summary === 'string' ? given.summary.trim() : ''
  const description = typeof given.description === 'string' ? given.description.trim() : ''
  const both = description.startsWith(summary) ? [description] : [summary, description]
  const text = both.filter((part) => part !== '').join('\n\n') || `${method} ${path}`
  const noted = given.deprecated === true ? `Deprecated. ${text}` : text
  return cutText(noted, LONGEST_DESCRIPTION)
}

const planOperation = (
  found: Found,
  document: JsonObject,
  refs: DocumentRefs,
  options: PlanOptions,
  budget: ShapeBudget,
): { parameters: JsonObject; request: RequestPlan } => {
  for (const level of LEVELS) {
    try {
      const planned = planAt(level, found, document, refs, options, budget)
      if (JSON.stringify(planned.parameters).length <= LONGEST_SCHEMA) return planned
      if (level === LEVELS.at(-1)) return withoutOptional(planned, found)
    } catch (error) {
      if (!(error instanceof SchemaTooLarge)) throw error
    }
  }
  throw tooLarge(found)
}

const tooLarge = ({ operation }: Found) =>
  new DocumentError(`The operation '${operation}' has more parameters than a function can have.`)

const planAt = (
  level: SchemaLevel,
  found: Found,
  document: JsonObject,
  refs: DocumentRefs,
  options: PlanOptions,
  budget: ShapeBudget,
): { parameters: JsonObject; request: RequestPlan } => {
  const { given, item, method, path } = found
  const shaper = new SchemaShaper(refs, level, budget)
  const { schema, add } = collectArguments()
  const parameters = gatherParameters([item.parameters, given.parameters], refs)
  const inputs = planInputs(parameters, path, options.hidden, { shaper, add })
  const body = planBody(given.requestBody, { refs, shaper, add })
  const servers = given.servers ?? item.servers ?? document.servers
  const request: RequestPlan = {
    method,
    server: baseUrl(servers, options.documentUrl),
    path,
    accept: acceptOf(given.responses, refs),
    inputs,
    body,
  }
  return { parameters: schema(), request }
}

/** The last resort: what need not be given is left out, from the end. */
const withoutOptional = (
  planned: { parameters: JsonObject; request: RequestPlan },
  found: Found,
): { parameters: JsonObject; request: RequestPlan } => {
  const { properties, required } = planned.parameters
  const needed = new Set(Array.isArray(required) ? required : [])
  const all = Object.entries(isObject(properties) ? properties : {})
  let room = LONGEST_SCHEMA - JSON.stringify({ type: 'object', properties: {}, required }).length
  const cost = ([name, schema]: [string, Json]) => JSON.stringify({ [name]: schema }).length
  for (const entry of all) if (needed.has(entry[0])) room -= cost(entry)
  if (room < 0) throw tooLarge(found)
  const kept = all.filter((entry) => {
    if (needed.has(entry[0])) return true
    room -= cost(entry)
    return room >= 0
  })
  return {
    parameters: { ...planned.parameters, properties: Object.fromEntries(kept) },
    request: planned.request,
  }
}

/** The media type an operation answers with where it goes well: JSON where it has the choice. */
const acceptOf = (responses: unknown, refs: DocumentRefs): string => {
  const types = Object.entries(isObject(responses) ? responses : {})
    .filter(([status]) => /^(?:2|default)/.test(status))
    .flatMap(([, response]) => {
      const content = refs.object(response)?.content
      return isObject(content) ? Object.keys(content) : []
    })
    .filter((type) => /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type))
  const best =
    types.find((type) => type === 'application/json') ?? types.find(isJsonType) ?? types[0]
  return best === undefined ? 'application/json, */*;q=0.5' : `${best}, */*;q=0.1`
}
