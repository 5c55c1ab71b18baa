import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startChild } from './child.ts'
import type { Figure, Scale, Section } from './figures.ts'
import type { FillJob, SearchJob, SearchKind } from './search-store.ts'
import { percentile } from './statistics.ts'

const KINDS: readonly SearchKind[] = ['text', 'vectors', 'joined', 'bare statement', 'bare scan']
const FILL = 10_000
/** ms */
const AIM = 20

const sizes = ({ quick }: Scale) =>
  quick
    ? { chunks: 1_000, dimensions: 64, rounds: 1, searches: 10 }
    : { chunks: 100_000, dimensions: 384, rounds: 5, searches: 40 }

/** Searches of a large store by words, by vectors and by both, against the statement and the scan they are made of. */
export const measureSearch = async (scale: Scale): Promise<Section> => {
  const { chunks, dimensions, rounds, searches } = sizes(scale)
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'melzi-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const setup = { folder, dimensions }
  const store = cleanup.use(await startChild(new URL('search-store.ts', import.meta.url), setup))
  for (let from = 0; from < chunks; from += FILL) {
    const job: FillJob = { kind: 'fill', from, to: Math.min(chunks, from + FILL) }
    await store.ask(job)
  }
  const times = new Map<SearchKind, number[]>(KINDS.map((kind) => [kind, []]))
  // The first round loads the vectors and warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of KINDS) {
      const job: SearchJob = { kind, from: round * searches, count: searches }
      const taken = await store.ask<number[]>(job)
      if (round > 0) times.get(kind)?.push(...taken)
    }
  }
  const at = (kind: SearchKind, share: number) => percentile(times.get(kind) ?? [], share)
  const figure = (measure: string, melzi: number, beside: number): Figure => ({
    measure,
    unit: 'ms',
    melzi,
    beside,
    compare: 'ratio',
    aim: null,
  })
  const both = (share: number) => at('bare statement', share) + at('bare scan', share)
  return {
    name: 'search',
    title: 'Search in a vector store',
    beside: 'bare statement or scan',
    how: `A store of ${chunks.toLocaleString('en')} chunks of 400 tokens, Chinese and English by halves, whose words are as frequent as in real text, with vectors of ${dimensions} numbers, on SQLite. Questions are pieces of its texts. Beside the search by text its FTS5 statement alone (the best 10 by BM25, with the same terms); beside the search by vectors the scan alone, in the same thread; beside both together the one after the other. What a provider takes to embed the question is left out. The aim is ${AIM} ms (p50) for both together. ${rounds} interleaved rounds of ${searches} searches each.`,
    figures: [
      figure('by text, p50', at('text', 0.5), at('bare statement', 0.5)),
      figure('by text, p95', at('text', 0.95), at('bare statement', 0.95)),
      figure('by vectors, p50', at('vectors', 0.5), at('bare scan', 0.5)),
      figure('by vectors, p95', at('vectors', 0.95), at('bare scan', 0.95)),
      figure(`joined, p50 (aim: ${AIM} ms)`, at('joined', 0.5), both(0.5)),
      figure('joined, p95', at('joined', 0.95), both(0.95)),
    ],
    skipped: [],
  }
}
