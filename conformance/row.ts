import type { Bench } from './bench.ts'

/** One row of the table: one thing a server does or does not do as behaviour.md has it. */

export const AREAS = [
  'transport',
  'models',
  'assistants',
  'threads',
  'messages',
  'runs',
  'tool outputs',
  'run steps',
  'streams',
  'file search',
  'code interpreter',
  'files',
  'uploads',
  'vector stores',
  'store files',
  'file batches',
  'search',
  'pass-through',
  'azure',
] as const
export type Area = (typeof AREAS)[number]

/** How the rule is known (behaviour.md): Recorded, Documented, SDK, Third party, `0` what this kind of server adds, `?` not established. */
export type Evidence = 'R' | 'D' | 'S' | 'T' | '0' | '?'

/** What a row cannot do without. */
export type Need =
  | 'a scripted model'
  | 'a second key'
  | 'a speech model'
  | 'a transcription model'
  | 'an Azure address'

export interface Row {
  area: Area
  /** `operationId` of the contract; null for what is not one operation's. */
  operation: string | null
  kind: 'good' | 'error' | 'list' | 'stream' | 'isolation'
  name: string
  /** With `?` the row is never conformance: it tells what the server does. */
  evidence: Evidence
  needs: readonly Need[]
  /**
   * @returns what is worth telling, or nothing
   * @throws Error when the server does something else
   */
  check: (bench: Bench) => Promise<string | void>
}

export interface Outcome {
  row: Row
  status: 'pass' | 'fail' | 'our choice' | 'skipped'
  /** What the server did, or why the row failed or was skipped. */
  note: string
}

type Check = Row['check']
type Add = (
  operation: string | null,
  name: string,
  evidence: Evidence,
  check: Check,
  ...needs: Need[]
) => void

/** Where an area's rows are written down. */
export const rowsOf = (area: Area): { rows: Row[] } & Record<Row['kind'], Add> => {
  const rows: Row[] = []
  const adder =
    (kind: Row['kind']): Add =>
    (operation, name, evidence, check, ...needs) => {
      rows.push({ area, operation, kind, name, evidence, needs, check })
    }
  return {
    rows,
    good: adder('good'),
    error: adder('error'),
    list: adder('list'),
    stream: adder('stream'),
    isolation: adder('isolation'),
  }
}
