import { Readable } from 'node:stream'
import type { CodeInterpreter, Execution, SessionFile } from '../../interpreter/code-interpreter.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { SANDBOX_PATH } from './answer-marks.ts'
import type { RunRecord, StoredCodeCall } from './run-record.ts'
import { isOutage } from './run-stops.ts'

export interface CodeCallDeps {
  store: Store
  files: FileService
  interpreter: CodeInterpreter
  log: Logger
}

type RunOwner = Pick<RunRecord, 'workspaceId' | 'threadId' | 'ownerId' | 'keyId'>
type Outputs = StoredCodeCall['code_interpreter']['outputs']

/** Characters of printed text that a step shows, and that the model reads of a call; of what is longer the middle is left out. */
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
  const found = new Map(
    (await files.findMany(store, workspaceId, ids)).map((file) => [file.id, file]),
  )
  return [...new Set(ids)].flatMap((id) => {
    const file = found.get(id)
    if (file === undefined) return []
    return [{ id, name: file.filename, bytes: file.bytes, open: () => files.openContent(file) }]
  })
}

/** How a call of Python stands in its run. */
export interface CodeCallPlace {
  mounted: readonly SessionFile[]
  /** False when the run has run Python before: then a process that is new has lost something, maybe on another node. */
  isFirst: boolean
  /** Calls of Python in its step, which share what a step may show. */
  count: number
}

/** Runs Python that the model wrote, and makes files of the pictures and files that came of it. */
export const runCode = async (
  { files, interpreter, log }: CodeCallDeps,
  run: RunOwner,
  { mounted, isFirst, count }: CodeCallPlace,
  call: StoredCodeCall,
  signal: AbortSignal,
): Promise<StoredCodeCall> => {
  const { workspaceId, threadId } = run
  const code = call.code_interpreter.input
  const session = { workspaceId, threadId }
  const execution = await interpreter.execute({ session, code, files: mounted }, signal)
  const owner = { workspaceId, personId: run.ownerId, keyId: run.keyId }
  const notes: string[] = []
  /** What cannot be kept is told to user and model; only an outage of the store stops the run, which then goes on later. */
  const keep = async (filename: string, content: Readable): Promise<string | null> => {
    const file = { purpose: 'assistants_output', filename, expiresAfterSeconds: null } as const
    try {
      return (await files.createFrom(owner, file, content)).id
    } catch (error) {
      if (isOutage(error)) throw error
      log.warn({ err: error }, 'a file that Python made could not be kept')
      notes.push(`[The file ${filename} could not be kept.]`)
      return null
    }
  }
  const images: string[] = []
  for (const { name, data } of execution.images) {
    const fileId = await keep(name, Readable.from([data]))
    if (fileId !== null) images.push(fileId)
  }
  const written: StoredCodeCall['files'] = []
  for (const file of execution.files) {
    const fileId = await keep(file.name, file.open())
    if (fileId !== null) written.push({ name: file.name, fileId })
  }
  const printed = [execution.logs, execution.ended?.message ?? '', ...notes]
  const logs = printed.filter((text) => text !== '').join('\n')
  const outputs: Outputs = []
  if (logs !== '') outputs.push({ type: 'logs', logs: shorten(logs, SHOWN_LOGS / count) })
  for (const fileId of images) outputs.push({ type: 'image', image: { file_id: fileId } })
  return {
    ...call,
    code_interpreter: { input: code, outputs },
    output: outputText({ ...execution, images: images.length, written, notes }, isFirst),
    files: written,
  }
}

interface Outcome extends Omit<Execution, 'images'> {
  images: number
  written: StoredCodeCall['files']
  notes: readonly string[]
}

/** What the model is told of an execution. */
const outputText = (outcome: Outcome, isFirst: boolean): string => {
  const { logs, value, images, ended, isNew, restarted, written, notes } = outcome
  const parts: string[] = []
  if (restarted || (isNew && !isFirst)) {
    parts.push('[Python was started anew: variables of earlier calls are gone.]')
  }
  if (logs !== '') parts.push(shorten(logs, READ_LOGS))
  if (value !== null) parts.push(shorten(value, READ_VALUE))
  if (ended !== null) parts.push(`[${ended.message}]`)
  if (images > 0) {
    parts.push(`[Pictures made: ${images}. The user sees them with your next message.]`)
  }
  for (const { name } of written) parts.push(`[File written: ${SANDBOX_PATH}${name}]`)
  parts.push(...notes)
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
