import type { Random } from './random.ts'

/** Values that break programs: of the wrong kind, at the edge of a kind, or with a meaning to something behind the server. */

const STRINGS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  'x\udc00y',
  '\ufeff',
  '\u202egnp.exe',
  '達哥'.repeat(20),
  '👩‍👩‍👧‍👦'.repeat(10),
  `e${'\u0301'.repeat(200)}`,
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'then',
  '../../../etc/passwd',
  '..\\..\\windows',
  '%00',
  '%ff%fe',
  "' or '1'='1",
  "'; drop table runs; --",
  '?1',
  '$1',
  '${7*7}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  'NaN',
  'Infinity',
  '-0',
  '1e999',
  'null',
  'true',
  '[object Object]',
  'data:image/png;base64,',
  'data:image/png;base64,!!!!',
  `data:image/png;base64,${'A'.repeat(5_000)}`,
  'http://127.0.0.1:1/',
  'http://[::1]/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'sandbox:/mnt/data/x.csv',
  '【4:0†source】',
  '\r\nx-injected: 1',
  '\u2028\u2029',
  'auto',
  'asst_',
  'thread_000000000000000000000000',
  'run_../../x',
]

const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.000001,
  255,
  256,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 63),
  2 ** 64,
  1e21,
  1e308,
  -1e308,
  5e-324,
  1e-320,
]

export const hostileString = (random: Random): string => {
  if (random.chance(0.03)) return random.pick(['x', '漢', '\u0301', '"', '\\', '\0']).repeat(70_000)
  if (random.chance(0.003)) return 'long '.repeat(60_000)
  if (random.chance(0.1)) return String.fromCharCode(...bytes(random, 1 + random.below(20), 65_536))
  return random.pick(STRINGS)
}

export const hostileNumber = (random: Random): number => random.pick(NUMBERS)

const bytes = (random: Random, count: number, below: number): number[] =>
  Array.from({ length: count }, () => random.below(below))

/** Bytes that are no text in any encoding. */
export const hostileBytes = (random: Random): Buffer =>
  Buffer.from(bytes(random, random.below(200), 256))

/** A value nested so deep that recursion over it would fail. */
const nested = (random: Random): unknown => {
  const depth = random.pick([10, 100, 255, 257, 2_000])
  let value: unknown = random.chance(0.5) ? {} : []
  for (let i = 0; i < depth; i += 1) value = random.chance(0.5) ? [value] : { a: value }
  return value
}

/** Any JSON value. */
export const hostileValue = (random: Random): unknown =>
  random.weighted<() => unknown>([
    [6, () => hostileString(random)],
    [4, () => hostileNumber(random)],
    [2, () => null],
    [2, () => random.chance(0.5)],
    [2, () => random.pick<unknown>([[], {}, [[]], [null], { '': '' }, [{}]])],
    [1, () => Array.from({ length: random.pick([1, 21, 129, 501, 3_000]) }, () => 'x')],
    [1, () => manyKeys(random.pick([1, 17, 65, 1_000]))],
    [0.3, () => nested(random)],
  ])()

const manyKeys = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))

/** Keys no schema has; `__proto__` only as an own key, as JSON.parse makes it. */
export const hostileKey = (random: Random): string =>
  random.pick(['__proto__', 'constructor', 'prototype', 'toString', '', 'x'.repeat(70), 'unknown'])
