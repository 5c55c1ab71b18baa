import { AREAS, type Area, type Outcome } from './row.ts'

const STATUSES = ['pass', 'fail', 'our choice', 'skipped'] as const

const count = (outcomes: readonly Outcome[], status: Outcome['status']): number =>
  outcomes.filter((one) => one.status === status).length

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** One outcome as a line for a terminal. */
export const toLine = ({ row, status, note }: Outcome): string => {
  const what = `[${row.evidence}] ${row.area}: ${row.operation ?? row.kind}: ${row.name}`
  return `${status.padEnd(10)} ${what}${note === '' ? '' : ` -> ${oneLine(note)}`}`
}

/** Counts by area, in columns. */
export const toText = (outcomes: readonly Outcome[]): string => {
  const row = (name: string, some: readonly Outcome[]): string =>
    name.padEnd(18) +
    STATUSES.map((status) => String(count(some, status)).padStart(status.length + 2)).join('')
  const head = ' '.repeat(18) + STATUSES.map((status) => `  ${status}`).join('')
  const areas = AREAS.filter((area) => outcomes.some((one) => one.row.area === area))
  return [
    head,
    ...areas.map((area) => row(area, ofArea(outcomes, area))),
    row('all', outcomes),
  ].join('\n')
}

const ofArea = (outcomes: readonly Outcome[], area: Area): Outcome[] =>
  outcomes.filter((one) => one.row.area === area)

/** Ids differ from run to run; without them two reports can be compared. */
const withoutIds = (text: string): string =>
  text.replaceAll(/\b(\w+[_-])(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{20,}\b/g, '$1…')

const cell = (text: string): string =>
  withoutIds(oneLine(text)).replaceAll('|', '\\|').replaceAll('<', '&lt;').slice(0, 240)

const table = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')

const INTRO = `Each row is one thing a server of the Assistants v2 wire does or does not do. Every reply is held against the published schema, every stream against every rule of its grammar.
Evidence: **R** recorded traffic of the live service, **D** stated in its documents, **S** read in or measured with SDKs, **T** told by third parties, **0** what clients of this house ask for beside it, **?** not established. Rows with **?** are never conformance: they tell what the server does, its choice. What a row needs and does not find is skipped and said, never passed.
Not provoked: a full quota (429), a fault of the server itself (500) or of a stream (event error), the expiry of a run after its ten minutes, of idle threads.`

export interface Heading {
  /** Name and version, or address. */
  target: string
  command: string
  /** As `2026-01-31`. */
  date: string
}

/** docs/conformance.md */
export const toMarkdown = (
  outcomes: readonly Outcome[],
  { target, command, date }: Heading,
): string => {
  const areas = AREAS.filter((area) => outcomes.some((one) => one.row.area === area))
  const counts = (name: string, some: readonly Outcome[]) => [
    name,
    ...STATUSES.map((status) => String(count(some, status))),
  ]
  return `${[
    '# Conformance',
    `${target}, on ${date}, by \`${command}\`.`,
    INTRO,
    table(
      ['area', ...STATUSES],
      [...areas.map((area) => counts(area, ofArea(outcomes, area))), counts('all', outcomes)],
    ),
    ...areas.flatMap((area) => [
      `## ${area}`,
      table(
        ['operation', 'row', 'evidence', 'result', 'note'],
        ofArea(outcomes, area).map(({ row, status, note }) => [
          row.operation ?? '',
          cell(row.name),
          row.evidence,
          status,
          cell(note),
        ]),
      ),
    ]),
  ].join('\n\n')}\n`
}
