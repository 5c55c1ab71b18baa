import assert from 'node:assert/strict'

export interface WireEvent {
  event: string
  /** As it stood on the line. */
  raw: string
  /** Parsed, except for `[DONE]`. */
  data: unknown
  /** Only on our own events route. */
  id?: string
  /** Milliseconds after the reader began. */
  atMs: number
}

/**
 * Reads a stream as behaviour.md 10 fixes its bytes: LF ends, `event:` then one `data:` line with one space, a blank line, comments
 * between events. Anything else fails the test that reads. Our own events route adds an `id:` line (`withIds`).
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  { withIds = false } = {},
): AsyncGenerator<WireEvent> {
  const start = performance.now()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const event = parseBlock(block, withIds)
      if (event !== null) yield { ...event, atMs: performance.now() - start }
    }
  }
  assert.equal(text.replace(/^(?::[^\n]*\n)+/, ''), '', 'the stream ends with a blank line')
}

const parseBlock = (block: string, withIds: boolean): Omit<WireEvent, 'atMs'> | null => {
  assert.doesNotMatch(block, /\r/, 'line ends are LF')
  const lines = block.split('\n').filter((line) => !line.startsWith(':') && line !== '')
  if (lines.length === 0) return null
  const id = lines.find((line) => line.startsWith('id: '))
  const rest = lines.filter((line) => line !== id)
  assert.equal(id !== undefined, withIds, `id line in ${JSON.stringify(block)}`)
  assert.equal(rest.length, 2, `one event line and one data line in ${JSON.stringify(block)}`)
  const event = /^event: (\S+)$/.exec(rest[0] ?? '')?.[1]
  const raw = /^data: (\S.*)$/.exec(rest[1] ?? '')?.[1]
  assert.ok(event !== undefined && raw !== undefined, `event and data in ${JSON.stringify(block)}`)
  const data: unknown = raw === '[DONE]' ? raw : JSON.parse(raw)
  return { event, raw, data, ...(id === undefined ? {} : { id: id.slice(4) }) }
}
