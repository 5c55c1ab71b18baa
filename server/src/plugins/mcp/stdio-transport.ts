/** MCP over the standard input and output of a program of the operator's choice. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import { LineReader } from '../python/line-reader.ts'
import { StructureCounter } from './structure-counter.ts'

/** A program the operator has listed. */
export interface StdioCommand {
  command: string
  args: readonly string[]
  /** Its whole environment, besides PATH. */
  env: Readonly<Record<string, string>>
}

/** What it may print between two messages of ours. */
export interface StdioLimits {
  bytes: number
  messages: number
  /** Objects, arrays, members and elements of its JSON. */
  parts: number
}

const ENDING_MS = 1_000

/**
 * The program is started anew, in a process group of its own, with the listed environment and PATH and nothing else of the server's; its
 * standard error goes nowhere. One that prints more than it may is ended. Ends with its group: a helper it started does not outlive it.
 */
export class StdioTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #command: StdioCommand
  readonly #path: string
  readonly #limits: StdioLimits
  readonly #parse: (value: unknown) => JSONRPCMessage
  #child: ChildProcess | null = null
  #bytes = 0
  #messages = 0
  readonly #counter = new StructureCounter()
  #isClosing = false
  /** Why it ended, where the program is to blame. */
  fault: string | null = null

  /** @param parse checks one message; throws when it is none */
  constructor(options: {
    command: StdioCommand
    path: string
    limits: StdioLimits
    parse: (value: unknown) => JSONRPCMessage
  }) {
    this.#command = options.command
    this.#path = options.path
    this.#limits = options.limits
    this.#parse = options.parse
  }

  /** Of the running program; null before and after. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** @throws Error when the program cannot be started */
  async start(): Promise<void> {
    const { command, args, env } = this.#command
    const child = spawn(command, [...args], {
      env: { PATH: this.#path, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
      shell: false,
    })
    this.#child = child
    const reader = new LineReader((line) => this.#read(line))
    child.stdin.on('error', (error) => this.onerror?.(error))
    child.stdout.on('error', (error) => this.onerror?.(error))
    child.stdout.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length
      this.#counter.push(chunk)
      const { bytes, parts } = this.#limits
      if (this.#bytes <= bytes && this.#counter.count <= parts) return reader.push(chunk)
      reader.close()
      const much = this.#bytes > bytes ? `${bytes} bytes` : `${parts} parts`
      this.#refuse(`printed more than ${much} at a time`)
    })
    child.once('exit', (code, killedBy) => {
      if (!this.#isClosing)
        this.fault ??= `ended (${code === null ? killedBy : `exit code ${code}`})`
      reader.close()
      endGroup(child, 'SIGKILL')
      this.#child = null
      this.onclose?.()
    })
    try {
      await once(child, 'spawn')
    } catch (error) {
      // It never was, so that it never ends either.
      this.#child = null
      throw error
    }
    child.on('error', (error) => this.onerror?.(error))
  }

  /** @throws Error when the program is gone */
  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin
    if (!stdin?.writable) throw new Error(`the program ${this.fault ?? 'is not running'}`)
    this.#bytes = 0
    this.#messages = 0
    this.#counter.reset()
    if (!stdin.write(`${JSON.stringify(message)}\n`))
      await Promise.race([once(stdin, 'drain'), once(stdin, 'close')])
  }

  /** Closes its input, which asks a program to end, and ends it where that does not help. */
  async close(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#isClosing = true
    const exited = once(child, 'exit')
    child.stdin?.end()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await settledWithin(exited, ENDING_MS)) return
      endGroup(child, signal)
    }
    await exited
  }

  #refuse(why: string): void {
    if (this.fault !== null) return
    this.fault = why
    if (this.#child !== null) endGroup(this.#child, 'SIGKILL')
  }

  #read(line: Buffer): void {
    this.#messages += 1
    if (this.#messages > this.#limits.messages)
      return this.#refuse(`sent more than ${this.#limits.messages} messages at a time`)
    let value: unknown
    try {
      value = JSON.parse(line.toString('utf8'))
    } catch {
      return // Programs print what is no message, though they must not.
    }
    try {
      this.onmessage?.(this.#parse(value))
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

const endGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // The whole group has ended.
  }
}

const settledWithin = async (promise: Promise<unknown>, ms: number): Promise<boolean> => {
  const over = new AbortController()
  try {
    return await Promise.race([promise.then(() => true), sleep(ms, false, { signal: over.signal })])
  } finally {
    over.abort()
  }
}
