/** Values and calls as source text, for snippets. */

type Dialect = 'python' | 'node'

/** Lines are broken where they would be longer. */
const WIDTH = 76
const INDENT: Readonly<Record<Dialect, string>> = { python: '    ', node: '  ' }
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

const word = (value: boolean | null, dialect: Dialect): string => {
  if (dialect === 'node') return String(value)
  return value === null ? 'None' : value ? 'True' : 'False'
}

const text = (value: string, dialect: Dialect): string => {
  const quoted = JSON.stringify(value)
  if (dialect === 'python') return quoted
  return `'${quoted.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A JSON value as a literal of the language; what it is set into indents its further lines. */
export const literal = (value: unknown, dialect: Dialect): string => {
  if (typeof value === 'string') return text(value, dialect)
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return word(value as boolean | null, dialect)
  if (Array.isArray(value)) {
    const items = value.map((item) => literal(item, dialect))
    return enclose('[', items, ']', dialect)
  }
  const entries = Object.entries(value).map(([key, inner]) => {
    const name = dialect === 'node' && IDENTIFIER.test(key) ? key : text(key, dialect)
    return `${name}: ${literal(inner, dialect)}`
  })
  return objectOf(entries, dialect)
}

/**
 * An object or dictionary of entries that are source text already.
 * @param before characters that stand on the line before it
 */
export const objectOf = (entries: readonly string[], dialect: Dialect, before = 0): string =>
  dialect === 'node' && entries.length > 0
    ? enclose('{ ', entries, ' }', dialect, before)
    : enclose('{', entries, '}', dialect, before)

/** Pieces of source text in brackets: on one line, or each on its own. */
export const enclose = (
  open: string,
  pieces: readonly string[],
  close: string,
  dialect: Dialect,
  before = 0,
): string => {
  const line = open + pieces.join(', ') + close
  if (pieces.length === 0 || (!line.includes('\n') && before + line.length <= WIDTH)) return line
  const indent = INDENT[dialect]
  const lines = pieces.map((piece) => `${indent}${piece.replaceAll('\n', `\n${indent}`)},\n`)
  return `${open.trimEnd()}\n${lines.join('')}${close.trimStart()}`
}
