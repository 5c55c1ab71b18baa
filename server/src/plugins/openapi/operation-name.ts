import { createHash } from 'node:crypto'

const ALLOWED = /^[a-zA-Z0-9_-]{1,64}$/
/** Leaves room for `_` and eight hex digits within 64 characters. */
const LONGEST_STEM = 55

/**
 * The function name of an operation: its id where that qualifies, else a slug of method and path. A name that is taken, or a slug that
 * had to leave something out, ends in eight hex digits of the SHA-256 of method and path, so that it stays the same whatever else the
 * document has.
 */
export const operationName = (
  given: { operationId: string | null; method: string; path: string },
  isTaken: (name: string) => boolean,
): string => {
  const { operationId, method, path } = given
  const words = (path.match(/[a-zA-Z0-9_-]+/g) ?? []).join('_')
  const slug = `${method.toLowerCase()}_${words}`.replace(/_$/, '')
  const isWhole = ALLOWED.test(slug) && /^[\w{}/.-]*$/.test(path)
  const whole =
    operationId !== null && ALLOWED.test(operationId) ? operationId : isWhole ? slug : null
  if (whole !== null && !isTaken(whole)) return whole
  const digest = createHash('sha256').update(`${method} ${path}`).digest('hex').slice(0, 8)
  return `${(whole ?? slug).slice(0, LONGEST_STEM).replace(/_$/, '')}_${digest}`
}

/**
 * The name of an argument for a parameter: without the signs that some models refuse in names of properties (`filter[name]`, `$top`),
 * letters of every script kept.
 */
export const argumentName = (parameter: string): string => {
  if (/^[\p{L}\p{N}_.-]{1,64}$/u.test(parameter) && parameter !== '__proto__') return parameter
  const plain = parameter.replaceAll(/[^\p{L}\p{N}.-]+/gu, '_').replaceAll(/^_+|_+$/g, '')
  return [...plain].slice(0, 60).join('') || 'value'
}
