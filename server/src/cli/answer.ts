/** What a command says: a value for `--json`, a text for people. */
export interface Answer {
  value: unknown
  text: string
  /** Whether the command found what it was to find; false ends with exit code 1. */
  ok?: boolean
  /** The text is somebody's file: nothing is added to it. */
  raw?: true
}

/** Rows as aligned columns. */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `2026-11-22 17:41` in UTC. */
export const day = (unixSeconds: number): string =>
  new Date(unixSeconds * 1000).toISOString().slice(0, 16).replace('T', ' ')
