/** What a run's steps and its thread's messages let an answer refer to. */
import type { MessageRecord } from '../messages/service.ts'
import { SANDBOX_PATH, type KnownMarks } from './answer-marks.ts'
import { citationsOf } from './file-search-call.ts'
import { callsOf, type StepRecord } from './run-record.ts'

/**
 * The marks an answer may hold: passages that this run has found, files that its Python has written, and what earlier answers of the
 * thread referred to. The newest meaning of a mark counts.
 * @param messages of the thread, oldest first
 */
export const knownMarks = (
  messages: readonly MessageRecord[],
  steps: readonly StepRecord[],
): KnownMarks => {
  const citations = new Map<string, string>()
  const paths = new Map<string, string>()
  for (const part of messages.flatMap((message) => message.content)) {
    if (part.type !== 'text') continue
    for (const annotation of part.text.annotations) {
      if (annotation.type === 'file_citation') {
        citations.set(annotation.text, annotation.file_citation.file_id)
      } else {
        paths.set(annotation.text, annotation.file_path.file_id)
      }
    }
  }
  for (const call of steps.flatMap(callsOf)) {
    if (call.type === 'file_search') {
      for (const [mark, fileId] of citationsOf(call)) citations.set(mark, fileId)
    } else if (call.type === 'code_interpreter') {
      for (const { name, fileId } of call.files) {
        paths.set(SANDBOX_PATH + name, fileId)
        // Some models write links as a browser would.
        paths.set(SANDBOX_PATH + encodeURI(name.toWellFormed()), fileId)
      }
    }
  }
  return { citations, paths }
}

/** Pictures that no whole message of the run has shown yet, by file id. */
export const waitingImages = (steps: readonly StepRecord[]): string[] => {
  let waiting: string[] = []
  for (const step of steps) {
    if (step.type === 'message_creation' && step.status === 'completed') waiting = []
    for (const call of callsOf(step)) {
      if (call.type !== 'code_interpreter') continue
      for (const output of call.code_interpreter.outputs) {
        if (output.type === 'image') waiting.push(output.image.file_id)
      }
    }
  }
  return waiting
}
