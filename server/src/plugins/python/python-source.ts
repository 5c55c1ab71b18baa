/**
 * Reads a plugin's parameters out of its source without running it (plugins.md section 1): the literal of the first
 * `infer_params(..., parameters={...})`.
 */
import { LiteralReader, NotALiteral } from './python-literal.ts'
import type { Json } from './sandbox-driver.ts'

export interface ParameterSchema {
  [key: string]: Json
  type: 'object'
  properties: { [name: string]: Json }
}

type JsonObject = { [key: string]: Json }
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Comments and strings, blanked so that what they hold is not taken for code; positions stay the same. */
const withoutText = (source: string): string =>
  source.replace(
    /#[^\n]*|"""(?:\\[\s\S]|(?!""")[\s\S])*(?:"""|$)|'''(?:\\[\s\S]|(?!''')[\s\S])*(?:'''|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/g,
    (text) => text.replace(/[^\n]/g, ' '),
  )

/** Start and end of the arguments of the first call of `infer_params`; its definition and its name alone are no calls. */
const firstCall = (code: string): { start: number; end: number } | null => {
  for (const match of code.matchAll(/(?<![\w.])(def\s+)?infer_params\s*\(/g)) {
    if (match[1] !== undefined) continue
    const start = match.index + match[0].length
    let depth = 1
    for (let i = start; i < code.length; i += 1) {
      const char = code[i] ?? ''
      if ('([{'.includes(char)) depth += 1
      else if (')]}'.includes(char)) depth -= 1
      if (depth === 0) return { start, end: i }
    }
    return { start, end: code.length }
  }
  return null
}

/** Where the value of the keyword `parameters` begins, at the outermost level of the call; null when it is not there. */
const parametersIn = (
  code: string,
  { start, end }: { start: number; end: number },
): number | null => {
  let depth = 0
  for (let i = start; i < end; i += 1) {
    const char = code[i] ?? ''
    if ('([{'.includes(char)) depth += 1
    else if (')]}'.includes(char)) depth -= 1
    else if (depth === 0 && !/\w/.test(code[i - 1] ?? '')) {
      const keyword = /^parameters\s*=(?!=)/.exec(code.slice(i, Math.min(end, i + 64)))
      if (keyword !== null) return i + keyword[0].length
    }
  }
  return null
}

/** A literal assigned to a name once, e.g. `SCHEMA = {...}`, for `parameters=SCHEMA`. */
const assignedTo = (name: string, source: string, code: string): Json | undefined => {
  const found = [...code.matchAll(new RegExp(`^${name}[ \\t]*(?::[^=\\n]*)?=(?!=)`, 'gm'))]
  const only = found[0]
  return found.length === 1 && only !== undefined
    ? read(source, only.index + only[0].length)
    : undefined
}

const read = (source: string, position: number): Json | undefined => {
  try {
    return new LiteralReader(source, position).value()
  } catch (error) {
    if (error instanceof NotALiteral) return undefined
    throw error
  }
}

/** An object's schema as it is; a bare dict of properties becomes one whose properties are all required. */
const toSchema = (literal: Json | undefined): ParameterSchema | null => {
  if (!isObject(literal)) return null
  if (isObject(literal['properties']))
    return { ...literal, type: 'object', properties: literal['properties'] }
  if (literal['type'] === 'object') return { ...literal, type: 'object', properties: {} }
  const names = Object.keys(literal)
  if (names.length === 0) return { type: 'object', properties: {} }
  if (!names.every((name) => isObject(literal[name]))) return null
  return { type: 'object', properties: literal, required: names }
}

/** A name as the whole argument; one of more than 128 characters would make too large a pattern to look for, and is nobody's. */
const NAME_ARGUMENT = /^\s*([A-Za-z_]\w{0,127})\s*[,)]/

/** The JSON Schema of a Python plugin's arguments; null when the source names none that can be read. */
export const readParameters = (source: string): ParameterSchema | null => {
  const code = withoutText(source)
  const call = firstCall(code)
  const position = call === null ? null : parametersIn(code, call)
  if (position === null) return null
  const name = NAME_ARGUMENT.exec(code.slice(position))?.[1]
  const literal =
    read(source, position) ?? (name === undefined ? undefined : assignedTo(name, source, code))
  return toSchema(literal)
}
