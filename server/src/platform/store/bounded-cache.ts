/** A map that forgets its least recently used entries when all together weigh more than `limit`. */
export class BoundedCache<V extends object> {
  readonly #entries = new Map<string, { value: V; weight: number }>()
  readonly #limit: number
  #weight = 0

  /** @param limit entries, or whatever the weights of {@link get} count */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The entry of this key, made now if it is new. One that weighs more than the limit is made each time. */
  get(key: string, make: (key: string) => V, weight = 1): V {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return known.value
    }
    const value = make(key)
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    for (const [oldest, { weight: less }] of this.#entries) {
      if (this.#weight <= this.#limit) break
      this.#entries.delete(oldest)
      this.#weight -= less
    }
    return value
  }
}
