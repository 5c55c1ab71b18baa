/** Changes single fields in the text of a plugin file and leaves every other character as it is. */
import { isTooDeep } from './json-depth.ts'
import { parseLooseJson } from './loose-json.ts'
import type { Json } from './python/sandbox-driver.ts'

/** One field: the keys that lead to it from the top, and what stands there from now on. */
export interface FieldEdit {
  path: readonly string[]
  value: Json
}

/**
 * The text with these fields changed. Order, spacing, unknown fields and whatever is loose about the JSON stay; a field that is not
 * there comes last in its object; one that has the value already is left as it was written, and so is an absent one that is to be null.
 * @param text a plugin file that parsePluginFile takes
 */
export const editPluginFile = (text: string, edits: readonly FieldEdit[]): string =>
  edits.reduce(editField, text)

const editField = (text: string, { path, value }: FieldEdit): string => {
  let start = text.search(/\{/)
  for (const [depth, key] of path.entries()) {
    const object = readObject(text, start)
    const member = object.members.findLast((one) => one.key === key)
    const rest = path.slice(depth + 1)
    if (member === undefined) {
      return value === null ? text : insert(text, object, key, wrap(rest, value))
    }
    const isLast = rest.length === 0
    if (!isLast && text[member.start] === '{') {
      start = member.start
      continue
    }
    const known = parseLooseJson(text.slice(member.start, member.end)) as Json
    const wanted = isLast ? value : value === null ? known : wrap(rest, value)
    if (isSame(known, wanted)) return text
    return text.slice(0, member.start) + JSON.stringify(wanted) + text.slice(member.end)
  }
  return text
}

const isSame = (known: Json, wanted: Json): boolean =>
  !isTooDeep(known) && JSON.stringify(known) === JSON.stringify(wanted)

const wrap = (path: readonly string[], value: Json): Json =>
  path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value)

interface Member {
  key: string
  keyStart: number
  /** Of the value. */
  start: number
  end: number
}

interface ObjectText {
  /** Of its opening brace. */
  start: number
  members: Member[]
}

const BLANK = /\s*/y
/** As the repair of loose JSON has it: line breaks may stand in a string. */
const STRING = /"(?:[^"\\]|\\[^])*"/y
const BARE = /[^\s,}\]]+/y

/** The members of the object whose brace stands at `start`; the text is known to be (loose) JSON. */
const readObject = (text: string, start: number): ObjectText => {
  const members: Member[] = []
  let at = after(BLANK, text, start + 1)
  while (text[at] === '"') {
    const keyStart = at
    const keyEnd = after(STRING, text, at)
    const colon = after(BLANK, text, keyEnd)
    const valueStart = after(BLANK, text, colon + 1)
    const end = endOfValue(text, valueStart)
    const key = parseLooseJson(text.slice(keyStart, keyEnd)) as string
    members.push({ key, keyStart, start: valueStart, end })
    at = after(BLANK, text, end)
    if (text[at] === ',') at = after(BLANK, text, at + 1)
  }
  return { start, members }
}

const endOfValue = (text: string, start: number): number => {
  const first = text[start]
  if (first === '"') return after(STRING, text, start)
  if (first !== '{' && first !== '[') return after(BARE, text, start)
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at]
    if (sign === '"') at = after(STRING, text, at) - 1
    else if (sign === '{' || sign === '[') depth += 1
    else if (sign === '}' || sign === ']') depth -= 1
    if (depth === 0) return at + 1
  }
  throw new Error('the text of a plugin file ends within a value')
}

const after = (token: RegExp, text: string, at: number): number => {
  token.lastIndex = at
  if (!token.test(text)) throw new Error(`the text of a plugin file is not JSON at ${at}`)
  return token.lastIndex
}

/** Written as its neighbours are: with the blanks that stand before the last key. */
const insert = (text: string, { start, members }: ObjectText, key: string, value: Json): string => {
  const last = members.at(-1)
  const member = `${JSON.stringify(key)}: ${JSON.stringify(value)}`
  if (last === undefined) return text.slice(0, start + 1) + member + text.slice(start + 1)
  const blank = text.slice(blanksBefore(text, last.keyStart), last.keyStart)
  const gap = members.length === 1 && !blank.includes('\n') ? ' ' : blank
  return `${text.slice(0, last.end)},${gap}${member}${text.slice(last.end)}`
}

const blanksBefore = (text: string, end: number): number => {
  let at = end
  while (/\s/.test(text[at - 1] ?? '')) at -= 1
  return at
}
