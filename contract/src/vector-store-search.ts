/** Search of a vector store (behaviour.md 14). */
import * as z from 'zod/mini'
import { Attributes } from './vector-store-file.ts'

const ComparisonFilter = z.strictObject({
  type: z.enum(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin']),
  key: z.string(),
  value: z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.array(z.union([z.string(), z.number()])).check(z.maxLength(500)),
  ]),
})
export type ComparisonFilter = z.infer<typeof ComparisonFilter>

export interface CompoundFilter {
  type: 'and' | 'or'
  filters: SearchFilter[]
}
export type SearchFilter = ComparisonFilter | CompoundFilter

const nested = <T extends z.core.$ZodType>(inner: T) =>
  z.strictObject({ type: z.enum(['and', 'or']), filters: z.array(inner).check(z.maxLength(100)) })

/** Filters nest, four levels deep at most: that is written out, since a query must end somewhere. */
const level1 = z.discriminatedUnion('type', [ComparisonFilter, nested(ComparisonFilter)])
const level2 = z.discriminatedUnion('type', [ComparisonFilter, nested(level1)])
const level3 = z.discriminatedUnion('type', [ComparisonFilter, nested(level2)])
export const SearchFilter = z.discriminatedUnion('type', [ComparisonFilter, nested(level3)])

/** `none` ranks by the full text alone here, `auto` by text and vectors together. */
export const SearchRequest = z.strictObject({
  query: z.union([z.string(), z.array(z.string()).check(z.minLength(1), z.maxLength(20))]),
  rewrite_query: z._default(z.boolean(), false),
  max_num_results: z._default(z.int().check(z.minimum(1), z.maximum(50)), 10),
  filters: z.nullish(SearchFilter),
  ranking_options: z.nullish(
    z.strictObject({
      ranker: z._default(z.enum(['none', 'auto', 'default-2024-11-15']), 'auto'),
      score_threshold: z._default(z.number().check(z.minimum(0), z.maximum(1)), 0),
    }),
  ),
})
export type SearchRequest = z.infer<typeof SearchRequest>

export const SearchResult = z.object({
  file_id: z.string(),
  filename: z.string(),
  score: z.number(),
  attributes: z.nullable(Attributes),
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
})
export type SearchResult = z.infer<typeof SearchResult>

export const SearchPage = z.object({
  object: z.literal('vector_store.search_results.page'),
  search_query: z.array(z.string()),
  data: z.array(SearchResult),
  has_more: z.boolean(),
  next_page: z.nullable(z.string()),
})
export type SearchPage = z.infer<typeof SearchPage>
