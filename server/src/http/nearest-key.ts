const MAX_DISTANCE = 2

/** Edits (insert, delete, replace) from one text to another; more than {@link MAX_DISTANCE} comes back as Infinity. */
const distance = (from: string, to: string): number => {
  if (Math.abs(from.length - to.length) > MAX_DISTANCE) return Infinity
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  const edits = row[to.length] ?? Infinity
  return edits <= MAX_DISTANCE ? edits : Infinity
}

/** The candidate within two edits of `key`, the nearest first; null when none is (behaviour.md 2, unknown key). */
export const nearestKey = (key: string, candidates: readonly string[]): string | null => {
  let best: string | null = null
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const edits = distance(key, candidate)
    if (edits < bestDistance) {
      best = candidate
      bestDistance = edits
    }
  }
  return best
}
