import { OwnWill, type Bench } from './bench.ts'
import type { Outcome, Row } from './row.ts'
import { lacks } from './target.ts'

const MAX_NOTE = 600

const checkRow = async (row: Row, bench: Bench): Promise<Outcome> => {
  const need = lacks(bench.target, row.needs)
  if (need !== null) return { row, status: 'skipped', note: `needs ${need}` }
  bench.target.script?.clear()
  try {
    const note = (await row.check(bench)) ?? ''
    return { row, status: row.evidence === '?' ? 'our choice' : 'pass', note }
  } catch (error) {
    if (error instanceof OwnWill)
      return { row, status: 'skipped', note: `needs a scripted model: ${error.message}` }
    // A row is judged by whatever its check throws: an assertion, or a connection that broke.
    const note = error instanceof Error ? error.message : String(error)
    return { row, status: 'fail', note: note.slice(0, MAX_NOTE) }
  }
}

/** Checks row after row; no row depends on another. @param each hears every outcome as it comes */
export const checkRows = async (
  rows: readonly Row[],
  bench: Bench,
  each: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> => {
  const outcomes: Outcome[] = []
  for (const row of rows) {
    const outcome = await checkRow(row, bench)
    outcomes.push(outcome)
    each(outcome)
  }
  return outcomes
}
