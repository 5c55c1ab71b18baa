/** The host's end of a plugin's HTTP: counts, checks and performs each request, and keeps the audit. */
import type { HttpReplyMessage, HttpRequestMessage } from '@melzi/runner/protocol.ts'
import { AppError } from '../../platform/errors.ts'
import { safeRequest, type Resolve, type SafeFetchPolicy } from '../../platform/safe-fetch.ts'
import { CallGate } from '../../platform/call-gate.ts'
import type { EgressPolicy, SandboxLimits, SandboxResult } from './sandbox-driver.ts'

/** What the operator decides for all plugins. */
export interface EgressSettings {
  /** Internal hosts that plugins may reach when their own list names them: `name` or `name:port`. */
  internalHosts?: readonly string[]
  resolve?: Resolve
  ca?: string
}

/** Bounds what one call holds in this process: so many answers of at most `downBytes`. */
const REQUESTS_AT_ONCE = 5
/** A DNS name's most; IDNA takes seconds of this process for names of thousands of characters. */
const AUTHORITY_CHARS = 253
const NOTE_CHARS = 300

type HttpUsage = SandboxResult['usage']['http'][number]

/** One broker for one call. Never throws: a refusal is an answer. */
export class EgressBroker {
  readonly #egress: EgressPolicy
  readonly #limits: SandboxLimits['http']
  readonly #settings: EgressSettings
  readonly #usage: HttpUsage[] = []
  readonly #gate: CallGate
  #requests = 0
  #upBytes = 0
  #downBytes = 0

  constructor(egress: EgressPolicy, limits: SandboxLimits['http'], settings: EgressSettings) {
    this.#egress = egress
    this.#limits = limits
    this.#settings = settings
    this.#gate = new CallGate({ places: REQUESTS_AT_ONCE, line: limits.requests })
  }

  /** Host and status of each request; never a path, a header or a body. At most twice as many as requests are allowed. */
  get usage(): HttpUsage[] {
    return this.#usage
  }

  async answer(message: HttpRequestMessage, signal: AbortSignal): Promise<HttpReplyMessage> {
    const usage: HttpUsage = { host: '', status: null, refused: null }
    if (this.#usage.length < this.#limits.requests * 2) this.#usage.push(usage)
    const refuse = (sentence: string): HttpReplyMessage => {
      usage.refused = sentence.slice(0, NOTE_CHARS).toWellFormed()
      return { t: 'httpr', id: message.id, error: sentence }
    }
    this.#requests += 1
    if (this.#requests > this.#limits.requests)
      return refuse(`A plugin call may make ${this.#limits.requests} requests.`)
    if (authorityOf(message.url).length > AUTHORITY_CHARS)
      return refuse(`The host of a request may have ${AUTHORITY_CHARS} characters.`)
    usage.host = hostOf(message.url)
    const body = message.body === null ? null : Buffer.from(message.body, 'base64')
    this.#upBytes += body?.length ?? 0
    if (this.#upBytes > this.#limits.upBytes)
      return refuse(`A plugin call may send ${this.#limits.upBytes} bytes.`)
    try {
      using place = await this.#gate.enter(signal)
      if (place === null) return refuse('Too many requests wait at once.')
      const request = { method: message.method, url: message.url, headers: message.headers, body }
      const reply = await safeRequest(request, this.#policy(message), signal)
      this.#downBytes += reply.body.length
      if (this.#downBytes > this.#limits.downBytes)
        return refuse(`A plugin call may receive ${this.#limits.downBytes} bytes.`)
      usage.status = reply.status
      const { status, reason, headers } = reply
      return {
        t: 'httpr',
        id: message.id,
        status,
        reason,
        headers,
        body: reply.body.toString('base64'),
      }
    } catch (error) {
      if (error instanceof AppError) return refuse(error.message)
      return refuse('The request was stopped.')
    }
  }

  #policy(message: HttpRequestMessage): SafeFetchPolicy {
    const { internalHosts, resolve, ca } = this.#settings
    return {
      hosts: this.#egress.hosts,
      maxUpBytes: this.#limits.upBytes,
      maxDownBytes: Math.max(0, this.#limits.downBytes - this.#downBytes),
      timeoutMs: Math.max(
        1,
        Math.min(this.#limits.timeoutMs, message.timeoutMs ?? this.#limits.timeoutMs),
      ),
      ...(internalHosts === undefined ? {} : { internalHosts }),
      ...(resolve === undefined ? {} : { resolve }),
      ...(ca === undefined ? {} : { ca }),
    }
  }
}

const hostOf = (url: string): string => URL.parse(url)?.hostname.slice(0, NOTE_CHARS) ?? ''

/** What a parser would take for user, host and port, found without parsing it; tabs and line ends do not count in a URL. */
const authorityOf = (url: string): string =>
  /^[^:]*:[\\/]*([^\\/?#]*)/.exec(url.replaceAll(/[\t\n\r]/g, ''))?.[1] ?? ''
