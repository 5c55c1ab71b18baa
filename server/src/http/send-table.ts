import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { csvCell } from '../platform/csv.ts'

/** Rows as a file to be saved. */
export interface Table<T> {
  /** Of the file, without its ending. */
  name: string
  format: 'csv' | 'jsonl'
  /** The fields of a row, in this order; CSV has nothing else. */
  columns: readonly (keyof T & string)[]
}

/**
 * Streams a list as CSV (with a header line, CRLF, UTF-8 with its mark, so that sheets read Chinese) or as lines of JSON; rows are fetched as
 * they are taken, so a slow reader holds up nobody.
 */
export const sendTable = <R, T extends object>(
  reply: FastifyReply,
  { name, format, columns }: Table<T>,
  rows: AsyncIterable<R>,
  present: (row: R) => T,
): FastifyReply => {
  const lines = async function* (): AsyncGenerator<string> {
    if (format === 'csv') yield `\uFEFF${columns.join(',')}\r\n`
    for await (const row of rows) {
      const shown = present(row)
      yield format === 'csv'
        ? `${columns.map((column) => csvCell(shown[column])).join(',')}\r\n`
        : `${JSON.stringify(shown)}\n`
    }
  }
  return reply
    .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}.${format}"`)
    .send(Readable.from(lines()))
}
