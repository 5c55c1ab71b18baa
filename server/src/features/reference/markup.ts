/** Markup that is already safe to send. */
export interface Html {
  readonly text: string
}

type Piece = Html | string | number | readonly Html[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)

const toMarkup = (piece: Piece): string => {
  if (typeof piece === 'string' || typeof piece === 'number') return escape(String(piece))
  if ('text' in piece) return piece.text
  return piece.map(({ text }) => text).join('')
}

/** A template of markup; texts that are put in are escaped, markup is not. */
export const markup = (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html => ({
  text: strings
    .map((text, at) => text + (at < pieces.length ? toMarkup(pieces[at] ?? '') : ''))
    .join(''),
})

/** Nothing. */
export const none: Html = { text: '' }

export const isEmpty = ({ text }: Html): boolean => text === ''

/** Pieces with something between each two. */
export const joined = (pieces: readonly Html[], between: Html): Html => ({
  text: pieces.map(({ text }) => text).join(between.text),
})

/** A text with `code` in backticks. */
export const prose = (text: string): Html => ({
  text: escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>'),
})
