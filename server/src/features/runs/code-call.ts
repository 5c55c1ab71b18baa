import { Readable } from 'node:stream'
import type { CodeInterpreter, Execution, SessionFile } from '../../interpreter/code-interpreter.ts'
import type { Store } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { SANDBOX_PATH } from './answer-marks.ts'
import type { RunRecord, StoredCodeCall } from './run-record.ts'

export interface CodeCallDeps {
  store: Store
  files: FileService
  interpreter: CodeInterpreter
}

type RunOwner = Pick<RunRecord, 'workspaceId' | 'threadId' | 'ownerId'>
type Outputs = StoredCodeCall['code_interpreter']['outputs']

/** Characters of printed text that a step shows, and that the model reads; of what is longer the middle is left out. */
const SHOWN_LOGS = 100_000
const READ_LOGS = 20_000
/** Characters of the last line's value that the model reads. */
const READ_VALUE = 10_000

/** The files that Python finds, in the given order; those that are gone are left out. */
export const sessionFiles = async (
  { store, files }: Pick<CodeCallDeps, 'store' | 'files'>,
  workspaceId: string,
  ids: readonly string[],
): Promise<SessionFile[]> => {
  const found: SessionFile[] = []
  for (const id of new Set(ids)) {
    const file = await files.find(store, workspaceId, id)
    if (file === null) continue
    const { filename: name, bytes } = file
    found.push({ id, name, bytes, open: () => files.openContent(file) })
  }
  return found
}

/**
 * Runs Python that the model wrote, and makes files of the pictures and files that came of it.
 * @param isFirst false when the run has run Python before: then a process that is new has lost something, maybe on another node
 */
export const runCode = async (
  { files, interpreter }: CodeCallDeps,
  run: RunOwner,
  { mounted, isFirst }: { mounted: readonly SessionFile[]; isFirst: boolean },
  call: StoredCodeCall,
  signal: AbortSignal,
): Promise<StoredCodeCall> => {
  const { workspaceId, threadId } = run
  const code = call.code_interpreter.input
  const session = { workspaceId, threadId }
  const execution = await interpreter.execute({ session, code, files: mounted }, signal)
  const owner = { workspaceId, personId: run.ownerId }
  const keep = async (filename: string, content: Readable): Promise<string> => {
    const file = { purpose: 'assistants_output', filename, expiresAfterSeconds: null } as const
    return (await files.createFrom(owner, file, content)).id
  }
  const logs = [execution.logs, execution.ended?.message ?? ''].filter((text) => text !== '')
  const outputs: Outputs = []
  if (logs.length > 0) outputs.push({ type: 'logs', logs: shorten(logs.join('\n'), SHOWN_LOGS) })
  for (const { name, data } of execution.images) {
    const fileId = await keep(name, Readable.from([data]))
    outputs.push({ type: 'image', image: { file_id: fileId } })
  }
  const written: StoredCodeCall['files'] = []
  for (const file of execution.files) {
    written.push({ name: file.name, fileId: await keep(file.name, file.open()) })
  }
  return {
    ...call,
    code_interpreter: { input: code, outputs },
    output: outputText(execution, written, isFirst),
    files: written,
  }
}

/** What the model is told of an execution. */
const outputText = (
  execution: Execution,
  written: StoredCodeCall['files'],
  isFirst: boolean,
): string => {
  const { logs, value, images, ended, isNew, restarted } = execution
  const parts: string[] = []
  if (restarted || (isNew && !isFirst)) {
    parts.push('[Python was started anew: variables of earlier calls are gone.]')
  }
  if (logs !== '') parts.push(shorten(logs, READ_LOGS))
  if (value !== null) parts.push(shorten(value, READ_VALUE))
  if (ended !== null) parts.push(`[${ended.message}]`)
  if (images.length > 0) {
    parts.push(`[Pictures made: ${images.length}. The user sees them with your next message.]`)
  }
  for (const { name } of written) parts.push(`[File written: ${SANDBOX_PATH}${name}]`)
  return parts.length === 0 ? '[Nothing was printed.]' : parts.join('\n')
}

const shorten = (text: string, length: number): string => {
  if (text.length <= length) return text
  const half = Math.floor(length / 2)
  const left = text.length - 2 * half
  const short = `${text.slice(0, half)}\n[… ${left} characters left out …]\n${text.slice(-half)}`
  // The cut may have parted a surrogate pair, and half of one is no text to strict readers.
  return short.toWellFormed()
}
