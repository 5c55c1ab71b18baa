import { BrokenStreamRule, hold } from './stream-rules.ts'

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

/** The answer of a stream says what it is. */
export const holdContentType = (headers: Headers): void => {
  const type = headers.get('content-type')
  hold('content-type', type === 'text/event-stream; charset=utf-8', String(type))
}

/**
 * Reads a stream as behaviour.md 10 fixes its bytes: LF ends, `event:` then one `data:` line with one space, a blank line, comments
 * between events. Anything else fails the test that reads. Our own events route adds an `id:` line (`withIds`).
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  { withIds = false } = {},
): AsyncGenerator<WireEvent> {
  const start = performance.now()
  // a byte order mark is not swallowed
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch (error) {
      throw new BrokenStreamRule('utf-8', String(error))
    }
  }
  let text = ''
  for await (const chunk of body) {
    text += decode(chunk)
    hold('utf-8', !text.includes('\uFEFFevent'), 'a byte order mark')
    hold('lf', !text.includes('\r'))
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const event = parseBlock(block, withIds)
      if (event !== null) yield { ...event, atMs: performance.now() - start }
    }
  }
  decode()
  hold('blank-line', text.replace(/^(?::[^\n]*\n)+/, '') === '', JSON.stringify(text.slice(-200)))
}

const parseBlock = (block: string, withIds: boolean): Omit<WireEvent, 'atMs'> | null => {
  const shown = JSON.stringify(block.slice(0, 600))
  const lines = block.split('\n').filter((line) => !line.startsWith(':') && line !== '')
  if (lines.length === 0) return null
  const id = lines.find((line) => line.startsWith('id:'))
  hold('no-id', withIds === (id !== undefined), shown)
  hold('no-retry', !lines.some((line) => line.startsWith('retry:')), shown)
  const rest = lines.filter((line) => line !== id)
  const event = /^event: (\S+)$/.exec(rest[0] ?? '')?.[1]
  const raw = /^data: (\S.*)$/.exec(rest[1] ?? '')?.[1]
  hold('event-line', rest.length === 2 && event !== undefined && raw !== undefined, shown)
  if (event === 'done') hold('done-exactly', raw === '[DONE]', JSON.stringify(raw))
  hold('unescaped', !/(?<!\\)(?:\\\\)*\\u(?!00|d[89a-f])[0-9a-f]{4}/i.test(raw), shown)
  return { event, raw, data: parseData(raw), ...(id === undefined ? {} : { id: id.slice(4) }) }
}

const parseData = (raw: string): unknown => {
  if (raw === '[DONE]') return raw
  try {
    return JSON.parse(raw)
  } catch (error) {
    throw new BrokenStreamRule('json', `${String(error)} in ${JSON.stringify(raw.slice(0, 200))}`)
  }
}
