/** Work that stands in line: one at a time for each name, in the order in which it came. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Does the work when its turn has come. @throws what the work throws, or the signal's reason while it stands in line */
  async take<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve()
    const turn = before.then(() => {
      signal.throwIfAborted()
      return work()
    })
    // Who leaves the line keeps its place there, and does nothing when its turn comes.
    const after = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#last.set(name, after)
    void after.then(() => {
      if (this.#last.get(name) === after) this.#last.delete(name)
    })
    const { promise: gone, reject } = Promise.withResolvers<never>()
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([turn, gone])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
}
