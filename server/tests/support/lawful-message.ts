import type { Annotation, MessageDelta, MessageObject } from '@melzi/contract/message.ts'
import { hold, same } from './stream-rules.ts'

/** One message of a stream, from message.created to its end: the rules of behaviour.md 11 to 13 that hold inside it. */

interface TextSoFar {
  type: 'text'
  value: string
  annotations: Annotation[]
}
type PartSoFar =
  | TextSoFar
  | { type: 'refusal'; refusal: string }
  | { type: 'image_file' | 'image_url'; file: string }

type PartDelta = MessageDelta['delta']['content'][number]
type TextDelta = Extract<PartDelta, { type: 'text' }>
type AnnotationDelta = NonNullable<NonNullable<TextDelta['text']>['annotations']>[number]

const MARKER = /^【(?:\d+:)?\d+†[^【】]+】$/
const SANDBOX_PATH = /^sandbox:\/mnt\/data\/./

/** What a part says, in the form the deltas are summed up in. */
const finalPart = (part: MessageObject['content'][number]): PartSoFar => {
  switch (part.type) {
    case 'text':
      return { type: 'text', value: part.text.value, annotations: part.text.annotations }
    case 'refusal':
      return { type: 'refusal', refusal: part.refusal }
    case 'image_file':
      return { type: 'image_file', file: part.image_file.file_id }
    case 'image_url':
      return { type: 'image_url', file: part.image_url.url }
  }
}

export class OpenMessage {
  readonly id: string
  #begun = false
  readonly #parts: PartSoFar[] = []

  constructor(message: MessageObject) {
    this.id = message.id
    hold('message-empty', message.content.length === 0)
  }

  begin(message: MessageObject): void {
    hold('message-start', !this.#begun, 'message.in_progress again')
    hold('message-empty', message.content.length === 0)
    this.#begun = true
  }

  end(message: MessageObject, name: 'completed' | 'incomplete'): void {
    hold('message-start', this.#begun, 'no message.in_progress')
    const final = message.content.map(finalPart)
    hold(
      'message-sum',
      same(final, this.#parts),
      `${JSON.stringify(final)} and ${JSON.stringify(this.#parts)}`,
    )
    if (name === 'completed') {
      hold('message-part', final.length > 0)
      hold('message-times', message.completed_at)
    } else hold('message-times', message.incomplete_at && message.incomplete_details)
  }

  /** @param raw the event's data as it came */
  delta(event: MessageDelta, raw: unknown): void {
    hold('delta-open', this.#begun, 'before message.in_progress')
    const { delta } = raw as { delta: Record<string, unknown> }
    hold('delta-alone', same(Object.keys(delta), ['content']), Object.keys(delta).join())
    hold('no-null', !JSON.stringify(delta).includes(':null'))
    for (const part of event.delta.content) this.#part(part)
  }

  #part(part: PartDelta): void {
    const first = part.index === this.#parts.length
    hold(
      'part-index',
      first || part.index === this.#parts.length - 1,
      `${part.index} after ${this.#parts.length} parts`,
    )
    const at = this.#parts[part.index]
    hold('part-type', at === undefined || at.type === part.type)
    switch (part.type) {
      case 'text':
        return this.#text(part, at as TextSoFar | undefined)
      case 'refusal':
        if (at?.type === 'refusal') at.refusal += part.refusal ?? ''
        else this.#parts.push({ type: 'refusal', refusal: part.refusal ?? '' })
        return
      default: {
        const file = part.type === 'image_file' ? part.image_file?.file_id : part.image_url?.url
        hold('image-once', first && file !== undefined)
        hold(
          'image-first',
          this.#parts.every(({ type }) => type !== 'text'),
        )
        this.#parts.push({ type: part.type, file })
      }
    }
  }

  #text({ text }: TextDelta, before: TextSoFar | undefined): void {
    if (before === undefined) hold('text-first', text?.annotations !== undefined)
    else if (text?.annotations !== undefined) hold('text-later', text.annotations.length > 0)
    const part = before ?? { type: 'text', value: '', annotations: [] }
    if (before === undefined) this.#parts.push(part)
    const piece = text?.value ?? ''
    part.value += piece
    for (const annotation of text?.annotations ?? []) this.#annotation(annotation, part, piece)
  }

  #annotation(delta: AnnotationDelta, part: TextSoFar, piece: string): void {
    const { index, text = '', start_index: start = -1, end_index: end = -1 } = delta
    hold('annotation-index', index === part.annotations.length, `${index}`)
    // whether a character outside the BMP counts once or twice is open (behaviour.md 16)
    const points = [...part.value].slice(start, end).join('')
    hold(
      'annotation-offsets',
      text !== '' && start >= 0 && (points === text || part.value.slice(start, end) === text),
      `${start} to ${end} is '${points}', not '${text}'`,
    )
    const base = { text, start_index: start, end_index: end }
    if (delta.type === 'file_citation') {
      const { file_id = '', quote } = delta.file_citation ?? {}
      hold('annotation-whole', piece === text, `'${piece}'`)
      hold('citation-marker', MARKER.test(text) && file_id !== '' && quote === '', text)
      part.annotations.push({ type: 'file_citation', ...base, file_citation: { file_id } })
    } else {
      const { file_id = '' } = delta.file_path ?? {}
      hold('annotation-whole', piece.includes(text), `'${piece}'`)
      hold('path-marker', SANDBOX_PATH.test(text) && file_id !== '', text)
      part.annotations.push({ type: 'file_path', ...base, file_path: { file_id } })
    }
  }
}
