import { Worker } from 'node:worker_threads'
import { CallGate } from '../../platform/call-gate.ts'
import { errors } from '../../platform/errors.ts'
import type { DocumentReply, DocumentTask } from './document-worker.ts'

/** Of one document. */
export interface ReadLimits {
  ms: number
  memoryMiB: number
}

const LIMITS: ReadLimits = { ms: 15_000, memoryMiB: 384 }
export type ReadDocument = (
  task: DocumentTask,
  param: string,
  owner: string,
  signal: AbortSignal,
) => Promise<string>

/** A hostile document takes all of its time, and whoever has one can send many. */
const GATE = { places: 2, line: 20, perOwner: 1, ownerLine: 5 }

/**
 * Reads OpenAPI documents, each in a thread of its own with limits on memory and time, two at a time, of one owner one.
 */
export const createReadDocument = (limits: ReadLimits = LIMITS): ReadDocument => {
  const gate = new CallGate(GATE)
  /**
   * @param param the field of the plugin file that is to blame for the document
   * @param owner whose turn it takes
   * @returns what is kept of it, the JSON of a DocumentPlan
   * @throws AppError 400; the signal's reason when that aborts
   */
  return async (task, param, owner, signal) => {
    using place = await gate.enter(signal, owner)
    if (place === null)
      throw errors.unavailable('Too many OpenAPI documents are being read; try again shortly.', 5)
    const reply = await inThread(task, limits, signal)
    if (!('plan' in reply))
      throw errors.invalid(reply.problem, reply.param ?? param, 'invalid_value')
    return reply.plan
  }
}

const inThread = async (
  task: DocumentTask,
  { ms, memoryMiB }: ReadLimits,
  signal: AbortSignal,
): Promise<DocumentReply> => {
  const { promise, resolve, reject } = Promise.withResolvers<DocumentReply>()
  const worker = new Worker(new URL('document-worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: memoryMiB, maxYoungGenerationSizeMb: 32 },
    // The thread needs nothing of the server's settings.
    env: {},
    stdout: true,
    stderr: true,
  })
  const fail = (problem: string) => resolve({ problem, param: null })
  const timer = setTimeout(() => fail(`The document could not be read within ${ms / 1000} s.`), ms)
  const stop = () => reject(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  worker.on('message', (reply: DocumentReply) => resolve(reply))
  worker.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      fail('The document unfolds to more than fits into memory.')
    else reject(error)
  })
  worker.on('exit', () => fail('The document could not be read.'))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
