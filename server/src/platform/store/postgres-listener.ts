import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { Logger } from '../log.ts'
import { LocalChannels } from './local-channels.ts'
import { connectPostgres } from './postgres-connection.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

/**
 * Hears NOTIFY on a connection of its own, made at the first listener and made again, with growing waits, whenever it is lost.
 * What is sent meanwhile is not heard: polling is the truth.
 */
export class PostgresListener implements AsyncDisposable {
  readonly #url: string
  readonly #log: Pick<Logger, 'warn'>
  readonly #channels = new LocalChannels()
  readonly #stop = new AbortController()
  #client: Client | null = null
  #running: Promise<void> | null = null

  constructor(url: string, log: Pick<Logger, 'warn'>) {
    this.#url = url
    this.#log = log
  }

  listen(channel: string, heard: (payload: string) => void): () => void {
    const known = this.#channels.channels().includes(channel)
    const stop = this.#channels.listen(channel, heard)
    if (this.#running === null) this.#running = this.#run()
    else if (!known) this.#subscribe(this.#client, channel)
    return stop
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#client?.end()
    await this.#running
  }

  /** A channel stays subscribed when its last listener goes: there are few, and they come back. */
  #subscribe(client: Client | null, channel: string): void {
    // Channel names are checked to be plain identifiers. When this fails the connection is gone and all are subscribed anew.
    client?.query(`listen ${channel}`).catch((error: unknown) => this.#warn(error))
  }

  async #run(): Promise<void> {
    let wait = FIRST_WAIT_MS
    while (!this.#stop.signal.aborted) {
      try {
        const client = await connectPostgres(this.#url)
        const lost = new Promise<void>((resolve) => client.on('end', resolve))
        client.on('error', (error) => this.#warn(error))
        client.on('notification', ({ channel, payload }) =>
          this.#channels.deliver(channel, payload ?? ''),
        )
        this.#client = client
        for (const channel of this.#channels.channels()) this.#subscribe(client, channel)
        wait = FIRST_WAIT_MS
        if (this.#stop.signal.aborted) await client.end()
        await lost
      } catch (error) {
        this.#warn(error)
      }
      this.#client = null
      await this.#pause(wait)
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stop
    await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  #warn(error: unknown): void {
    if (!this.#stop.signal.aborted)
      this.#log.warn(
        { err: error },
        'the connection that listens to PostgreSQL is lost; reconnecting',
      )
  }
}
