/** What a row of the API reference says. Rows stand in one file per feature; `parts.ts` lists the files. */
import type * as z from 'zod/mini'

export type Schema = z.core.$ZodType

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 429 | 500 | 502 | 503

/** What a request carries. `example` is a value that the schema takes; snippets are made of it. */
export type Body =
  | { type: 'json'; schema: Schema; example: Readonly<Record<string, unknown>> }
  | {
      type: 'form'
      /** The fields beside the file. */
      schema: Schema
      /** The file's field, and the name that snippets give to a file. */
      file: { field: string; sample: string }
      example: Readonly<Record<string, unknown>>
    }
  /** A file itself, whatever its content type says. `sample` is its name in snippets. */
  | { type: 'file'; sample: string; description: string }

/** What comes back with 200, by media type; null stands for bytes (then the row has `savedAs`). An event stream's schema is that of one event. */
export type Reply = Readonly<Record<string, Schema | null>>

export interface Operation {
  /** `operationId`: the published one where there is one. */
  id: string
  method: 'get' | 'post' | 'delete'
  /** After the base, as OpenAPI has it: `/threads/{thread_id}`. */
  path: `/${string}`
  summary: string
  /** What a caller must know beside the schemas. */
  description: string
  query?: { schema: Schema; example?: Readonly<Record<string, string | number>> }
  body?: Body
  reply: Reply
  /** True where the events of a stream have no name, and the schema is that of their data. */
  nameless?: boolean
  /** The name under which snippets keep bytes that come back. */
  savedAs?: string
  /** Statuses beside those that follow from the form of the request ({@link errorStatuses}). */
  errors?: readonly ErrorStatus[]
  /** Answers with another status and a body that is no error. */
  otherReplies?: Readonly<Record<number, Schema>>
  /** The call in OpenAI's SDKs, as Python has it: `beta.threads.runs.submit_tool_outputs`. */
  sdk?: string
  /** `root`: at the origin and open to all; `azure`: under the prefix /openai only. Else under every prefix, with a key. */
  place?: 'root' | 'azure'
  /** True where no key is asked for. */
  open?: boolean
}

/** The rows of one tag. Sentences are English; the page at /docs has its own list of them in Chinese. */
export interface Part {
  tag: string
  description: string
  operations: readonly Operation[]
  /** Schemas that get a name in the document; whatever else a row refers to is written out in its place. */
  schemas: Readonly<Record<string, Schema>>
  /** Sentences on single fields, `RunObject.status`; {@link FIELD_NOTES} has those that hold for a name wherever it stands. */
  notes?: Readonly<Record<string, string>>
}

export const json = (schema: Schema): Reply => ({ 'application/json': schema })

/** JSON, or events when the body says `"stream": true`. */
export const jsonOrEvents = (schema: Schema, event: Schema): Reply => ({
  'application/json': schema,
  'text/event-stream': event,
})

/** Whether a query may name an object of the list, which may not be found. */
const hasCursor = ({ query }: Operation): boolean => {
  const { shape = {} } = (query?.schema._zod.def ?? {}) as { shape?: object }
  return 'after' in shape
}

/** Every status from 400 on that an operation answers with, in order. */
export const errorStatuses = (operation: Operation): ErrorStatus[] => {
  const { path, body, open = false, errors = [] } = operation
  const statuses = new Set<ErrorStatus>(errors)
  // a query that nobody reads is refused, so every operation knows 400; keys have origins and limits, so each knows 403 and 429
  if (!open) for (const status of [400, 401, 403, 429] as const) statuses.add(status)
  if (path.includes('{') || hasCursor(operation)) statuses.add(404)
  if (body !== undefined) statuses.add(413)
  if (body !== undefined && body.type !== 'file') statuses.add(415)
  for (const status of [500, 503] as const)
    if (operation.otherReplies?.[status] === undefined) statuses.add(status)
  return [...statuses].toSorted((a, b) => a - b)
}
