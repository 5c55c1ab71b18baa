import type { Page, PageQuery } from '../platform/store/page.ts'

/** All items of a paged list, oldest first. */
export const everyItem = async <T extends { id: string }>(
  list: (query: PageQuery) => Promise<Page<T>>,
): Promise<T[]> => {
  const items: T[] = []
  for (;;) {
    const after = items.at(-1)?.id ?? null
    const page = await list({ limit: 100, order: 'asc', after, before: null })
    items.push(...page.items)
    if (!page.hasMore) return items
  }
}
