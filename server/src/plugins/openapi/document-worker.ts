/** Reads one OpenAPI document and ends. What a hostile text unfolds to, pollutes or occupies is this thread's alone. */
import { parentPort, workerData } from 'node:worker_threads'
import { DocumentError } from './document-error.ts'
import { parseDocument } from './parse-document.ts'
import { planOperations, type PlanOptions } from './plan-operations.ts'

export interface DocumentTask extends PlanOptions {
  text: string
}

/** `plan` is the JSON of a {@link ./document-plan.ts DocumentPlan}. */
export type DocumentReply = { plan: string } | { problem: string; param: string | null }

const read = (task: DocumentTask): DocumentReply => {
  try {
    return {
      plan: JSON.stringify(planOperations(parseDocument(task.text, task.documentUrl), task)),
    }
  } catch (error) {
    if (error instanceof DocumentError) return { problem: error.message, param: error.param }
    // The parsers and the walk through the document recurse: too deep a text ends here.
    const isDeep = error instanceof RangeError
    const problem = isDeep
      ? 'The document is nested too deeply.'
      : `The document could not be understood: ${error instanceof Error ? error.message.slice(0, 300) : 'unknown'}`
    return { problem, param: null }
  }
}

parentPort?.postMessage(read(workerData as DocumentTask))
