import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { component } from '../server/tests/support/components.ts'
import { startMiniLm } from '../server/tests/support/minilm-server.ts'
import { CHUNKINGS, ENGINES, fillStores, type Engine, type FilledStores } from './filled-stores.ts'
import { judge, type Judged } from './ranking-quality.ts'
import { readSearchSet, type Question } from './search-set.ts'
import { toMarkdown, toText, type Measured } from './search-quality-report.ts'

/** `npm run bench -- search-quality`: how often search finds the passage that answers. See search-quality-report.ts for what is written. */

const DOCUMENT = path.join(import.meta.dirname, '../docs/search-quality.md')

const USAGE = `npm run bench -- search-quality [--write]
  judges search by the labelled set in bench/search-set; fetches a small embedding model (100 MB) the first time
  --write            also write docs/search-quality.md
`

/** Ways of searching. The wire has words for text alone and for both; vectors alone are asked of the same search within this process. */
const ASK: Record<
  Measured['ranking'],
  (stores: FilledStores, cut: number, question: string) => ReturnType<FilledStores['ask']>
> = {
  text: (stores, cut, question) => stores.ask(cut, question, 'none'),
  vectors: (stores, cut, question) =>
    stores.askWithin(cut, question, { weights: { text: 0, embedding: 1 } }),
  joined: (stores, cut, question) => stores.ask(cut, question, 'auto'),
}

const measureOn = async (
  engine: Engine,
  stores: FilledStores,
  questions: readonly Question[],
): Promise<Measured[]> => {
  const measured: Measured[] = []
  for (const [cut, { name }] of CHUNKINGS.entries()) {
    for (const ranking of ['text', 'vectors', 'joined'] as const) {
      // The vectors are the same on both engines, and so is the code that looks at them.
      if (ranking === 'vectors' && engine === 'postgres') continue
      const judged: Judged[] = []
      for (const question of questions)
        judged.push(judge(question, await ASK[ranking](stores, cut, question.question)))
      measured.push({ engine, chunking: name, ranking, judged })
    }
  }
  return measured
}

/** Runs the whole measure, a few minutes. @throws Error when the embedding model cannot be fetched or a document is not indexed */
export const benchSearchQuality = async (args: readonly string[]): Promise<void> => {
  const unknown = args.find((arg) => arg !== '--write' && arg !== '--help')
  if (unknown !== undefined) throw new Error(`'${unknown}' is no option\n${USAGE}`)
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return
  }
  const set = await readSearchSet()
  const skipped: string[] = []
  const measured: Measured[] = []
  await using model = await startMiniLm()
  for (const engine of ENGINES) {
    const { available, install } = component('postgresql')
    if (engine === 'postgres' && !available) {
      skipped.push(`PostgreSQL is missing; install it with: ${install}`)
      continue
    }
    await using stores = await fillStores(engine, set, model)
    measured.push(...(await measureOn(engine, stores, set.questions)))
  }
  console.log(toText(measured, skipped))
  if (args.includes('--write'))
    await writeFile(
      DOCUMENT,
      toMarkdown(set, measured, skipped, new Date().toISOString().slice(0, 10)),
    )
}
