/**
 * Lets so many calls run at once and so many wait in line, in turns between their owners; the next is told `busy`. A call that takes long
 * steps aside: it goes on, and its place is another's.
 */
export interface Place extends Disposable {
  /**
   * Gives the place to the next in line, while the call goes on beside the others.
   * @returns false when so many already do, or so many of this owner: the call then keeps its place
   */
  stepAside(): boolean
}

export interface CallGateLimits {
  /** Calls that run at once. */
  places: number
  /** Calls that may wait. */
  line: number
  /** Calls of one owner at once, those that stepped aside included; all places when left out. */
  perOwner?: number
  /** Calls of one owner that may wait; as large a share of the line as of the places when left out. */
  ownerLine?: number
  /** Calls that may go on beside those that have a place; of one owner, all it may have but one. None when left out. */
  aside?: number
}

export class CallGate {
  readonly #limits: Required<CallGateLimits>
  readonly #ownerAside: number
  #places: number
  #waiting = 0
  /** Calls that have a place, by owner. */
  readonly #running = new Map<string, number>()
  /** Calls that stepped aside, by owner. */
  readonly #aside = new Map<string, number>()
  #asideCount = 0
  /** Calls that wait, by owner; the owner whose turn is next comes first. */
  readonly #lines = new Map<string, (() => void)[]>()

  constructor(limits: CallGateLimits) {
    const { places, line, perOwner = places, aside = 0 } = limits
    const ownerLine = limits.ownerLine ?? Math.ceil((line * perOwner) / places)
    this.#limits = { places, line, perOwner, ownerLine, aside }
    this.#places = places
    this.#ownerAside = Math.max(1, perOwner - 1)
  }

  /**
   * @param waitMs longest time in line
   * @returns the place, or null when the line, or the owner's share of it, is full, or the time is over. Rejects when the signal aborts
   * while waiting.
   */
  async enter(signal: AbortSignal, owner = '', waitMs = Infinity): Promise<Place | null> {
    signal.throwIfAborted()
    if (this.#mayRun(owner)) this.#count(owner, 1)
    else {
      const own = this.#lines.get(owner)?.length ?? 0
      if (this.#waiting >= this.#limits.line || own >= this.#limits.ownerLine) return null
      if (!(await this.#wait(signal, owner, waitMs))) return null
    }
    return this.#place(owner)
  }

  #place(owner: string): Place {
    let state: 'in' | 'aside' | 'left' = 'in'
    return {
      stepAside: () => {
        const own = this.#aside.get(owner) ?? 0
        if (state !== 'in') return state === 'aside'
        if (this.#asideCount >= this.#limits.aside || own >= this.#ownerAside) return false
        state = 'aside'
        this.#countAside(owner, 1)
        this.#count(owner, -1)
        this.#admit()
        return true
      },
      [Symbol.dispose]: () => {
        if (state === 'left') return
        if (state === 'aside') this.#countAside(owner, -1)
        else this.#count(owner, -1)
        state = 'left'
        this.#admit()
      },
    }
  }

  #mayRun(owner: string): boolean {
    const own = (this.#running.get(owner) ?? 0) + (this.#aside.get(owner) ?? 0)
    return this.#places > 0 && own < this.#limits.perOwner
  }

  #count(owner: string, change: 1 | -1): void {
    add(this.#running, owner, change)
    this.#places -= change
  }

  #countAside(owner: string, change: 1 | -1): void {
    add(this.#aside, owner, change)
    this.#asideCount += change
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

  /** @returns false when the time is over */
  #wait(signal: AbortSignal, owner: string, waitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(owner) ?? []
      const settle = () => {
        signal.removeEventListener('abort', abort)
        clearTimeout(timer)
      }
      const enter = () => {
        settle()
        resolve(true)
      }
      const leave = () => {
        settle()
        line.splice(line.indexOf(enter), 1)
        if (line.length === 0) this.#lines.delete(owner)
        this.#waiting -= 1
      }
      const abort = () => {
        leave()
        reject(signal.reason)
      }
      const late = () => {
        leave()
        resolve(false)
      }
      const timer = Number.isFinite(waitMs) ? setTimeout(late, waitMs) : undefined
      signal.addEventListener('abort', abort, { once: true })
      line.push(enter)
      this.#lines.set(owner, line)
      this.#waiting += 1
    })
  }
}

const add = (counts: Map<string, number>, owner: string, change: 1 | -1): void => {
  const count = (counts.get(owner) ?? 0) + change
  if (count === 0) counts.delete(owner)
  else counts.set(owner, count)
}
