/**
 * How little the first places differ, 1 / (K + place). The usual 60 is meant for deep, good rankings: with it, what stands thirtieth in two rankings beats
 * what is first in one, and on short chunks the joined list was worse than its better half (docs/search-quality.md).
 */
const K = 1
/** The same for the share, by which thresholds cut: there the next place is only a little less than the one before. */
const K_OF_SHARE = 60

/** One way of putting things in order. */
export interface Ranking {
  /** Best first. */
  ids: readonly number[]
  /** What it counts for beside the others; above 0. */
  weight: number
}

export interface Fused {
  id: number
  /** 1 for what is first in every ranking, towards 0 the further down. */
  share: number
}

/** Joins rankings by reciprocal rank (Cormack, Clarke, Büttcher 2009), weighted; best first. */
export const fuseRanks = (rankings: readonly Ranking[]): Fused[] => {
  const sums = new Map<number, { id: number; order: number; share: number }>()
  const used = rankings.filter(({ ids }) => ids.length > 0)
  const whole = used.reduce((total, { weight }) => total + weight, 0)
  for (const { ids, weight } of used) {
    for (const [index, id] of ids.entries()) {
      const sum = sums.get(id) ?? { id, order: 0, share: 0 }
      sum.order += weight / (K + index + 1)
      sum.share += ((weight / whole) * (K_OF_SHARE + 1)) / (K_OF_SHARE + index + 1)
      sums.set(id, sum)
    }
  }
  return [...sums.values()]
    .toSorted((a, b) => b.order - a.order || a.id - b.id)
    .map(({ id, share }) => ({ id, share }))
}
