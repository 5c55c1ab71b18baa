/** The usual constant: how little the first places differ. */
const K = 60

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

/** Joins rankings by reciprocal rank (Cormack, Clarke, Büttcher 2009), weighted: what stands high in several comes first. */
export const fuseRanks = (rankings: readonly Ranking[], k: number = K): Fused[] => {
  const sums = new Map<number, number>()
  let best = 0
  for (const { ids, weight } of rankings) {
    if (ids.length > 0) best += weight / (k + 1)
    for (const [index, id] of ids.entries()) {
      sums.set(id, (sums.get(id) ?? 0) + weight / (k + index + 1))
    }
  }
  return [...sums]
    .map(([id, sum]) => ({ id, share: sum / best }))
    .toSorted((a, b) => b.share - a.share || a.id - b.id)
}
