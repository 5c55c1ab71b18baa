import type { ListQuery, ListReply } from '@melzi/contract/list.ts'
import type { Page, PageQuery } from '../platform/store/page.ts'

export const toPageQuery = (query: ListQuery): PageQuery => ({
  limit: query.limit,
  order: query.order,
  after: query.after ?? null,
  before: query.before ?? null,
})

/** A page in the wire's envelope (behaviour.md 3). */
export const listReply = <T extends { id: string }>(
  data: T[],
  page: Pick<Page<unknown>, 'hasMore'>,
): ListReply<T> => ({
  object: 'list',
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: page.hasMore,
})
