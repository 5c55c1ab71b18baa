import { seconds, type Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { OneAtATime } from '../../platform/one-at-a-time.ts'
import type { Store } from '../../platform/store/store.ts'
import { foldUsage } from './fold-usage.ts'
import { forgetOldHolds } from './quota-store.ts'

/** Entries of this age are folded. Marks make it exact at any age: it is long only to fold many of an hour together. */
const AGE_SECONDS = 60
const EVERY_MS = 30_000

/** Folds the ledger from time to time, on every node. */
export class UsageFolder implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #folds: OneAtATime
  #timer: NodeJS.Timeout | null = null

  constructor({ store, clock, log }: { store: Store; clock: Clock; log: Logger }) {
    this.#folds = new OneAtATime(async () => {
      try {
        const before = seconds(clock.now()) - AGE_SECONDS
        await foldUsage(store, before, this.#stop.signal)
        await forgetOldHolds(store, clock.now())
      } catch (error) {
        log.error({ err: error }, 'usage could not be folded; trying again')
      }
    })
  }

  start(): void {
    this.#timer = setInterval(() => this.#folds.ask(), EVERY_MS)
    this.#folds.ask()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#stop.abort()
    await this.#folds.running
  }
}
