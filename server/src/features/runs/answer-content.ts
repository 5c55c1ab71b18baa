import type { Annotation } from '@melzi/contract/message.ts'
import type { StoredPart } from '../messages/service.ts'
import type { MarkedPiece } from './answer-marks.ts'

/** A part of a message that a run writes. */
export type AnswerPart = Extract<StoredPart, { type: 'text' | 'refusal' | 'image_file' }>

type GrowingPart =
  | { kind: 'text'; pieces: string[]; length: number; annotations: Annotation[] }
  | { kind: 'refusal'; pieces: string[] }
  | { kind: 'image_file'; fileId: string }

/** Characters of a text as offsets count them: code points (behaviour.md 6). The halves of a pair may come in two pieces. */
const countCharacters = (text: string): number => {
  let count = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit < 0xdc00 || unit > 0xdfff) count += 1
  }
  return count
}

/** The parts of a message while they grow; pieces are kept in arrays, joined once. */
export class AnswerContent {
  readonly #parts: GrowingPart[] = []

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** @returns the part's index */
  addImage(fileId: string): number {
    return this.#parts.push({ kind: 'image_file', fileId }) - 1
  }

  /** @returns the part's index and whether this piece opens it */
  addText(kind: 'text' | 'refusal', piece: string): { index: number; head: boolean } {
    const last = this.#parts.at(-1)
    const index = this.#parts.length - 1
    if (kind === 'refusal') {
      if (last?.kind === kind) {
        last.pieces.push(piece)
        return { index, head: false }
      }
      this.#parts.push({ kind, pieces: [piece] })
      return { index: index + 1, head: true }
    }
    const { part, head } = this.#textPart()
    part.pieces.push(piece)
    part.length += countCharacters(piece)
    return { index: this.#parts.length - 1, head }
  }

  /** @returns the part's index, whether this piece opens it, and the annotation with its index */
  addMark({ text, mark }: MarkedPiece): {
    index: number
    head: boolean
    annotation: Annotation
    annotationIndex: number
  } {
    const { part, head } = this.#textPart()
    const place = {
      text,
      start_index: part.length,
      end_index: part.length + countCharacters(text),
    }
    const annotation: Annotation =
      mark.type === 'file_citation'
        ? { type: mark.type, ...place, file_citation: { file_id: mark.fileId } }
        : { type: mark.type, ...place, file_path: { file_id: mark.fileId } }
    part.pieces.push(text)
    part.length = place.end_index
    const annotationIndex = part.annotations.push(annotation) - 1
    return { index: this.#parts.length - 1, head, annotation, annotationIndex }
  }

  #textPart() {
    const last = this.#parts.at(-1)
    if (last?.kind === 'text') return { part: last, head: false }
    const part = { kind: 'text' as const, pieces: [], length: 0, annotations: [] }
    this.#parts.push(part)
    return { part, head: true }
  }

  get parts(): AnswerPart[] {
    return this.#parts.map((part): AnswerPart => {
      if (part.kind === 'image_file') {
        return { type: 'image_file', image_file: { file_id: part.fileId } }
      }
      const value = part.pieces.join('')
      return part.kind === 'text'
        ? { type: 'text', text: { value, annotations: part.annotations } }
        : { type: 'refusal', refusal: value }
    })
  }
}
