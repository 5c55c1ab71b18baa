/** The usual constant: how little the first places differ. */
const K = 60

export interface Fused {
  id: number
  /** 1 for what is first in every list, towards 0 the further down. */
  share: number
}

/** Joins rankings by reciprocal rank (Cormack, Clarke, Büttcher 2009): what stands high in several lists comes first. */
export const fuseRanks = (lists: readonly (readonly number[])[]): Fused[] => {
  const sums = new Map<number, number>()
  const used = lists.filter((list) => list.length > 0)
  for (const list of used) {
    for (const [index, id] of list.entries()) {
      sums.set(id, (sums.get(id) ?? 0) + 1 / (K + index + 1))
    }
  }
  const best = used.length / (K + 1)
  return [...sums]
    .map(([id, sum]) => ({ id, share: sum / best }))
    .toSorted((a, b) => b.share - a.share || a.id - b.id)
}
