import { randomBytes } from 'node:crypto'
import { errors } from '../../platform/errors.ts'
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { Json, SandboxFile } from '../python/sandbox-driver.ts'
import type { BodyPlan, FieldPlan } from './document-plan.ts'
import { toPairs } from './serialize.ts'

export interface BuiltBody {
  contentType: string
  bytes: Buffer
}

/**
 * The body of a request; null where none of its arguments was given and none is needed.
 * @param parameters schema of all arguments: what it does not name belongs to a body that takes more fields
 * @throws AppError 400
 */
export const buildBody = (
  body: BodyPlan,
  parameters: JsonObject,
  args: JsonObject,
  files: readonly SandboxFile[],
): BuiltBody | null => {
  if (body.whole !== null) return wholeBody(body, args[body.whole], files)
  const given = body.fields.flatMap((field): [FieldPlan, Json][] => {
    if (Object.hasOwn(args, field.argument)) return [[field, args[field.argument] ?? null]]
    return field.fallback === null ? [] : [[field, field.fallback]]
  })
  const known = isObject(parameters.properties) ? parameters.properties : {}
  const more = body.isOpen
    ? Object.entries(args).filter(([name]) => !Object.hasOwn(known, name))
    : []
  if (given.length === 0 && more.length === 0 && !body.required) return null
  if (body.form === 'multipart') return multipart(given, files)
  if (body.form === 'urlencoded') {
    const pairs = given
      .filter(([, value]) => value !== null)
      .flatMap(([field, value]) => toPairs(field.name, value, field))
    return built(body.mediaType, new URLSearchParams(pairs).toString())
  }
  const fields = given.map(([field, value]): [string, Json] => [field.name, value])
  return built(body.mediaType, JSON.stringify(Object.fromEntries([...more, ...fields])))
}

const built = (contentType: string, text: string): BuiltBody => ({
  contentType,
  bytes: Buffer.from(text),
})

const wholeBody = (
  { mediaType, form }: BodyPlan,
  value: Json | undefined,
  files: readonly SandboxFile[],
): BuiltBody | null => {
  if (value === undefined) return null
  if (form === 'json') return built(mediaType, JSON.stringify(value))
  if (form === 'urlencoded' && isObject(value)) {
    const pairs = toPairs('', value, { style: 'form', explode: true, asJson: false })
    return built(mediaType, new URLSearchParams(pairs).toString())
  }
  if (form === 'multipart' && isObject(value)) {
    const fields = Object.entries(value).map(([name, one]): [FieldPlan, Json] => [
      { ...PLAIN_FIELD, argument: name, name },
      one,
    ])
    return multipart(fields, files)
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const file = files.find(({ title }) => title === text)
  return file === undefined
    ? built(mediaType, text)
    : { contentType: mediaType, bytes: Buffer.from(file.data) }
}

const PLAIN_FIELD = {
  style: 'form',
  explode: true,
  asJson: false,
  isFile: false,
  contentType: null,
  fallback: null,
} as const

interface Part {
  name: string
  filename: string | null
  contentType: string | null
  bytes: Uint8Array
}

const multipart = (
  given: readonly (readonly [FieldPlan, Json])[],
  files: readonly SandboxFile[],
): BuiltBody => {
  const boundary = `melzi-${randomBytes(18).toString('hex')}`
  const pieces: Uint8Array[] = []
  for (const part of given.flatMap(([field, value]) => partsOf(field, value, files))) {
    const filename = part.filename === null ? '' : `; filename="${quoted(part.filename)}"`
    const type =
      part.contentType === null ? '' : `\r\nContent-Type: ${checkedType(part.contentType)}`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(part.name)}"${filename}${type}\r\n\r\n`
    pieces.push(Buffer.from(head), part.bytes, Buffer.from('\r\n'))
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`))
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.concat(pieces) }
}

const partsOf = (field: FieldPlan, value: Json, files: readonly SandboxFile[]): Part[] => {
  if (value === null) return []
  if (Array.isArray(value) && !field.asJson)
    return value.flatMap((item) => partsOf(field, item, files))
  const { name } = field
  if (field.isFile && typeof value === 'string') {
    const file = files.find(({ title }) => title === value)
    const contentType = file?.type ?? field.contentType ?? 'text/plain; charset=utf-8'
    const filename = file?.title ?? `${name}.txt`
    return [{ name, filename, contentType, bytes: file?.data ?? Buffer.from(value) }]
  }
  const isText = typeof value !== 'object'
  const contentType = field.contentType ?? (isText ? null : 'application/json')
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return [{ name, filename: null, contentType, bytes: Buffer.from(text) }]
}

/** As browsers write names in a form. */
const quoted = (name: string) =>
  name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

const checkedType = (contentType: string): string => {
  if (/^[\x20-\x7e]+$/.test(contentType)) return contentType
  throw errors.invalid('The media type of a part of the form is not valid.')
}
