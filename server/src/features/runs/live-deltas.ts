/** Deltas of open messages and steps as JSON text (behaviour.md 12). */
import type { AnswerContent } from './answer-content.ts'

/** @param head true for the part's first piece */
export const textDelta = (
  index: number,
  kind: 'text' | 'refusal',
  value: string,
  head: boolean,
): string => {
  const text = JSON.stringify(value)
  return kind === 'refusal'
    ? `{"index":${index},"type":"refusal","refusal":${text}}`
    : `{"index":${index},"type":"text","text":{"value":${text}${head ? ',"annotations":[]' : ''}}}`
}

/** A mark whole, with what it stands for. `quote` stands in deltas only, empty. */
export const markDelta = (mark: ReturnType<AnswerContent['addMark']>): string => {
  const { index, annotation, annotationIndex } = mark
  const { type, ...rest } = annotation
  const cited =
    annotation.type === 'file_citation'
      ? { file_citation: { ...annotation.file_citation, quote: '' } }
      : {}
  const shown = { index: annotationIndex, type, ...rest, ...cited }
  const text = { value: annotation.text, annotations: [shown] }
  return JSON.stringify({ index, type: 'text', text })
}

export const imageDelta = (index: number, fileId: string): string =>
  JSON.stringify({ index, type: 'image_file', image_file: { file_id: fileId } })

/** @param part as the functions above make it */
export const messageDelta = (messageId: string, part: string): string =>
  `{"id":"${messageId}","object":"thread.message.delta","delta":{"content":[${part}]}}`

/** @param call what of the call is new */
export const stepDelta = (stepId: string, call: object): string =>
  `{"id":"${stepId}","object":"thread.run.step.delta","delta":{"step_details":{"type":"tool_calls","tool_calls":[${JSON.stringify(call)}]}}}`
