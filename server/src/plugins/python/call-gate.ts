/** Lets so many calls run at once and so many wait in line; the next is told `busy`. */
export class CallGate {
  readonly #limit: number
  readonly #queueLimit: number
  #running = 0
  readonly #queue: (() => void)[] = []

  constructor(limit: number, queueLimit: number) {
    this.#limit = limit
    this.#queueLimit = queueLimit
  }

  /** @returns the release of the place, or null when the line is full. Rejects when the signal aborts while waiting. */
  async enter(signal: AbortSignal): Promise<Disposable | null> {
    signal.throwIfAborted()
    if (this.#running >= this.#limit) {
      if (this.#queue.length >= this.#queueLimit) return null
      await this.#wait(signal)
    } else this.#running += 1
    let released = false
    return {
      [Symbol.dispose]: () => {
        if (released) return
        released = true
        const next = this.#queue.shift()
        if (next === undefined) this.#running -= 1
        else next()
      },
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(enter), 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(enter)
    })
  }
}
