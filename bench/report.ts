import { cpus, totalmem } from 'node:os'
import { compared, type Figure, type Section } from './figures.ts'

export interface Machine {
  cores: number
  cpu: string
  memoryGib: number
  platform: string
  node: string
}

/** What the figures depend on; nothing that names the machine. */
export const thisMachine = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGib: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
})

const number = (value: number): string => {
  if (!Number.isFinite(value)) return '-'
  const digits = Math.abs(value) >= 100 ? 0 : 1
  return value.toFixed(digits)
}

const withUnit = (value: number, unit: Figure['unit']): string =>
  Number.isFinite(value) ? `${number(value)}${unit === 'per second' ? '/s' : ` ${unit}`}` : '-'

const comparison = (figure: Figure): string => {
  const ratio = figure.melzi / figure.beside
  if (!Number.isFinite(ratio)) return '-'
  const times = `${ratio.toFixed(2)}x`
  if (figure.compare === 'ratio') return times
  const added = compared(figure)
  return `${added < 0 ? '' : '+'}${withUnit(added, figure.unit)} (${times})`
}

const aim = (figure: Figure): string => {
  if (figure.aim === null) return ''
  const most = figure.compare === 'ratio' ? `${figure.aim}x` : `+${figure.aim} ${figure.unit}`
  return `<= ${most}: ${compared(figure) <= figure.aim ? 'kept' : 'missed'}`
}

const rows = (section: Section): string[][] => [
  [section.title, 'Melzi', section.beside, 'compared', 'aim'],
  ...section.figures.map((figure) => [
    figure.measure,
    withUnit(figure.melzi, figure.unit),
    withUnit(figure.beside, figure.unit),
    comparison(figure),
    aim(figure),
  ]),
]

/** A section as a table for a terminal. */
export const toText = (section: Section): string => {
  const cells = rows(section)
  const widths = cells[0]?.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  )
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [...lines, ...section.skipped.map((why) => `skipped: ${why}`)].join('\n')
}

const markdownTable = (section: Section): string =>
  rows(section)
    .map((row, index) => {
      const line = `| ${row.join(' | ')} |`
      return index === 0 ? `${line}\n|${' --- |'.repeat(row.length)}` : line
    })
    .join('\n')

/** docs/benchmarks.md. @param date as `2026-01-31` */
export const toMarkdown = (sections: readonly Section[], machine: Machine, date: string): string =>
  [
    '# Benchmarks',
    `Written by \`npm run bench -- --write\` on ${date}. Each table sets Melzi beside something else in one run on one machine, the two taking turns: trust the comparison, not the absolute values, which on a shared machine swing with its neighbours. Client, model and server are processes of their own on 127.0.0.1 and share its cores. \`npm run bench -- --help\` names the options.`,
    `Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, ${machine.platform}, Node ${machine.node}.`,
    ...sections.flatMap((section) => [
      `## ${section.title}`,
      section.how,
      ...(section.figures.length > 0 ? [markdownTable(section)] : []),
      ...section.skipped.map((why) => `Skipped: ${why}.`),
    ]),
  ].join('\n\n') + '\n'
