/**
 * The one way to an address that a user can influence: plugins' requests, image URLs, webhooks, OpenAPI and MCP servers.
 * Resolve once, refuse when any address is not public, connect to the address that was checked (name and certificate stay the
 * host's), start over at each redirect, cap bytes and time.
 */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { AppError } from './errors.ts'
import { isPublicAddress } from './public-address.ts'
import { createResolve, type Resolve, type ResolvedAddress } from './resolve-name.ts'

export type { Resolve, ResolvedAddress } from './resolve-name.ts'

export interface SafeFetchPolicy {
  /**
   * Hosts that may be asked: exact or `*.example.com`; `'public'` means any host whose addresses are public, and no internal one;
   * `'public-and-internal'` those of `internalHosts` too.
   */
  hosts: readonly string[] | 'public' | 'public-and-internal'
  /**
   * The operator's list of internal hosts, which may resolve to any address: `name` for the ports 80 and 443, `name:port` for
   * another.
   */
  internalHosts?: readonly string[]
  /** Ports of hosts that are not internal; 80 and 443 when left out. */
  ports?: readonly number[]
  /** Upload and download limits in bytes. */
  maxUpBytes: number
  maxDownBytes: number
  /** From the first look-up to the last byte, for each hop. */
  timeoutMs: number
  /** Tests hand in their own. */
  resolve?: Resolve
  /** Certificate authority besides the system's (PEM), for an operator's internal hosts. */
  ca?: string
}

export interface SafeRequest {
  method: string
  url: string
  headers: readonly (readonly [name: string, value: string])[]
  body: Uint8Array | null
}

/** What stands before the body of an answer. */
export interface SafeHead {
  status: number
  reason: string
  headers: [name: string, value: string][]
  url: string
}

export interface SafeResponse extends SafeHead {
  /** As it came over the wire: still content-encoded. */
  body: Buffer
}

/**
 * Takes the answer of one hop. `explain` says what an error of the message means: the policy's time, the signal's reason, or a failed
 * connection; time and signal end the message until its connection is closed.
 */
export type Receive<T> = (
  message: IncomingMessage,
  head: SafeHead,
  explain: (error: unknown) => unknown,
) => Promise<T>

export type SafeFetchErrorCode =
  | 'address_refused'
  | 'fetch_failed'
  | 'fetch_timeout'
  | 'body_too_large'

const DEFAULT_PORTS = [80, 443]
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const METHODS_REFUSED = new Set(['CONNECT', 'TRACE', 'TRACK'])
/** Hop-by-hop headers and those that the connection itself decides. */
const DROPPED_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const DROPPED_REPLY_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** An error of a request that leaves the server. */
export const fetchError = (code: SafeFetchErrorCode, message: string, cause?: unknown) =>
  new AppError({ status: 400, code, message, ...(cause === undefined ? {} : { cause }) })
const fail = fetchError
const refused = (message: string) => fail('address_refused', message)

/** One for the whole process, which bounds its look-ups. */
const systemResolve = createResolve()

const plainHost = (hostname: string) =>
  hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')

/** Whether `host` is in a list of exact names and `*.` patterns; the pattern does not match the bare domain. */
export const hostMatches = (host: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const wanted = pattern.toLowerCase()
    return wanted.startsWith('*.')
      ? host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1
      : host === wanted
  })

interface Target {
  url: URL
  host: string
  port: number
  /** The operator opened this host and port by name. */
  internal: boolean
}

/** The rules on the URL alone, before anything is resolved. Throws AppError `address_refused`. */
const checkUrl = (text: string, policy: SafeFetchPolicy): Target => {
  if (!URL.canParse(text)) throw refused('The URL is not valid.')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(`Only http and https are allowed, not ${url.protocol}`)
  if (url.username !== '' || url.password !== '')
    throw refused('A URL with a user name or password is not allowed.')
  const host = plainHost(url.hostname)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const { hosts } = policy
  if (typeof hosts !== 'string' && !hostMatches(host, hosts))
    throw refused(`The host ${host} is not on the list of allowed hosts.`)
  const opened = hosts === 'public' ? [] : (policy.internalHosts ?? [])
  const isUsualPort = DEFAULT_PORTS.includes(port)
  const internal =
    hostMatches(`${host}:${port}`, opened) || (isUsualPort && hostMatches(host, opened))
  if (!internal && !(policy.ports ?? DEFAULT_PORTS).includes(port))
    throw refused(`The port ${port} is not allowed.`)
  return { url, host, port, internal }
}

/** Resolves once; every address must be public. @returns the address to connect to. */
const vettedAddress = async (
  target: Target,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
): Promise<ResolvedAddress> => {
  const literal = isIP(target.host)
  let addresses: ResolvedAddress[]
  try {
    addresses =
      literal === 0
        ? await (policy.resolve ?? systemResolve)(target.host, {
            internal: target.internal,
            signal,
          })
        : [{ address: target.host, family: literal }]
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw fail('fetch_failed', `The host ${target.host} could not be found.`, cause)
  }
  const first = addresses[0]
  if (first === undefined) throw fail('fetch_failed', `The host ${target.host} has no address.`)
  if (!target.internal && !addresses.every(({ address }) => isPublicAddress(address))) {
    throw refused(`The host ${target.host} is not on the public internet.`)
  }
  // Hosts without an IPv6 route are common; all addresses passed the check, so take IPv4 where there is one.
  const chosen = addresses.find(({ address }) => isIP(address) === 4) ?? first
  return { address: chosen.address, family: isIP(chosen.address) }
}

/**
 * Whether a request to this URL would be let out now: its rules, its name and its addresses. Nothing is sent, and each request is checked
 * anew.
 * @throws AppError 400 with code `address_refused` or `fetch_failed`; the reason of `signal` when that aborts
 */
export const checkAddress = async (
  url: string,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
): Promise<void> => {
  await abortable(vettedAddress(checkUrl(url, policy), policy, signal), signal)
}

const checkedHeaders = (request: SafeRequest): string[] => {
  const flat: string[] = []
  for (const [name, value] of request.headers) {
    if (!TOKEN.test(name) || !HEADER_VALUE.test(value))
      throw refused(`The header ${JSON.stringify(name.slice(0, 64))} is not valid.`)
    if (!DROPPED_HEADERS.has(name.toLowerCase())) flat.push(name, value)
  }
  return flat
}

const replyHeaders = (message: IncomingMessage): [string, string][] => {
  const headers: [string, string][] = []
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    const name = message.rawHeaders[i] ?? ''
    if (!DROPPED_REPLY_HEADERS.has(name.toLowerCase()))
      headers.push([name, message.rawHeaders[i + 1] ?? ''])
  }
  return headers
}

const readBody = async (message: IncomingMessage, limit: number): Promise<Buffer> => {
  const tooLarge = () => fail('body_too_large', `The answer is larger than ${limit} bytes.`)
  if (
    Number(message.headers['content-length'] ?? 0) > limit &&
    message.headers['content-length'] !== undefined
  )
    throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Methods that have no body unless one is given; any other says its length, for Node would send it chunked. */
const BODILESS = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS'])

/** Settles in every state of the connection: with an answer, its failure, its end without an answer, or the abort of `signal`. */
const exchange = <T>(
  target: Target,
  address: ResolvedAddress,
  request: SafeRequest,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
  receive: (message: IncomingMessage, head: SafeHead) => Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const headers = ['Host', target.url.host, ...checkedHeaders(request)]
    const hasBody = request.body !== null && request.body.length > 0
    if (hasBody || !BODILESS.has(request.method.toUpperCase()))
      headers.push('Content-Length', String(request.body?.length ?? 0))
    headers.push('Connection', 'close')
    const options: RequestOptions & { ca?: string; servername?: string } = {
      method: request.method,
      host: address.address,
      port: target.port,
      path: target.url.pathname + target.url.search,
      headers,
      agent: false,
      ...(policy.ca === undefined ? {} : { ca: policy.ca }),
      // The certificate must be the name's, though the connection goes to the vetted address.
      ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    }
    const send = target.url.protocol === 'https:' ? httpsRequest : httpRequest
    const outgoing = send(options)
    const failWith = (error: unknown) => {
      reject(error)
      outgoing.destroy()
    }
    const stop = () => failWith(signal.reason)
    const noAnswer = (what: string) => fail('fetch_failed', `${target.host} ${what}.`)
    let answered = false
    outgoing.on('response', (message) => {
      answered = true
      const head = {
        status: message.statusCode ?? 0,
        reason: message.statusMessage ?? '',
        headers: replyHeaders(message),
        url: target.url.href,
      }
      receive(message, head).then(resolve, failWith)
    })
    // Node hands the socket over and forgets it: neither the request's signal nor its destroy() would end it.
    outgoing.on('upgrade', (_message, socket) => {
      socket.destroy()
      failWith(noAnswer('answered with another protocol'))
    })
    outgoing.on('error', failWith)
    outgoing.on('close', () => {
      signal.removeEventListener('abort', stop)
      if (!answered) failWith(noAnswer('closed the connection without an answer'))
    })
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    else outgoing.end(hasBody ? request.body : undefined)
  })

/**
 * One hop, no redirects; what becomes of the answer's body is up to `receive`.
 * @throws AppError 400 with code `address_refused` (policy), `fetch_failed` (name, connection, certificate), `fetch_timeout`,
 * `body_too_large`; the reason of `signal` when that aborts; what `receive` throws
 */
export const safeExchange = async <T>(
  request: SafeRequest,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
  receive: Receive<T>,
): Promise<T> => {
  signal.throwIfAborted()
  if (!TOKEN.test(request.method) || METHODS_REFUSED.has(request.method.toUpperCase()))
    throw refused('The method is not allowed.')
  if ((request.body?.length ?? 0) > policy.maxUpBytes)
    throw fail('body_too_large', `The request is larger than ${policy.maxUpBytes} bytes.`)
  const target = checkUrl(request.url, policy)
  const timeout = AbortSignal.timeout(policy.timeoutMs)
  const both = AbortSignal.any([signal, timeout])
  const explain = (error: unknown): unknown => {
    if (signal.aborted) return signal.reason
    if (timeout.aborted)
      return fail('fetch_timeout', `${target.host} did not answer within ${policy.timeoutMs} ms.`)
    if (error instanceof AppError) return error
    const detail = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
    return fail('fetch_failed', `The request to ${target.host} failed (${detail}).`, error)
  }
  try {
    const vetted = await abortable(vettedAddress(target, policy, both), both)
    return await exchange(target, vetted, request, policy, both, (message, head) =>
      receive(message, head, explain),
    )
  } catch (error) {
    throw explain(error)
  }
}

/** One hop, no redirects, its whole body. Same errors as {@link safeExchange}. */
export const safeRequest = (
  request: SafeRequest,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
): Promise<SafeResponse> =>
  safeExchange(request, policy, signal, async (message, head) => ({
    ...head,
    body: await readBody(message, policy.maxDownBytes),
  }))

const abortable = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })

/**
 * Follows up to `maxRedirects` redirects, each checked anew; `authorization` and `cookie` stay with their origin.
 * Same errors as {@link safeRequest}.
 */
export const safeFetch = async (
  request: SafeRequest,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
  maxRedirects = 5,
): Promise<SafeResponse> => {
  let current = request
  for (let hop = 0; ; hop += 1) {
    const response = await safeRequest(current, policy, signal)
    const location = response.headers.find(([name]) => name.toLowerCase() === 'location')?.[1]
    if (!REDIRECTS.has(response.status) || location === undefined) return response
    if (hop === maxRedirects)
      throw fail('fetch_failed', `${response.url} redirects more than ${maxRedirects} times.`)
    if (!URL.canParse(location, response.url)) throw refused('The URL of a redirect is not valid.')
    const next = new URL(location, response.url)
    const sameOrigin = next.origin === new URL(response.url).origin
    const becomesGet =
      response.status === 303
        ? current.method !== 'HEAD'
        : response.status < 303 && current.method === 'POST'
    const lost = new Set([
      ...(sameOrigin ? [] : ['authorization', 'cookie']),
      ...(becomesGet ? ['content-type'] : []),
    ])
    current = {
      method: becomesGet ? 'GET' : current.method,
      url: next.href,
      headers: current.headers.filter(([name]) => !lost.has(name.toLowerCase())),
      body: becomesGet ? null : current.body,
    }
  }
}
