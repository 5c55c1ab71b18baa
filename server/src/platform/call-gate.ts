/** Lets so many calls run at once and so many wait in line, in turns between their owners; the next is told `busy`. */
export class CallGate {
  readonly #queueLimit: number
  readonly #ownerLimit: number
  readonly #ownerQueueLimit: number
  #places: number
  #waiting = 0
  /** Calls that run, by owner. */
  readonly #running = new Map<string, number>()
  /** Calls that wait, by owner; the owner whose turn is next comes first. */
  readonly #lines = new Map<string, (() => void)[]>()

  /** @param ownerLimit calls of one owner at once, so that one cannot hold every place; its share of the line is the same */
  constructor(limit: number, queueLimit: number, ownerLimit: number = limit) {
    this.#places = limit
    this.#queueLimit = queueLimit
    this.#ownerLimit = ownerLimit
    this.#ownerQueueLimit = Math.ceil((queueLimit * ownerLimit) / limit)
  }

  /**
   * @returns the release of the place, or null when the line, or the owner's share of it, is full. Rejects when the signal aborts
   * while waiting.
   */
  async enter(signal: AbortSignal, owner = ''): Promise<Disposable | null> {
    signal.throwIfAborted()
    if (this.#mayRun(owner)) this.#count(owner, 1)
    else {
      const own = this.#lines.get(owner)?.length ?? 0
      if (this.#waiting >= this.#queueLimit || own >= this.#ownerQueueLimit) return null
      await this.#wait(signal, owner)
    }
    let released = false
    return {
      [Symbol.dispose]: () => {
        if (released) return
        released = true
        this.#count(owner, -1)
        this.#admit()
      },
    }
  }

  #mayRun(owner: string): boolean {
    return this.#places > 0 && (this.#running.get(owner) ?? 0) < this.#ownerLimit
  }

  #count(owner: string, change: 1 | -1): void {
    const count = (this.#running.get(owner) ?? 0) + change
    this.#places -= change
    if (count === 0) this.#running.delete(owner)
    else this.#running.set(owner, count)
  }

  /** One place became free: the first owner that may have it takes it, and goes behind the others. */
  #admit(): void {
    for (const [owner, line] of this.#lines) {
      if (!this.#mayRun(owner)) continue
      const enter = line.shift()
      this.#lines.delete(owner)
      if (line.length > 0) this.#lines.set(owner, line)
      this.#waiting -= 1
      this.#count(owner, 1)
      enter?.()
      return
    }
  }

  #wait(signal: AbortSignal, owner: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(owner) ?? []
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        line.splice(line.indexOf(enter), 1)
        if (line.length === 0) this.#lines.delete(owner)
        this.#waiting -= 1
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      line.push(enter)
      this.#lines.set(owner, line)
      this.#waiting += 1
    })
  }
}
