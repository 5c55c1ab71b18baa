import { ErrorReply } from '../error.ts'
import { createComponents, type Components, type JsonSchema } from './components.ts'
import { FIELD_NOTES, PATH_NOTES } from './field-notes.ts'
import {
  errorStatuses,
  type Body,
  type ErrorStatus,
  type Operation,
  type Part,
} from './operation.ts'
import { PARTS } from './parts.ts'
import { snippetsOf, type Snippet } from './snippets.ts'

interface Media {
  schema?: JsonSchema
  example?: unknown
  encoding?: Record<string, { style: 'deepObject'; explode: true }>
}

export interface ReferenceReply {
  $ref?: string
  description?: string
  content?: Record<string, Media>
}

export interface ReferenceParameter {
  name: string
  in: 'path' | 'query'
  required: boolean
  description?: string
  schema: JsonSchema
}

export interface ReferenceOperation {
  operationId: string
  tags: [string]
  summary: string
  description: string
  security?: []
  parameters?: ReferenceParameter[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<string, ReferenceReply>
  'x-codeSamples': Snippet[]
}

export interface ReferencePath {
  servers?: { url: string }[]
  get?: ReferenceOperation
  post?: ReferenceOperation
  delete?: ReferenceOperation
}

export interface ReferenceTag {
  name: string
  description: string
}

/** An OpenAPI 3.1 document. */
export interface ReferenceDocument {
  openapi: '3.1.1'
  info: { title: string; version: string; description: string; license: object }
  servers: { url: string }[]
  security: Record<string, []>[]
  tags: ReferenceTag[]
  paths: Record<string, ReferencePath>
  components: {
    schemas: Record<string, JsonSchema>
    responses: Record<string, ReferenceReply>
    securitySchemes: Record<string, object>
  }
}

const ERRORS: Readonly<Record<ErrorStatus, [name: string, description: string]>> = {
  400: ['BadRequest', 'The request is not valid; `param` names the field.'],
  401: ['Unauthorized', 'No key, or one that is not valid.'],
  403: ['Forbidden', 'The key may not do this.'],
  404: ['NotFound', 'There is none, or it is not yours.'],
  409: ['Conflict', 'It is not in a state for this.'],
  413: ['TooLarge', 'The body or file is larger than this server takes.'],
  415: ['WrongMediaType', 'The content type is not the one this call takes.'],
  429: [
    'TooManyRequests',
    'A limit is reached, here or at the model’s server; `retry-after` says for how long.',
  ],
  500: ['ServerError', 'The server’s own fault; the request id stands in its log.'],
  502: ['BadGateway', 'The model’s server failed.'],
  503: ['Unavailable', 'The server is stopping or at its limit; come again.'],
}

const NAMELESS_NOTE =
  'Server-sent events without a name: `data:` is the JSON. The last one is `[DONE]`.'
const STREAM_NOTE =
  'Server-sent events: `event:` is the name, `data:` the JSON. The last one is `done` with the data `[DONE]`.'

/** Adds a sentence to each field that has one and none of its own. */
const describeFields = (schema: JsonSchema, own: (field: string) => string | undefined): void => {
  for (const [field, inner] of Object.entries(schema.properties ?? {})) {
    const note = own(field)
    if (note !== undefined) inner.description ??= note
  }
}

/** Every note of the parts, and which were used: one that nothing is named after is a mistake in the table. */
const createNotes = (parts: readonly Part[]) => {
  const all: Record<string, string> = Object.assign({}, ...parts.map(({ notes }) => notes ?? {}))
  const unused = new Set(Object.keys(all))
  return {
    of: (holder: string, field: string): string | undefined => {
      unused.delete(`${holder}.${field}`)
      return all[`${holder}.${field}`] ?? FIELD_NOTES[field]
    },
    /** @throws Error when a note was never asked for */
    check: (): void => {
      if (unused.size > 0) throw new Error(`notes on no field: ${[...unused].join(', ')}`)
    },
  }
}

type Notes = ReturnType<typeof createNotes>

const parametersOf = (
  operation: Operation,
  components: Components,
  notes: Notes,
): ReferenceParameter[] => {
  const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path' as const,
    required: true,
    ...(PATH_NOTES[name] === undefined ? {} : { description: PATH_NOTES[name] }),
    schema: { type: 'string' },
  }))
  if (operation.query === undefined) return inPath
  const { properties = {}, required = [] } = components.input(operation.query.schema)
  const inQuery = Object.entries(properties).map(([field, schema]) => {
    const description = notes.of(operation.id, field)
    return {
      name: schema.type === 'array' ? `${field}[]` : field,
      in: 'query' as const,
      required: required.includes(field),
      ...(description === undefined ? {} : { description }),
      schema,
    }
  })
  return [...inPath, ...inQuery]
}

const bodyOf = (
  operation: Operation,
  body: Body,
  components: Components,
  notes: Notes,
): NonNullable<ReferenceOperation['requestBody']> => {
  if (body.type === 'file') {
    const schema = { type: 'string', description: body.description }
    return { required: true, content: { '*/*': { schema } } }
  }
  const schema = components.input(body.schema)
  if (body.type === 'json') {
    const example = Object.keys(body.example).length === 0 ? {} : { example: body.example }
    const required = Object.keys(body.example).length > 0
    return { required, content: { 'application/json': { schema, ...example } } }
  }
  const { properties = {}, required = [] } = schema
  describeFields(schema, (field) => notes.of(operation.id, field))
  const nested = Object.entries(properties).filter(
    ([, { type, $ref }]) => type === 'object' || $ref,
  )
  const encoding = Object.fromEntries(
    nested.map(([field]) => [field, { style: 'deepObject' as const, explode: true as const }]),
  )
  const file = { type: 'string', format: 'binary', description: 'The bytes, with a file name.' }
  const form: JsonSchema = {
    ...schema,
    properties: { [body.file.field]: file, ...properties },
    required: [body.file.field, ...required],
  }
  return {
    required: true,
    content: {
      'multipart/form-data': { schema: form, ...(nested.length === 0 ? {} : { encoding }) },
    },
  }
}

const repliesOf = (
  operation: Operation,
  components: Components,
): Record<string, ReferenceReply> => {
  const content: Record<string, Media> = {}
  for (const [type, schema] of Object.entries(operation.reply))
    content[type] = schema === null ? {} : { schema: components.output(schema) }
  const streams = 'text/event-stream' in content
  const note = `As asked for. ${operation.nameless === true ? NAMELESS_NOTE : STREAM_NOTE}`
  const replies: Record<string, ReferenceReply> = {
    200: { description: streams ? note : 'As asked for.', content },
  }
  for (const [status, schema] of Object.entries(operation.otherReplies ?? {}))
    replies[status] = {
      description: 'The same, in another state.',
      content: { 'application/json': { schema: components.output(schema) } },
    }
  for (const status of errorStatuses(operation))
    replies[status] = { $ref: `#/components/responses/${ERRORS[status][0]}` }
  return replies
}

export interface ReferenceOptions {
  /** With its prefix, `https://host/api/assts/v1`; may be a path alone where the host is not known. */
  baseUrl: string
  /** Of the server. */
  version: string
  /** Whether the base is Azure's `/openai`, under which models are also named in the path. */
  azure?: boolean
}

/**
 * The API of this server as an OpenAPI 3.1 document, made from the table of operations and the schemas of the contract.
 * @param parts the rows; tests have some of their own
 * @throws Error when the table holds what the document cannot say: a schema without JSON Schema, a note on no field
 */
export const referenceDocument = (
  options: ReferenceOptions,
  parts: readonly Part[] = PARTS,
): ReferenceDocument => {
  const { baseUrl, version, azure = false } = options
  const origin = /^https?:\/\/[^/]+/.exec(baseUrl)?.[0] ?? ''
  const operations = parts.flatMap((part) =>
    part.operations.map((operation) => ({ part, operation })),
  )
  const components = createComponents(
    Object.assign({ ErrorReply }, ...parts.map(({ schemas }) => schemas)) as Part['schemas'],
    operations.flatMap(({ operation: { query, body } }) =>
      [query?.schema, body?.type === 'file' ? undefined : body?.schema].filter(
        (schema) => schema !== undefined,
      ),
    ),
    [
      ErrorReply,
      ...operations.flatMap(({ operation: { reply, otherReplies } }) =>
        [...Object.values(reply), ...Object.values(otherReplies ?? {})].filter(
          (schema) => schema !== null,
        ),
      ),
    ],
  )
  const notes = createNotes(parts)
  const paths: Record<string, ReferencePath> = {}
  for (const { part, operation } of operations) {
    const { id, method, path, summary, description, body, place, open } = operation
    const parameters = parametersOf(operation, components, notes)
    const requestBody = body === undefined ? null : bodyOf(operation, body, components, notes)
    if (place === 'azure' && !azure) continue
    const entry = (paths[path] ??= place === 'root' ? { servers: [{ url: origin || '/' }] } : {})
    entry[method] = {
      operationId: id,
      tags: [part.tag],
      summary,
      description,
      ...(open === true ? { security: [] } : {}),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(requestBody === null ? {} : { requestBody }),
      responses: repliesOf(operation, components),
      'x-codeSamples': snippetsOf(operation, baseUrl, origin),
    }
  }
  const schemas = components.schemas()
  for (const [name, schema] of Object.entries(schemas))
    describeFields(schema, (field) => notes.of(name, field))
  notes.check()
  const errorReply = components.output(ErrorReply)
  return {
    openapi: '3.1.1',
    info: {
      title: 'Melzi',
      version,
      description:
        'The OpenAI Assistants v2 wire, and what Melzi adds to it. Every error has the same form; ids of others are not found.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: baseUrl }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: parts.map(({ tag, description }) => ({ name: tag, description })),
    paths,
    components: {
      schemas,
      responses: Object.fromEntries(
        Object.values(ERRORS).map(([name, description]) => [
          name,
          { description, content: { 'application/json': { schema: errorReply } } },
        ]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A key of this server.' },
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'api-key',
          description: 'The same, as Azure sends it.',
        },
      },
    },
  }
}
