/**
 * JSON as people paste it: a byte order mark, commas before a closing bracket and raw line breaks or tabs inside strings are
 * tolerated. Anything else is as strict as JSON.parse.
 * @throws SyntaxError with JSON.parse's reason
 */
export const parseLooseJson = (text: string): unknown => {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text
  try {
    return JSON.parse(plain)
  } catch (error) {
    const repaired = repair(plain)
    if (repaired === plain) throw error
    return JSON.parse(repaired)
  }
}

const ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * A string or a comma before a closing bracket. The closing quote is optional, so that a string that never ends takes the rest of
 * the text at once, where each quote in it would be tried anew.
 */
const TOKEN = /"(?:[^"\\]|\\[^])*"?|,(?=\s*[}\]])/g

const repair = (text: string): string =>
  text.replace(TOKEN, (token) =>
    token === ',' ? '' : token.replace(/[\n\r\t]/g, (char) => ESCAPES[char] ?? char),
  )
