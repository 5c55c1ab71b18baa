/**
 * One event of a stream, LF ends, one `data:` line (behaviour.md 10).
 * @param dataJson JSON text without line breaks, as JSON.stringify gives it
 * @param id only on our own events route: the SDKs' streams carry none
 */
export const frame = (event: string, dataJson: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${dataJson}\n\n`

/** The last event of a stream, exactly. */
export const doneFrame = 'event: done\ndata: [DONE]\n\n'
