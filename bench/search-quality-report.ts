import type { Engine } from './filled-stores.ts'
import { qualityOf, type Judged } from './ranking-quality.ts'
import { KINDS, LANGUAGES, type Question, type SearchSet } from './search-set.ts'

/** All questions asked one way. */
export interface Measured {
  engine: Engine
  /** Name of a chunking in CHUNKINGS. */
  chunking: string
  ranking: 'text' | 'vectors' | 'joined'
  judged: Judged[]
}

const ENGINE_NAMES: Record<Engine, string> = { sqlite: 'SQLite', postgres: 'PostgreSQL' }

const columnName = ({ engine, ranking }: Measured): string =>
  ranking === 'vectors' ? 'vectors' : `${ranking}, ${ENGINE_NAMES[engine]}`

/** `0.912 / 0.845`: recall@5 and mean reciprocal rank. */
const cell = (judged: readonly Judged[]): string => {
  const { recall, reciprocalRank } = qualityOf(judged)
  return `${recall.toFixed(3)} / ${reciprocalRank.toFixed(3)}`
}

interface Row {
  name: string
  has: (question: Question) => boolean
}

const ROWS: readonly Row[] = LANGUAGES.flatMap((language) => [
  { name: `${language}, all`, has: (question: Question) => question.language === language },
  {
    name: `${language}, judging half`,
    has: (question: Question) => question.language === language && question.half === 'judge',
  },
  ...KINDS.map((kind) => ({
    name: `${language}, ${kind}`,
    has: (question: Question) => question.language === language && question.kind === kind,
  })),
])

const table = (measured: readonly Measured[]): string[][] => {
  const questions = measured[0]?.judged.map(({ question }) => question) ?? []
  return [
    ['questions', 'number', ...measured.map(columnName)],
    ...ROWS.map(({ name, has }) => [
      name,
      String(questions.filter(has).length),
      ...measured.map(({ judged }) => cell(judged.filter(({ question }) => has(question)))),
    ]).filter(([, count]) => count !== '0'),
  ]
}

const byChunking = (measured: readonly Measured[]): Map<string, Measured[]> =>
  Map.groupBy(measured, ({ chunking }) => chunking)

/** The tables for a terminal. */
export const toText = (measured: readonly Measured[], skipped: readonly string[]): string =>
  [...byChunking(measured)]
    .flatMap(([chunking, ways]) => {
      const cells = table(ways)
      const widths = cells[0]?.map((_, column) =>
        Math.max(...cells.map((row) => row[column]?.length ?? 0)),
      )
      const lines = cells.map((row) =>
        row
          .map((one, column) => one.padEnd(widths?.[column] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      return [`Chunks of ${chunking}; recall@5 / MRR`, ...lines, '']
    })
    .concat(skipped.map((why) => `skipped: ${why}`))
    .join('\n')

const markdownTable = (measured: readonly Measured[]): string =>
  table(measured)
    .map((row, index) => {
      const line = `| ${row.join(' | ')} |`
      return index === 0 ? `${line}\n|${' --- |'.repeat(row.length)}` : line
    })
    .join('\n')

const HOW = [
  'The documents are put into a store through the wire, as files of a batch, and every question is asked of `POST /vector_stores/{id}/search` with `ranker` `none` (text) and `auto` (joined). For vectors alone the wire has no word: the same search is called in the process of the bench, on the same database, with a weight of 0 for the text. A question counts as answered when one of the first five passages is of the right file **and** holds the answer word for word. Each cell is recall@5 / mean reciprocal rank over the first ten.',
  'The embeddings come from all-MiniLM-L6-v2 behind an OpenAI-compatible `/embeddings` of ours (`server/tests/support/python/minilm_server.py`). It is small, knows English only and reads the first 256 tokens of a text: its Chinese vectors are close to noise, and the end of a long chunk is invisible to it. The Chinese rows of the vectors therefore show what a wrong model does, and the joined ones whether text search holds against it.',
]

/** docs/search-quality.md. @param date as `2026-01-31` */
export const toMarkdown = (
  set: SearchSet,
  measured: readonly Measured[],
  skipped: readonly string[],
  date: string,
): string =>
  [
    '# Search quality',
    `Written by \`npm run bench -- search-quality --write\` on ${date}, over the labelled set in \`bench/search-set\`: ${set.documents.length} documents of our own, ${set.questions.length} questions, half English, half Traditional Chinese, with near-duplicates (two editions of a handbook, sibling appliances, two minutes of one council) so that the right file is not enough.`,
    ...HOW,
    ...[...byChunking(measured)].flatMap(([chunking, ways]) => [
      `## Chunks of ${chunking}`,
      markdownTable(ways),
    ]),
    ...skipped.map((why) => `Skipped: ${why}.`),
  ].join('\n\n') + '\n'
