/** Listeners of this process, by channel. */
export class LocalChannels {
  readonly #listeners = new Map<string, Set<(payload: string) => void>>()

  /** Delivers later, as a notification from the network would come; an error of one listener does not keep it from the others. */
  deliver(channel: string, payload: string): void {
    for (const heard of this.#listeners.get(channel) ?? []) {
      setImmediate(() => {
        if (this.#listeners.get(channel)?.has(heard) === true) heard(payload)
      })
    }
  }

  /** @returns the function that stops listening */
  listen(channel: string, heard: (payload: string) => void): () => void {
    // A function of its own per call: the same listener given twice hears twice and stops one by one.
    const listener = (payload: string) => heard(payload)
    const set = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#listeners.get(channel) === set) this.#listeners.delete(channel)
    }
  }

  channels(): string[] {
    return [...this.#listeners.keys()]
  }
}
