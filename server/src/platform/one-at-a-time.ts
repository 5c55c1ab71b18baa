/**
 * Work that runs one at a time: asked for again while it runs, it runs once more afterwards, however often it was asked. What was new when
 * it was asked for is so always looked at.
 */
export class OneAtATime {
  readonly #work: () => Promise<void>
  #running: Promise<void> | null = null
  #again = false

  /** @param work handles its own errors; never rejects */
  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** The run in progress, to be waited for; null when nothing runs. */
  get running(): Promise<void> | null {
    return this.#running
  }

  ask(): void {
    if (this.#running !== null) {
      this.#again = true
      return
    }
    this.#running = this.#work().finally(() => {
      this.#running = null
      if (!this.#again) return
      this.#again = false
      this.ask()
    })
  }
}
