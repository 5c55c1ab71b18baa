/** The wire's words for values and their places in a body (behaviour.md 2). */

/** `messages[0].content[1].image_url.url` */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')

/** `a string`, `an integer`, `a decimal number`, `a boolean`, `an array`, `an object`, `null` */
export const valueName = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'` */
export const quotedList = (values: readonly string[]): string => {
  const quoted = values.map((value) => `'${value}'`)
  const last = quoted.pop() ?? ''
  if (quoted.length === 0) return last
  return `${quoted.join(', ')}${quoted.length > 1 ? ',' : ''} and ${last}`
}

/** Characters as the wire counts them: code points. */
export const characters = (text: string): number => {
  let count = 0
  for (const _ of text) count += 1
  return count
}
