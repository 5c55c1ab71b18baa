import { publishedOperations, type PublishedOperation } from '../support/openapi.ts'
import { randomForm } from './form.ts'
import { hostileString } from './hostile-values.ts'
import { encode, mutate, type Encoded } from './mutate.ts'
import { OWN } from './own-routes.ts'
import type { Pools } from './pools.ts'
import type { Random } from './random.ts'
import { sample } from './sample.ts'

export interface RandomRequest {
  /** `POST /threads/{thread_id}`: the route meant, for the report. */
  route: string
  method: string
  /** With its query. */
  path: string
  headers: Record<string, string>
  body: Buffer
}

const PREFIXES = ['/api/assts/v1', '/v1', '/openai', '/openai/v1'] as const
/** Azure's chat and audio of a deployment. */
const deployments = (operations: readonly PublishedOperation[]): PublishedOperation[] =>
  operations
    .filter(({ path }) => /^\/(?:chat|audio)\//.test(path))
    .map((one) => ({ ...one, path: `!/openai/deployments/{deployment}${one.path}` }))

/** Every route of the server. */
export const fuzzedRoutes = (): PublishedOperation[] => {
  const published = publishedOperations()
  return [...published, ...OWN, ...deployments(published)]
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']

/** A request near what one route takes. @param key of the API */
export const randomRequest = (
  routes: readonly PublishedOperation[],
  random: Random,
  pools: Pools,
  key: string,
): RandomRequest => {
  let operation = random.pick(routes)
  // objects must live for a while
  if (operation.method === 'DELETE' && random.chance(0.7)) operation = random.pick(routes)
  const { bytes, headers } = randomBody(operation, random, pools)
  const method = random.chance(0.97) ? operation.method : random.pick(METHODS)
  return {
    route: `${operation.method} ${operation.path.replace('!', '')}`,
    method,
    path: randomPath(operation, random, pools) + randomQuery(operation, random, pools),
    headers: { ...baseHeaders(random, key), ...headers, ...oddHeaders(random) },
    body: method === 'GET' && random.chance(0.97) ? Buffer.alloc(0) : bytes,
  }
}

const randomBody = (
  { json, form, path, method }: PublishedOperation,
  random: Random,
  pools: Pools,
): Encoded => {
  if (form !== null && random.chance(0.96)) return randomForm(path, random)
  const type = { 'content-type': 'application/json' }
  if (json === null) {
    if (method === 'GET' || random.chance(0.5)) return { bytes: Buffer.alloc(0), headers: {} }
    const encoded = encode(mutate({ price: 120, weight: 2 }, random), random)
    return { ...encoded, headers: { ...type, ...encoded.headers } }
  }
  const encoded = encode(mutate(sample(json, random, pools), random), random)
  return { ...encoded, headers: { ...type, ...encoded.headers } }
}

/** Text as a part of a path or query: mostly encoded as it must be. */
const escape = (text: string, random: Random): string =>
  random.chance(0.9)
    ? encodeURIComponent(text.toWellFormed())
    : random.pick([
        '%',
        '%zz',
        '%c3%28',
        '%00',
        '%2F..%2F',
        '..',
        '.',
        '//',
        '%ff',
        '+',
        ';a=b',
        '@',
      ])

const randomPath = ({ path }: PublishedOperation, random: Random, pools: Pools): string => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const family = pools.family(names, random)
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (random.chance(0.03)) return escape(hostileString(random).slice(0, 6_000), random)
    if (name === 'model' || name === 'deployment') return random.pick(['scripted', 'none', 'a%2Fb'])
    const id = family[name] ?? 'none'
    return random.chance(0.02) ? id.slice(0, random.below(id.length + 1)) || '%20' : id
  })
  const whole = filled.startsWith('!') ? filled.slice(1) : random.pick(PREFIXES) + filled
  return random.chance(0.02) ? whole + random.pick(['/', '//', '/..', '/%2e%2e', '?', '#x']) : whole
}

const queryValue = (name: string, random: Random, pools: Pools): string => {
  if (random.chance(0.2)) return hostileString(random).slice(0, 3_000)
  if (name === 'limit')
    return random.pick(['1', '2', '20', '100', '0', '-1', '101', '1e3', '99999999999999999999'])
  if (name === 'order') return random.pick(['asc', 'desc', 'ASC', ''])
  if (name === 'include[]') return 'step_details.tool_calls[*].file_search.results[*].content'
  if (name === 'filter') return random.pick(['in_progress', 'completed', 'failed', 'cancelled'])
  if (name === 'purpose') return random.pick(['assistants', 'vision', 'none'])
  if (name === 'params') return random.pick(['{"msg":"x"}', '{', '[]', 'null'])
  if (name === 'pid') return random.pick(['unit_price', 'none'])
  if (name === 'name') return random.pick(['unit_price', 'p', '外掛', 'none'])
  const kind =
    { tid: 'thread_id', aid: 'assistant_id', vector_store_id: 'vector_store_id' }[name] ?? 'run_id'
  const kinds = [
    'message_id',
    'thread_id',
    'run_id',
    'step_id',
    'file_id',
    'assistant_id',
    'vector_store_id',
    'plugin_id',
    'call_id',
  ]
  const any = name === 'after' || name === 'before' ? random.pick(kinds) : kind
  return pools.id(any, random) ?? 'none'
}

const randomQuery = ({ query, path }: PublishedOperation, random: Random, pools: Pools): string => {
  const pairs: string[] = []
  const wanted = path === '/pluginapi' ? 0.9 : 0.3
  for (const { name } of query) {
    if (!random.chance(wanted)) continue
    const value = queryValue(name, random, pools)
    pairs.push(`${name}=${escape(value, random)}`)
    if (random.chance(0.03))
      pairs.push(`${name}${random.pick(['', '[]', '[a]'])}=${escape(value, random)}`)
  }
  if (random.chance(0.04))
    pairs.push(`${escape(random.pick(['__proto__', 'constructor', 'x', 'limit[]', '']), random)}=1`)
  if (random.chance(0.05)) pairs.push('api-version=2024-05-01-preview')
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

const baseHeaders = (random: Random, key: string): Record<string, string> =>
  random.chance(0.97)
    ? { authorization: `Bearer ${key}` }
    : random.pick<Record<string, string>>([
        {},
        { authorization: '' },
        { authorization: key },
        { authorization: `Basic ${Buffer.from(`:${key}`).toString('base64')}` },
        { authorization: 'Basic !!' },
        { authorization: `Bearer ${'x'.repeat(9_000)}` },
        { authorization: 'Bearer mlz_\xe9\xff' },
        { 'api-key': key },
        { 'api-key': '\x80' },
      ])

const ODD_HEADERS: readonly Record<string, string>[] = [
  { 'openai-beta': 'assistants=v1' },
  { 'content-type': '' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-7' },
  { 'content-type': ';;;' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'br, gzip' },
  { accept: 'text/html' },
  { accept: ';q=,,' },
  { origin: 'null' },
  { origin: '\xff' },
  { 'access-control-request-headers': 'authorization, \xe9' },
  { 'x-forwarded-for': '::1, x, 999.999.999.999' },
  { 'x-forwarded-host': 'evil.example' },
  { host: 'evil.example:99999' },
  { 'x-http-method-override': 'DELETE' },
  { 'last-event-id': '-1' },
  { 'last-event-id': '9'.repeat(40) },
  { 'last-event-id': 'NaN' },
  { range: 'bytes=5-1' },
  { 'if-none-match': '*' },
  { expect: '100-continue' },
  { upgrade: 'websocket', connection: 'Upgrade' },
  { 'x-stainless-poll-helper': 'true', 'x-stainless-retry-count': '-1' },
  { 'x-request-id': 'req_\xe9' },
  { cookie: `a=${'x'.repeat(4_000)}` },
  { 'x-long': 'x'.repeat(20_000) },
]

const oddHeaders = (random: Random): Record<string, string> =>
  random.chance(0.1) ? random.pick(ODD_HEADERS) : {}
