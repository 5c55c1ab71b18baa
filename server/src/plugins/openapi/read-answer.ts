import { AppError } from '../../platform/errors.ts'
import type { SafeResponse } from '../../platform/safe-fetch.ts'
import { secretHider } from '../hide-secrets.ts'
import { compactJson } from './compact-json.ts'
import { isJsonType, plainType } from './media-type.ts'
import { unpack } from './unpack.ts'

export interface Answer {
  text: string
  isCut: boolean
  /** Bytes of the answer, unpacked. */
  bytes: number
}

/** What is decoded to find the first characters: white space may be many times the rest. */
const MOST_DECODED = 1_000_000
/** Room beside the limit, so that no secret is cut in half and then not found. */
const ROOM = 8_192
const TEXT_TYPES =
  /^(?:text\/|application\/(?:xml|javascript|ecmascript|x-www-form-urlencoded|graphql|yaml|x-yaml|toml|sql|x-ndjson|ndjson|jsonl|rtf)$)|\+(?:xml|yaml|text)$/

/**
 * What a model is told of an answer: JSON without white space, other text as it is, of anything else its type and size.
 * @param options.limit characters
 * @param options.bytes most that the answer may unpack to
 * @param options.secrets are taken out where the API says them back
 * @throws AppError 400 `body_too_large`
 */
export const readAnswer = async (
  response: SafeResponse,
  options: { limit: number; bytes: number; secrets: readonly string[] },
): Promise<Answer> => {
  const { limit, secrets } = options
  const body = await unpack(response.body, response.headers, options.bytes)
  if (body === null) {
    throw new AppError({
      status: 400,
      code: 'body_too_large',
      message: `The answer unpacks to more than ${options.bytes} bytes.`,
    })
  }
  if (body.length === 0) return { text: '', isCut: false, bytes: 0 }
  const contentType =
    response.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  if (!isText(contentType, body)) {
    // Before its letters are made small, in which no secret would be found.
    const type = plainType(secretHider({}, secrets)(contentType)).slice(0, 100)
    const text = `[The answer is no text: ${type || 'of unknown type'}, ${body.length} bytes.]`
    return { text, isCut: false, bytes: body.length }
  }
  const start = body.subarray(0, MOST_DECODED)
  const decoded = decode(start, contentType)
  const short = isJsonType(contentType)
    ? compactJson(decoded, limit + ROOM)
    : { text: decoded.slice(0, limit + ROOM), isWhole: decoded.length <= limit + ROOM }
  const safe = secretHider({}, secrets)(short.text)
  const isWhole = short.isWhole && start.length === body.length && safe.length <= limit
  const text = safe.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '')
  return { text, isCut: !isWhole, bytes: body.length }
}

const isText = (contentType: string, body: Buffer): boolean => {
  const type = plainType(contentType)
  if (isJsonType(type) || TEXT_TYPES.test(type)) return true
  if (type !== '') return false
  const start = body.subarray(0, 4_096)
  return !start.includes(0) && !start.subarray(0, -3).toString('utf8').includes('\uFFFD')
}

const decode = (bytes: Buffer, contentType: string): string => {
  const charset = /;\s*charset="?([\w.:-]{1,40})"?/i.exec(contentType)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    // A name that nobody knows.
    return new TextDecoder().decode(bytes)
  }
}
