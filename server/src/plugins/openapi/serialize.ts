/** Values as text of parameters and forms: style and explode of the specification. */
import { isObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'
import type { InputPlan, Serialization } from './document-plan.ts'

const MOST_PAIRS = 10_000

/** What one value becomes where it is put down as pairs: in a query, a cookie or a form. Nothing is encoded yet. */
export const toPairs = (
  name: string,
  value: Json,
  { style, explode, asJson }: Serialization,
): [name: string, value: string][] => {
  if (asJson || !isContainer(value)) return [[name, asJson ? JSON.stringify(value) : plain(value)]]
  if (style === 'deepObject') return deepPairs(name, value)
  if (Array.isArray(value)) {
    if (value.length === 0) return []
    if (explode) return value.map((item): [string, string] => [name, plain(item)])
    return [[name, value.map(plain).join(SEPARATORS[style] ?? ',')]]
  }
  const entries = Object.entries(value)
  if (explode) return entries.map(([key, item]): [string, string] => [key, plain(item)])
  return [
    [name, entries.flatMap(([key, item]) => [key, plain(item)]).join(SEPARATORS[style] ?? ',')],
  ]
}

const SEPARATORS: Readonly<Record<string, string>> = { spaceDelimited: ' ', pipeDelimited: '|' }

/** `filter[a][b]=1`, and `items[0][id]=2` for arrays within. */
const deepPairs = (name: string, value: Json): [string, string][] => {
  const pairs: [string, string][] = []
  const walk = (path: string, inner: Json) => {
    if (pairs.length >= MOST_PAIRS) return
    if (!isContainer(inner)) pairs.push([path, plain(inner)])
    else for (const [key, item] of Object.entries(inner)) walk(`${path}[${key}]`, item)
  }
  walk(name, value)
  return pairs
}

/** A value in a path, already encoded. */
export const toPathText = (value: Json, { style, explode, asJson, name }: InputPlan): string => {
  if (asJson) return encodeURIComponent(JSON.stringify(value))
  const text = (one: Json) => encodeURIComponent(plain(one))
  const key = encodeURIComponent(name)
  if (!isContainer(value)) {
    if (style === 'label') return `.${text(value)}`
    return style === 'matrix' ? `;${key}=${text(value)}` : text(value)
  }
  const pairs = Object.entries(value).map(([part, one]) => [encodeURIComponent(part), text(one)])
  const named = !Array.isArray(value)
  const parts = pairs.map(([part, one]) => (named && explode ? `${part}=${one}` : one))
  const flat = named && !explode ? pairs.flat() : parts
  if (style === 'label') return `.${flat.join(explode ? '.' : ',')}`
  if (style !== 'matrix') return flat.join(',')
  if (!explode) return `;${key}=${flat.join(',')}`
  return named ? `;${parts.join(';')}` : parts.map((part) => `;${key}=${part}`).join('')
}

/** A value in a header. */
export const toHeaderText = (value: Json, { explode, asJson }: Serialization): string => {
  if (asJson || !isContainer(value)) return asJson ? JSON.stringify(value) : plain(value)
  if (Array.isArray(value)) return value.map(plain).join(',')
  const entries = Object.entries(value)
  return entries.map(([key, item]) => `${key}${explode ? '=' : ','}${plain(item)}`).join(',')
}

/** A value that is no list: text as it is, anything else as JSON. */
const plain = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

const isContainer = (value: Json): value is Json[] | { [key: string]: Json } =>
  Array.isArray(value) || isObject(value)
