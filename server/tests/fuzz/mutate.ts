import { deflateSync, gzipSync } from 'node:zlib'
import {
  hostileBytes,
  hostileKey,
  hostileNumber,
  hostileString,
  hostileValue,
} from './hostile-values.ts'
import type { Random } from './random.ts'

interface Place {
  holder: Record<string, unknown>
  key: string
}

/** Every place of a value below its root. */
const placesOf = (value: unknown): Place[] => {
  const places: Place[] = []
  const open = [value]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one !== 'object' || one === null) continue
    const holder = one as Record<string, unknown>
    for (const key of Object.keys(holder)) {
      places.push({ holder, key })
      if (places.length < 500) open.push(holder[key])
    }
  }
  return places
}

/** Own key, whatever its name: an assignment to `__proto__` would set a prototype. */
const setKey = (holder: object, key: string, value: unknown): void => {
  Object.defineProperty(holder, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}

/** Changes a value in one place. */
const mutateOnce = (value: unknown, random: Random): unknown => {
  const places = placesOf(value)
  if (places.length === 0 || random.chance(0.03)) return hostileValue(random)
  const { holder, key } = random.pick(places)
  const old = holder[key]
  random.weighted<() => void>([
    [4, () => setKey(holder, key, hostileValue(random))],
    [3, () => setKey(holder, key, sameKind(old, random))],
    [2, () => void (Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key])],
    [
      2,
      () => setKey(holder, Array.isArray(holder) ? String(holder.length) : hostileKey(random), old),
    ],
    [1, () => setKey(holder, key, [old])],
    [1, () => setKey(holder, key, { [key]: old })],
    [1, () => setKey(holder, key, random.pick(places).holder)],
    [
      1,
      () =>
        setKey(
          holder,
          key,
          Array.from({ length: random.pick([2, 33, 129]) }, () => old),
        ),
    ],
  ])()
  return value
}

const sameKind = (old: unknown, random: Random): unknown => {
  if (typeof old === 'string')
    return random.chance(0.5) ? hostileString(random) : old + hostileString(random)
  if (typeof old === 'number') return hostileNumber(random)
  if (typeof old === 'boolean') return random.pick(['true', 0, null])
  return hostileValue(random)
}

/** A value changed in none to three places; cyclic after an unlucky change, and then the last good one. */
export const mutate = (value: unknown, random: Random): string => {
  let text = JSON.stringify(value) ?? 'null'
  // A copy: a sample may hold a value of its schema itself.
  let changed: unknown = JSON.parse(text)
  for (let times = random.pick([0, 0, 0, 1, 1, 1, 2, 3]); times > 0; times -= 1) {
    changed = mutateOnce(changed, random)
    try {
      text = JSON.stringify(changed) ?? 'null'
    } catch {
      return text
    }
    changed = JSON.parse(text)
  }
  return text
}

export interface Encoded {
  bytes: Buffer
  headers: Record<string, string>
}

const plain = (bytes: Buffer | string, headers: Record<string, string> = {}): Encoded => ({
  bytes: Buffer.from(bytes as string),
  headers,
})

/** A JSON text as bytes: mostly as it is, else damaged or in an encoding that was not asked for. */
export const encode = (text: string, random: Random): Encoded => {
  if (random.chance(0.88)) return plain(text)
  const at = random.below(text.length + 1)
  return random.weighted<() => Encoded>([
    [3, () => plain(text.slice(0, at))],
    [2, () => plain(text.slice(0, at) + hostileString(random) + text.slice(at))],
    [2, () => plain(Buffer.concat([Buffer.from(text.slice(0, at)), hostileBytes(random)]))],
    [2, () => plain(text.replace(/:(?:-?\d[\d.e+-]*|true|null)/, `:${random.pick(RAW)}`))],
    [2, () => plain(text.replace(/\{("[^"]+":)/, `{$1${random.pick(RAW)},$1`))],
    [1, () => plain(`\ufeff${text}`)],
    [
      1,
      () =>
        plain(Buffer.from(text, 'utf16le'), { 'content-type': 'application/json; charset=utf-16' }),
    ],
    [
      1,
      () =>
        plain(Buffer.from(text, 'latin1'), { 'content-type': 'application/json; charset=latin1' }),
    ],
    [1, () => plain(gzipSync(text), { 'content-encoding': 'gzip' })],
    [1, () => plain(deflateSync(text), { 'content-encoding': random.pick(['deflate', 'br']) })],
    [1, () => plain(`${text}${random.pick([text, ',', '\0', '}', ' // no'])}`)],
    [
      1,
      () => plain(random.pick(['', ' ', 'null', '[]', '"x"', '0', 'undefined', '{', '[[', '{"":'])),
    ],
    [0.3, () => plain(random.pick(['[', '{"a":']).repeat(50_000))],
    [0.2, () => plain(`{"metadata":{"a":"${'x'.repeat(3_000_000)}"}}`)],
  ])()
}

/** Tokens that are no JSON, or numbers no double holds. */
const RAW = [
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '-1e999',
  '0x10',
  '01',
  '9'.repeat(400),
  '1e-999',
  'undefined',
  "'x'",
]
