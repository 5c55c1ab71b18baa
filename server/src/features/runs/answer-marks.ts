/** Marks in a model's answer that stand for files: citations of passages, and links to files its Python wrote (behaviour.md 12). */
import type { Annotation } from '@melzi/contract/message.ts'

/** A piece of an answer. With `mark`, the piece is the whole mark and stands for this file. */
export interface MarkedPiece {
  text: string
  mark: Pick<Annotation, 'type'> & { fileId: string }
}
export type AnswerPiece = { text: string; mark: null } | MarkedPiece

/** Longest mark that is waited for, in UTF-16 units: a file's name has up to 1,024. */
const LONGEST_MARK = 1_200
const OPEN = '【'
const CLOSE = '】'
const CITATION = /^【(\d{1,9}:\d{1,9})†[^【】]*】$/
/** What may still become {@link CITATION}. */
const CITATION_BEGUN = /^【\d{0,9}(?:(?<=\d):(?:\d{0,9}(?:(?<=\d)†[^【】\r\n]*)?)?)?$/
/** What a link to a written file begins with. */
export const SANDBOX_PATH = 'sandbox:/mnt/data/'

/** What follows a known path when the text means another file, whose name only begins alike: `data.csv.gz` is not `data.csv`. */
const NAME_GOES_ON = /^(?:[A-Za-z0-9_-]|\.[A-Za-z0-9])/

/** The mark of passage `position` of retrieval `retrieval`; brackets in the name would end it early. */
export const citationMark = (retrieval: number, position: number, fileName: string): string =>
  `${OPEN}${retrieval}:${position}†${fileName.replaceAll(/[【】†\r\n]/g, ' ')}${CLOSE}`

/** What the marks of an answer may stand for. */
export interface KnownMarks {
  /** File ids by the whole mark, and by `retrieval:position` where a model may have changed the name. */
  citations: ReadonlyMap<string, string>
  /** File ids by the whole link, `sandbox:/mnt/data/NAME`. */
  paths: ReadonlyMap<string, string>
}

/**
 * Finds marks in an answer while it comes. Text that may be the beginning of a mark is held until that is settled; a mark nobody knows
 * is text like any other.
 */
export class MarkReader {
  readonly #known: KnownMarks
  #held = ''

  constructor(known: KnownMarks) {
    this.#known = known
  }

  /** Takes the next piece in; gives what is settled. */
  read(piece: string): AnswerPiece[] {
    const { citations, paths } = this.#known
    if (citations.size === 0 && paths.size === 0) return [{ text: piece, mark: null }]
    this.#held += piece
    return this.#settle(false)
  }

  /** The answer is over: what was held is what it is. */
  end(): AnswerPiece[] {
    return this.#settle(true)
  }

  #settle(isOver: boolean): AnswerPiece[] {
    const pieces: AnswerPiece[] = []
    let plain = ''
    const flush = () => {
      if (plain !== '') pieces.push({ text: plain, mark: null })
      plain = ''
    }
    while (this.#held !== '') {
      const at = this.#nextStart()
      plain += this.#held.slice(0, at)
      this.#held = this.#held.slice(at)
      if (this.#held === '') break
      const found = this.#held.startsWith(OPEN) ? this.#citation(isOver) : this.#path(isOver)
      if (found === 'wait') break
      if (found === null) {
        plain += this.#held.slice(0, 1)
        this.#held = this.#held.slice(1)
        continue
      }
      flush()
      pieces.push(found)
      this.#held = this.#held.slice(found.text.length)
    }
    flush()
    return pieces
  }

  /** Where in the held text a mark may begin; its length when nowhere. */
  #nextStart(): number {
    const open = this.#held.indexOf(OPEN)
    const path = pathStart(this.#held)
    if (open < 0) return path < 0 ? this.#held.length : path
    return path < 0 ? open : Math.min(open, path)
  }

  #citation(isOver: boolean): MarkedPiece | 'wait' | null {
    const end = this.#held.indexOf(CLOSE)
    if (end < 0) {
      const mayCome = this.#held.length < LONGEST_MARK && CITATION_BEGUN.test(this.#held)
      return mayCome && !isOver ? 'wait' : null
    }
    const text = this.#held.slice(0, end + 1)
    const place = CITATION.exec(text)?.[1]
    const { citations } = this.#known
    const fileId = place === undefined ? undefined : (citations.get(text) ?? citations.get(place))
    return fileId === undefined ? null : { text, mark: { type: 'file_citation', fileId } }
  }

  /** The longest known path that the held text begins with; a longer one may still be coming. */
  #path(isOver: boolean): MarkedPiece | 'wait' | null {
    let best: MarkedPiece | null = null
    for (const [text, fileId] of this.#known.paths) {
      if (!isOver && text.length > this.#held.length && text.startsWith(this.#held)) return 'wait'
      if (this.#held.startsWith(text) && text.length > (best?.text.length ?? 0)) {
        best = { text, mark: { type: 'file_path', fileId } }
      }
    }
    if (best === null) return null
    const after = this.#held.slice(best.text.length)
    if (!isOver && (after === '' || after === '.')) return 'wait'
    return NAME_GOES_ON.test(after) ? null : best
  }
}

/** Where a link begins, or the text's end might be the beginning of one; -1 when nowhere. */
const pathStart = (text: string): number => {
  const whole = text.indexOf(SANDBOX_PATH)
  if (whole >= 0) return whole
  for (let at = Math.max(0, text.length - SANDBOX_PATH.length + 1); at < text.length; at += 1) {
    if (SANDBOX_PATH.startsWith(text.slice(at))) return at
  }
  return -1
}
