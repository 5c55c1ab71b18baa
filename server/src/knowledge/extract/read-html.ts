import { Parser } from 'htmlparser2'
import { decodeText } from './decode-text.ts'
import { unsupportedFile } from './extract-error.ts'
import type { TextSink } from './text-sink.ts'

/** Elements whose text nobody reads. */
const HIDDEN = new Set('script style noscript template svg math iframe object head'.split(' '))
/** Elements that begin and end a line. */
const BLOCK = new Set(
  'address article aside blockquote body caption dd div dl dt fieldset figcaption figure footer form header hr li main nav ol p pre section table tbody tfoot thead tr ul'.split(
    ' ',
  ),
)
const HEADING = /^h[1-6]$/

const META_CHARSET = /<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w-]+)/i
const XML_ENCODING = /^<\?xml[^>]{0,200}encoding\s*=\s*["']([\w-]+)/i

const declaredCharset = (bytes: Uint8Array): string | null => {
  const head = Buffer.from(bytes.subarray(0, 4_096)).toString('latin1')
  return META_CHARSET.exec(head)?.[1] ?? XML_ENCODING.exec(head)?.[1] ?? null
}

/**
 * The text a reader of a page sees, its title first.
 * @throws ExtractError unsupported_file when the bytes are no text
 */
export const readHtml = (bytes: Uint8Array, sink: TextSink): void => {
  const page = decodeText(bytes, declaredCharset(bytes))
  if (page === null) throw unsupportedFile('The file is named as a web page, but is not text.')
  readMarkup(page, sink)
}

/** The same, of a page that is already text. */
export const readMarkup = (page: string, sink: TextSink): void => {
  let hidden = 0
  let inTitle = false
  let inPre = 0
  let atLineStart = true
  const newLine = (count: number) => {
    if (!atLineStart) sink.add('\n'.repeat(count))
    atLineStart = true
  }
  const parser = new Parser(
    {
      onopentag(name) {
        if (name === 'title' && !inTitle) inTitle = true
        else if (HIDDEN.has(name)) hidden += 1
        else if (name === 'br') newLine(1)
        else if (name === 'td' || name === 'th') sink.add(atLineStart ? '' : '\t')
        else if (BLOCK.has(name)) newLine(1)
        else if (HEADING.test(name)) newLine(2)
        if (name === 'pre') inPre += 1
      },
      ontext(text) {
        if (hidden > 0 && !inTitle) return
        const shown = inPre > 0 ? text : text.replaceAll(/\s+/g, ' ')
        const piece = atLineStart && inPre === 0 ? shown.trimStart() : shown
        if (piece === '') return
        sink.add(piece)
        atLineStart = piece.endsWith('\n')
      },
      onclosetag(name) {
        if (name === 'title' && inTitle) {
          inTitle = false
          newLine(2)
        } else if (HIDDEN.has(name)) hidden -= 1
        else if (name === 'p' || HEADING.test(name)) newLine(2)
        else if (BLOCK.has(name)) newLine(1)
        if (name === 'pre') inPre -= 1
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  parser.write(page)
  parser.end()
}
