import { everyPage } from '../platform/store/every-page.ts'
import type { Page, PageQuery } from '../platform/store/page.ts'

/** All items of a paged list, oldest first. */
export const everyItem = async <T extends { id: string }>(
  list: (query: PageQuery) => Promise<Page<T>>,
): Promise<T[]> => {
  const items: T[] = []
  for await (const item of everyPage(list)) items.push(item)
  return items
}
