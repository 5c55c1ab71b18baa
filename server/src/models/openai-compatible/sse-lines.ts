/** Most characters of one event that are held back until its end comes. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024

export interface SseReader {
  /** The data of every event that this piece completes. */
  push(piece: string): string[]
  /** The data of an event that the stream's end left without its blank line. */
  end(): string[]
}

/**
 * Reads an event stream piece by piece: LF, CRLF and CR line ends also across pieces, a byte order mark, comments, data over several
 * lines, `data:` with and without a space. Event names and ids are passed over, except that an `error:` line, as older llama.cpp
 * servers write it, becomes data of the form `{"error": …}`.
 * @throws {RangeError} when one event grows beyond 16 Mi characters
 */
export const createSseReader = (): SseReader => {
  let rest = ''
  let data: string | null = null
  let isFirst = true

  const readLine = (line: string, out: string[]): void => {
    if (line === '') {
      if (data !== null) out.push(data)
      data = null
    } else if (line.startsWith('data:')) {
      const value = line.charCodeAt(5) === 0x20 ? line.slice(6) : line.slice(5)
      data = data === null ? value : `${data}\n${value}`
    } else if (line.startsWith('error:')) {
      data = `{"error":${line.slice(6).trim()}}`
    }
  }

  const readLines = (text: string, out: string[]): string => {
    let start = 0
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code !== 0x0a && code !== 0x0d) continue
      // A CR at the very end may be half of a CRLF: it waits for the next piece.
      if (code === 0x0d && at === text.length - 1) break
      readLine(text.slice(start, at), out)
      if (code === 0x0d && text.charCodeAt(at + 1) === 0x0a) at += 1
      start = at + 1
    }
    return text.slice(start)
  }

  return {
    push: (piece) => {
      const out: string[] = []
      let text = rest + piece
      if (isFirst && text !== '') {
        isFirst = false
        if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
      }
      rest = readLines(text, out)
      if (rest.length + (data?.length ?? 0) > MAX_EVENT_LENGTH)
        throw new RangeError('One event of the stream is too long.')
      return out
    },
    end: () => {
      const out: string[] = []
      if (rest !== '') readLine(rest.replace(/\r$/, ''), out)
      readLine('', out)
      rest = ''
      return out
    },
  }
}
