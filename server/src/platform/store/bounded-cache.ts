/** A map that forgets its least recently used entry beyond `limit` entries. */
export class BoundedCache<V extends object> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The entry of this key, made now if it is new. */
  get(key: string, make: (key: string) => V): V {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return known
    }
    const made = make(key)
    this.#entries.set(key, made)
    if (this.#entries.size > this.#limit) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return made
  }
}
