import type { FastifyInstance } from 'fastify'
import { errors } from '../platform/errors.ts'
import { unknownKey, wrongType } from './issue-error.ts'

/** Deeper bodies are refused: what walks them later (JSON.stringify, a model's schema check) does so recursively. */
const MAX_DEPTH = 256

/** A media type, or none. */
const MEDIA_TYPE = /^$|^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/
const MULTIPART = /^multipart\//i

const count = (text: string, piece: string, enough: number): number => {
  let found = 0
  for (let at = text.indexOf(piece); at >= 0 && found < enough; at = text.indexOf(piece, at + 1))
    found += 1
  return found
}

/** Cheap look at the text: only a body that may hold a forbidden key or be too deep is worth a walk. */
const isSuspicious = (text: string): boolean =>
  text.includes('__proto__') ||
  text.includes('\\u005') ||
  count(text, '{', MAX_DEPTH) + count(text, '[', MAX_DEPTH) > MAX_DEPTH - 1

interface Level {
  value: Record<PropertyKey, unknown>
  /** Keys of an object; null for an array, which goes by position. */
  keys: string[] | null
  next: number
}

const level = (value: object): Level => ({
  value: value as Record<PropertyKey, unknown>,
  keys: Array.isArray(value) ? null : Object.keys(value),
  next: 0,
})

/**
 * Refuses `__proto__` as a key, which objects made from this body later would take for their prototype, and too deep nesting. Goes
 * down one way at a time, so that a wide body costs no memory of its own.
 */
const inspect = (body: object): void => {
  const open = [level(body)]
  const pathTo = (last: PropertyKey) => [
    ...open.slice(0, -1).map(({ keys, next }) => keys?.[next - 1] ?? next - 1),
    last,
  ]
  for (let here = open.at(-1); here !== undefined; here = open.at(-1)) {
    const { value, keys, next } = here
    if (next >= (keys ?? (value as unknown as unknown[])).length) {
      open.pop()
      continue
    }
    here.next += 1
    const key = keys?.[next] ?? next
    if (key === '__proto__') throw unknownKey(pathTo(key), [])
    const inner = value[key]
    if (typeof inner !== 'object' || inner === null) continue
    if (open.length > MAX_DEPTH) throw errors.notJson(`more than ${MAX_DEPTH} levels deep`)
    open.push(level(inner))
  }
}

/**
 * The bytes of a request as a JSON object. An empty body is `{}` (behaviour.md 0 row 4).
 * @throws AppError 400 for what is not JSON, not an object, or holds the key `__proto__`
 */
const parseJsonBody = (bytes: Uint8Array): object => {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw errors.notJson('the body is not UTF-8')
  }
  if (text.trim() === '') return {}
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    throw errors.notJson((cause as Error).message)
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw wrongType(null, 'an object', body)
  }
  if (isSuspicious(text)) inspect(body)
  return body
}

/**
 * Reads every body as JSON, whatever its content type says (curl's default is a form's), except multipart, for which a route
 * brings its own parser. `bodyLimit` of the server holds.
 */
export const addJsonBody = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  // a type that is none would be refused before any parser is asked
  app.addHook('onRequest', async ({ raw }) => {
    if (!MEDIA_TYPE.test(raw.headers['content-type'] ?? '')) delete raw.headers['content-type']
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
    const type = request.headers['content-type'] ?? ''
    try {
      if (MULTIPART.test(type)) {
        throw errors.wrongMediaType(type.split(';')[0] ?? type, 'application/json')
      }
      done(null, parseJsonBody(bytes as Buffer))
    } catch (error) {
      done(error as Error)
    }
  })
}
