/** The one way of an MCP connection to its server: {@link safeStream} in the shape of `fetch`. */
import type { FetchLike } from '@modelcontextprotocol/client'
import { AppError } from '../../platform/errors.ts'
import { fetchError } from '../../platform/safe-fetch.ts'
import { safeStream, type SafeStream } from '../../platform/safe-stream.ts'
import type { AuthEgress, AuthParts } from '../auth-headers.ts'
import { CallBudget, currentBudget, type BudgetLimits } from './call-budget.ts'
import { StructureCounter } from './structure-counter.ts'

export interface McpFetchOptions {
  /** The server's address. */
  url: string
  egress: AuthEgress
  authorize: (signal: AbortSignal) => Promise<AuthParts>
  /** The server refused what {@link authorize} gave; says whether asking it again can help. */
  forget: () => boolean
}

/** What is said outside of an exchange: cancellations, and the end of a session. */
const ASIDE: BudgetLimits = {
  requests: 3,
  upBytes: 65_536,
  downBytes: 65_536,
  messages: 10,
  parts: 1_000,
  timeoutMs: 3_000,
}
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304])

/**
 * Requests go to the host of `url` only, are vetted and limited as plugins' requests are, and count in the budget of the exchange they
 * belong to. The stream a server may keep open to speak unasked is never opened: nothing it could say is of use here.
 */
export const createMcpFetch = (options: McpFetchOptions): FetchLike => {
  const host = plainHost(new URL(options.url))
  return async (url, init = {}) => {
    const headers = new Headers(init.headers)
    const method = init.method ?? 'GET'
    if (method === 'GET' && !headers.has('last-event-id'))
      return new Response(null, { status: 405 })
    const body = typeof init.body === 'string' ? init.body : ''
    const budget = isAside(method, body)
      ? new CallBudget(ASIDE)
      : (currentBudget.getStore() ?? new CallBudget(ASIDE))
    const signals = [budget.signal, ...(init.signal ? [init.signal] : [])]
    const signal = AbortSignal.any(signals)
    const send = async () => {
      budget.takeRequest()
      const parts = await options.authorize(signal)
      return exchange(String(url), method, headers, body, { parts, host, budget, signal, options })
    }
    try {
      let answer = await send()
      if (answer.status === 401 && options.forget()) {
        answer.close()
        answer = await send()
      }
      return respond(answer, budget, method === 'POST')
    } catch (error) {
      if (error instanceof AppError) budget.fail(error)
      throw error
    }
  }
}

/** Notifications are nobody's answer: a cancellation must go out though its exchange is over. */
const isAside = (method: string, body: string): boolean => {
  if (method === 'DELETE') return true
  if (body === '') return false
  const message: unknown = JSON.parse(body)
  return typeof message === 'object' && message !== null && !('id' in message)
}

/** A host as policies name it. */
const plainHost = (url: URL): string =>
  url.hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')

const exchange = async (
  address: string,
  method: string,
  headers: Headers,
  body: string,
  given: {
    parts: AuthParts
    host: string
    budget: CallBudget
    signal: AbortSignal
    options: McpFetchOptions
  },
): Promise<SafeStream> => {
  const { parts, host, budget, signal, options } = given
  const url = new URL(address)
  for (const [name, value] of parts.query) url.searchParams.append(name, value)
  const shown = new Set(parts.headers.map(([name]) => name.toLowerCase()))
  const request = {
    method,
    url: url.href,
    headers: [
      ...[...headers].filter(([name]) => !shown.has(name) && name !== 'accept-encoding'),
      ['accept-encoding', 'identity'] as const,
      ...parts.headers,
    ],
    body: body === '' ? null : Buffer.from(body),
  }
  const { upBytes, timeoutMs } = budget.limits
  const limits = { maxUpBytes: upBytes, maxDownBytes: budget.downBytesLeft, timeoutMs }
  try {
    const answer = await safeStream(
      request,
      { ...options.egress, ...limits, hosts: [host] },
      signal,
    )
    budget.http.push({ host, status: answer.status, refused: null })
    return answer
  } catch (error) {
    const refused =
      error instanceof AppError && error.code === 'address_refused' ? error.message : null
    budget.http.push({ host: url.hostname, status: null, refused })
    throw error
  }
}

const respond = (answer: SafeStream, budget: CallBudget, isAsked: boolean): Response => {
  const fail = (why: string) => {
    answer.close()
    return fetchError('fetch_failed', `The MCP server ${why}.`)
  }
  const encoding = answer.headers.find(([name]) => name.toLowerCase() === 'content-encoding')?.[1]
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw fail('sent a compressed answer, which was not asked for')
  if (answer.status < 200 || answer.status > 599)
    throw fail(`answered with the status ${answer.status}`)
  let headers: Headers
  try {
    headers = new Headers(answer.headers)
  } catch {
    throw fail('sent headers that are not valid')
  }
  const init = { status: answer.status, statusText: '', headers }
  if (WITHOUT_BODY.has(answer.status)) {
    answer.close()
    return new Response(null, init)
  }
  return new Response(ReadableStream.from(counted(answer.body, budget, isAsked)), init)
}

async function* counted(
  body: SafeStream['body'],
  budget: CallBudget,
  isAsked: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  const counter = new StructureCounter()
  try {
    for await (const chunk of body) {
      counter.push(chunk)
      budget.countChunk(chunk.length, counter.count)
      counter.reset()
      yield chunk
    }
    if (isAsked) budget.answerEnded()
  } catch (error) {
    // The SDK keeps errors of a stream to itself, and would wait for an answer that can no longer come.
    if (error instanceof AppError) budget.fail(error)
    throw error
  }
}
