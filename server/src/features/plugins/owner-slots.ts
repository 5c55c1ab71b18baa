/**
 * At most `perOwner` calls of one owner at a time, so that one person's plugins cannot hold the whole sandbox; the rest wait in order.
 */
export interface OwnerSlots {
  /**
   * Takes a slot, waiting at most `waitMs`. Gives the function that returns it, or null when none came free or too many wait already.
   * Rejects with the signal's reason when that aborts first.
   */
  take(owner: string, waitMs: number, signal: AbortSignal): Promise<(() => void) | null>
}

interface Owner {
  running: number
  waiting: Set<() => void>
}

/** @param limits.waiting how many calls of one owner may wait */
export const createOwnerSlots = (limits: { perOwner: number; waiting: number }): OwnerSlots => {
  const owners = new Map<string, Owner>()

  const release = (name: string, owner: Owner): void => {
    const next = owner.waiting.values().next()
    if (!next.done) {
      owner.waiting.delete(next.value)
      next.value()
      return
    }
    owner.running -= 1
    if (owner.running === 0) owners.delete(name)
  }

  return {
    take(name, waitMs, signal) {
      if (signal.aborted) return Promise.reject(signal.reason)
      const owner = owners.get(name) ?? { running: 0, waiting: new Set() }
      owners.set(name, owner)
      const give = once(() => release(name, owner))
      if (owner.running < limits.perOwner) {
        owner.running += 1
        return Promise.resolve(give)
      }
      if (owner.waiting.size >= limits.waiting) return Promise.resolve(null)
      return new Promise((resolve, reject) => {
        const leave = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', abort)
          owner.waiting.delete(start)
        }
        const start = () => {
          leave()
          resolve(give)
        }
        const abort = () => {
          leave()
          reject(signal.reason)
        }
        const timer = setTimeout(() => {
          leave()
          resolve(null)
        }, waitMs)
        signal.addEventListener('abort', abort, { once: true })
        owner.waiting.add(start)
      })
    },
  }
}

const once = (action: () => void): (() => void) => {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
