import { countTokens, unitCost } from './token-cost.ts'

/** How a text is cut (behaviour.md 14): sizes in tokens. */
export interface Chunking {
  maxTokens: number
  overlapTokens: number
}

export interface Chunk {
  text: string
  /** Place of the chunk's first character in the whole text, in UTF-16 units. */
  start: number
  tokens: number
}

/** The smallest thing a chunk is made of: a sentence, a line, or a piece of one that is too long. */
interface Atom {
  start: number
  end: number
  cost: number
  endsParagraph: boolean
}

const SENTENCE_END = new Set('。！？；!?;.…')
/** May stand between the end of a sentence and the next one. */
const CLOSING = new Set('」』）】》〉”’"\')]')
/** A chunk may end at a paragraph when it is at least this full; else it is filled up with sentences. */
const FULL_ENOUGH = 0.7

/** Where a sentence or line ends that begins at `start`, at most `limit` tokens on. */
const endOfAtom = (text: string, start: number, limit: number): Atom => {
  let cost = 0
  let lastSpace = -1
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    cost += unitCost(unit)
    const character = text.charAt(at)
    if (character === '\n') {
      let end = at + 1
      while (end < text.length && /\s/.test(text.charAt(end))) end += 1
      const endsParagraph = end >= text.length || text.slice(at, end).split('\n').length > 2
      return { start, end, cost, endsParagraph }
    }
    if (SENTENCE_END.has(character) && isSentenceEnd(text, at)) {
      let end = at + 1
      while (end < text.length && CLOSING.has(text.charAt(end))) end += 1
      while (end < text.length && text.charAt(end) === ' ') end += 1
      return { start, end, cost, endsParagraph: false }
    }
    if (character === ' ') lastSpace = at
    // The second half of a character still belongs to it.
    if (cost < limit || isSecondHalf(text, at + 1)) continue
    const end = lastSpace > start ? lastSpace + 1 : at + 1
    return { start, end, cost, endsParagraph: false }
  }
  return { start, end: text.length, cost, endsParagraph: true }
}

/** A Latin full stop ends a sentence only before a space: 3.14 and example.org go on. */
const isSentenceEnd = (text: string, at: number): boolean =>
  text.charCodeAt(at) > 0x7f || at + 1 >= text.length || /[\s"')\]」』”’]/.test(text.charAt(at + 1))

const isSecondHalf = (text: string, at: number): boolean =>
  text.charCodeAt(at) >= 0xdc00 && text.charCodeAt(at) <= 0xdfff

const atomsOf = (text: string, limit: number): Atom[] => {
  const atoms: Atom[] = []
  for (let start = 0; start < text.length;) {
    const atom = endOfAtom(text, start, limit)
    atoms.push(atom)
    start = atom.end
  }
  return atoms
}

/**
 * Cuts a text into chunks of at most `maxTokens`, on borders of paragraphs or else sentences; each repeats up to `overlapTokens` of the one
 * before. Chunks are pieces of the text as it stands, without the white space around them.
 */
export function* chunkText(text: string, { maxTokens, overlapTokens }: Chunking): Generator<Chunk> {
  const atoms = atomsOf(text, Math.max(8, Math.min(200, maxTokens / 8)))
  let first = 0
  while (first < atoms.length) {
    let cost = 0
    let end = first
    let paragraph = -1
    while (end < atoms.length) {
      const atom = atoms[end]
      if (atom === undefined || (end > first && cost + atom.cost > maxTokens)) break
      cost += atom.cost
      end += 1
      if (atom.endsParagraph && cost >= maxTokens * FULL_ENOUGH) paragraph = end
    }
    if (paragraph > first && end < atoms.length) end = paragraph
    const chunk = trimmed(text, atoms[first]?.start ?? 0, atoms[end - 1]?.end ?? text.length)
    if (chunk !== null) yield chunk
    if (end >= atoms.length) return
    first = Math.max(first + 1, firstOfOverlap(atoms, end, overlapTokens))
  }
}

const firstOfOverlap = (atoms: readonly Atom[], end: number, overlapTokens: number): number => {
  let cost = 0
  let first = end
  while (first > 0) {
    cost += atoms[first - 1]?.cost ?? 0
    if (cost > overlapTokens) break
    first -= 1
  }
  return first
}

const trimmed = (text: string, from: number, to: number): Chunk | null => {
  const piece = text.slice(from, to)
  const content = piece.trim()
  if (content === '') return null
  return {
    text: content,
    start: from + (piece.length - piece.trimStart().length),
    tokens: countTokens(content),
  }
}
