/** What one exchange with an MCP server may cost. A server that wants more ends the exchange and not the connection of others. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AppError } from '../../platform/errors.ts'
import { fetchError } from '../../platform/safe-fetch.ts'
import type { SandboxResult } from '../python/sandbox-driver.ts'

export interface BudgetLimits {
  requests: number
  upBytes: number
  downBytes: number
  /** JSON-RPC messages the server may send. */
  messages: number
  /** Objects, arrays, members and elements of their JSON. */
  parts: number
  /** Of one HTTP exchange, from the look-up to the last byte. */
  timeoutMs: number
}

export type HttpRecord = SandboxResult['usage']['http'][number]

/** After the server has ended its answer, the client may still ask for the rest of it: for so long nothing is said to be lost. */
const GRACE_MS = 3_000

export class CallBudget {
  readonly limits: BudgetLimits
  readonly http: HttpRecord[] = []
  readonly #stop = new AbortController()
  #requests = 0
  #downBytes = 0
  #parts = 0
  #messages = 0
  #fault: AppError | null = null
  #lost: NodeJS.Timeout | null = null

  constructor(limits: BudgetLimits) {
    this.limits = limits
  }

  /** Aborts when the exchange is over, whether well or not. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** What ended the exchange before its time. */
  get fault(): AppError | null {
    return this.#fault
  }

  get downBytesLeft(): number {
    return this.limits.downBytes - this.#downBytes
  }

  /** @throws AppError 400 when the exchange is over, or has no request left */
  takeRequest(): void {
    this.#stop.signal.throwIfAborted()
    if (this.#lost !== null) clearTimeout(this.#lost)
    this.#lost = null
    this.#requests += 1
    if (this.#requests <= this.limits.requests) return
    const message = `The MCP server needs more than ${this.limits.requests} requests.`
    const fault = fetchError('fetch_failed', message)
    this.fail(fault)
    throw fault
  }

  /** @throws AppError 400 `body_too_large` */
  countChunk(bytes: number, parts: number): void {
    this.#downBytes += bytes
    this.#parts += parts
    if (this.#parts <= this.limits.parts) return
    const message = `The answer of the MCP server has more than ${this.limits.parts} parts.`
    throw fetchError('body_too_large', message)
  }

  countMessage(): void {
    this.#messages += 1
    if (this.#messages > this.limits.messages)
      this.fail(
        fetchError(
          'body_too_large',
          `The MCP server sent more than ${this.limits.messages} messages.`,
        ),
      )
  }

  /** An answer's body has ended; unless the exchange ends or goes on soon, the answer never was in it. */
  answerEnded(): void {
    if (this.#stop.signal.aborted) return
    const lost = () =>
      this.fail(fetchError('fetch_failed', 'The MCP server ended its reply without an answer.'))
    if (this.#lost !== null) clearTimeout(this.#lost)
    this.#lost = setTimeout(lost, GRACE_MS).unref()
  }

  /** Ends the exchange and everything it has open. The first reason stands. */
  fail(fault: AppError): void {
    this.#fault ??= fault
    this.end()
  }

  end(): void {
    if (this.#lost !== null) clearTimeout(this.#lost)
    this.#lost = null
    this.#stop.abort(this.#fault ?? new Error('the exchange is over'))
  }
}

/** The exchange on whose behalf the SDK is at work: its requests, reconnections and replies to the server all count there. */
export const currentBudget = new AsyncLocalStorage<CallBudget>()
