import type { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError, errors } from '../platform/errors.ts'
import { wrongType } from './issue-error.ts'

/** Fields beside the file: none of them is long, and there are few. */
const LIMITS = { fields: 20, fieldSize: 64 * 1024, parts: 30, files: 1, headerPairs: 100 }
const MULTIPART = /^multipart\/form-data/i
/** Bytes a form may need beside its file. */
const FORM_OVERHEAD = 2 * 1024 * 1024
/** A client that sends nothing for so long is gone. */
const SILENCE_MS = 120_000

/** A form whose file has been taken in. Whoever disposes of it disposes of what was taken. */
export interface Form<T extends AsyncDisposable> extends AsyncDisposable {
  /** Texts by name; `a[b]` is `b` in `a`. */
  readonly fields: Record<string, unknown>
  readonly filename: string
  readonly content: T
}

/** Lets the routes of this scope take multipart forms: they read them by {@link readForm}. */
export const takeForms = (scope: FastifyInstance): void => {
  scope.addContentTypeParser(MULTIPART, (_request, _payload, done) => done(null))
}

/**
 * Reads a multipart form with one file, which is taken while it arrives: the parts may come in any order.
 * @param options.file the file's field
 * @param options.maxBytes of the file; a request that announces more is refused before it is read
 * @param options.take must read the stream to its end or destroy it
 * @throws AppError 415 for another content type, 400 for a broken form or one without the file; whatever `take` throws
 */
export const readForm = async <T extends AsyncDisposable>(
  request: FastifyRequest,
  options: { file: string; maxBytes: number; take: (content: Readable) => Promise<T> },
): Promise<Form<T>> => {
  const { raw } = request
  const type = request.headers['content-type'] ?? ''
  if (!MULTIPART.test(type)) {
    throw errors.wrongMediaType(type.split(';')[0] ?? '', 'multipart/form-data')
  }
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > options.maxBytes + FORM_OVERHEAD) throw errors.fileTooLarge(options.maxBytes)

  const parser = createParser(type, options.file)
  const fields: Record<string, unknown> = Object.create(null)
  let filename = ''
  let open: Readable | undefined
  let taking: Promise<T> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      parser.on('field', (name, value, _nameTruncated, valueTruncated) => {
        if (valueTruncated) reject(errors.invalid(`Invalid '${name}': too long.`, name))
        else setField(fields, name, value)
      })
      parser.on('file', (_name, stream, sentName: string | undefined) => {
        // how browsers write a quotation mark in a name
        filename = (sentName ?? '').replaceAll('%22', '"')
        open = stream
        // whoever takes it hears of errors by himself
        stream.on('error', () => undefined)
        taking = options.take(stream)
        taking.catch(reject)
      })
      for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
        parser.on(event, () => reject(errors.invalid('The form has too many parts.')))
      }
      parser.on('error', (cause) => reject(brokenForm(cause)))
      parser.on('finish', resolve)
      raw.on('error', reject)
      raw.on('close', () => {
        if (!raw.complete) reject(brokenForm(new Error('the client left')))
      })
      raw.setTimeout(SILENCE_MS, () => raw.destroy())
      raw.pipe(parser)
    })
    raw.setTimeout(0)
    if (taking === undefined) throw missingFile(options.file, fields)
    const content = await taking
    return {
      fields,
      filename,
      content,
      [Symbol.asyncDispose]: () => content[Symbol.asyncDispose](),
    }
  } catch (error) {
    // What still arrives is read and dropped: a client hears an answer only when it may finish sending.
    raw.unpipe(parser)
    raw.resume()
    open?.destroy(error as Error)
    await taking?.then(
      (content) => content[Symbol.asyncDispose](),
      () => undefined,
    )
    throw error
  }
}

const brokenForm = (cause: unknown): AppError =>
  new AppError({
    status: 400,
    message: 'We could not parse the multipart form of your request.',
    cause,
  })

const createParser = (type: string, file: string): BusboyInstance => {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: LIMITS,
      isPartAFile: (name) => name === file,
    })
  } catch (cause) {
    throw brokenForm(cause)
  }
}

/** `expires_after[seconds]` becomes `{expires_after: {seconds}}`; without prototypes, as a name may be anything. */
const setField = (fields: Record<string, unknown>, name: string, value: string): void => {
  const [, outer, inner] = /^([^[\]]+)\[([^[\]]+)\]$/.exec(name) ?? []
  if (outer === undefined || inner === undefined) {
    fields[name] = value
    return
  }
  const known = fields[outer]
  const group = (
    typeof known === 'object' && known !== null ? known : Object.create(null)
  ) as Record<string, unknown>
  group[inner] = value
  fields[outer] = group
}

const missingFile = (name: string, fields: Record<string, unknown>): AppError =>
  name in fields
    ? wrongType(name, 'a file', fields[name])
    : errors.invalid(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter')
