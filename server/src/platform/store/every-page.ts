import type { Page, PageQuery } from './page.ts'

const PAGE = 200

/** Everything of a list, the oldest first, page by page, so that no long list is held as a whole. */
export async function* everyPage<T extends { id: string }>(
  list: (query: PageQuery) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let after: string | null = null
  for (;;) {
    const page: Page<T> = await list({ limit: PAGE, order: 'asc', after, before: null })
    yield* page.items
    after = page.items.at(-1)?.id ?? null
    if (!page.hasMore || after === null) return
  }
}
