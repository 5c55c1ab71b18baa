import type { ListQuery } from '@melzi/contract/list.ts'
import { errors } from '../platform/errors.ts'
import type { Page } from '../platform/store/page.ts'

/**
 * One page of a short list that is at hand as a whole, in its own order, which counts as ascending.
 * @param kind for the error of a cursor that is not in the list
 * @throws AppError 404
 */
export const pageOf = <T extends { id: string }>(
  whole: readonly T[],
  { limit, order, after, before }: ListQuery,
  kind: string,
): Page<T> => {
  const items = order === 'asc' ? [...whole] : whole.toReversed()
  const placeOf = (id: string): number => {
    const place = items.findIndex((item) => item.id === id)
    if (place < 0) throw errors.notFound(kind, id)
    return place
  }
  const from = after === undefined ? 0 : placeOf(after) + 1
  const until = before === undefined ? items.length : placeOf(before)
  const between = items.slice(from, Math.max(from, until))
  const isBackward = before !== undefined && after === undefined
  return {
    items: isBackward ? between.slice(-limit) : between.slice(0, limit),
    hasMore: between.length > limit,
  }
}
