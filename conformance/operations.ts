import { fileForm } from '../server/tests/support/factories.ts'
import { NOBODY, outputsOf, type Bench } from './bench.ts'
import type { Area, Evidence } from './row.ts'

/** How each operation is called rightly, so that rows can be made which call it wrongly in one point. */

export interface OperationCase {
  area: Area
  /** Values of the path's parameters: objects that are there. */
  params?: (bench: Bench) => Promise<Record<string, string>>
  /** A right body. */
  body?: (bench: Bench) => Promise<object>
  /** The operation is handed on to the model's server, which alone knows its fields. */
  isPassedOn?: true
}

const ended = async (bench: Bench) => {
  const { thread, run, step, message } = await bench.ended()
  return { thread_id: thread.id, run_id: run.id, step_id: step.id, message_id: message.id }
}
const assistantId = async (bench: Bench) => ({ assistant_id: (await bench.assistant()).id })
const threadId = async (bench: Bench) => ({ thread_id: (await bench.ended()).thread.id })
/** A run changes its thread, so each row has its own. */
const freshThread = async (bench: Bench) => ({ thread_id: (await bench.thread('Hello.')).id })
const waiting = async (bench: Bench) => {
  const run = await bench.sharedWaiting()
  return { thread_id: run.thread_id, run_id: run.id }
}
const fileId = async (bench: Bench) => ({ file_id: (await bench.file()).id })
const upload = async (bench: Bench) => ({
  upload_id: (await bench.once('upload', () => bench.newUpload())).id,
})
const storeId = async (bench: Bench) => ({ vector_store_id: (await bench.filled()).store.id })
const batchId = async (bench: Bench) => {
  const { store, batch } = await bench.filled()
  return { vector_store_id: store.id, batch_id: batch.id }
}
const storeFile = async (bench: Bench) => {
  const { store, files } = await bench.filled()
  return { vector_store_id: store.id, file_id: files[0]?.id ?? '' }
}
const nothing = async () => ({})

export const OPERATIONS: Record<string, OperationCase> = {
  listAssistants: { area: 'assistants' },
  createAssistant: { area: 'assistants', body: async ({ model }) => ({ model }) },
  getAssistant: { area: 'assistants', params: assistantId },
  modifyAssistant: { area: 'assistants', params: assistantId, body: nothing },
  deleteAssistant: { area: 'assistants', params: assistantId },
  createThread: { area: 'threads', body: nothing },
  getThread: { area: 'threads', params: threadId },
  modifyThread: { area: 'threads', params: threadId, body: nothing },
  deleteThread: { area: 'threads', params: threadId },
  listMessages: { area: 'messages', params: threadId },
  createMessage: {
    area: 'messages',
    params: freshThread,
    body: async () => ({ role: 'user', content: 'Hello.' }),
  },
  getMessage: { area: 'messages', params: ended },
  modifyMessage: { area: 'messages', params: ended, body: nothing },
  deleteMessage: { area: 'messages', params: ended },
  listRuns: { area: 'runs', params: threadId },
  createRun: { area: 'runs', params: freshThread, body: assistantId },
  createThreadAndRun: { area: 'runs', body: assistantId },
  getRun: { area: 'runs', params: ended },
  modifyRun: { area: 'runs', params: ended, body: nothing },
  cancelRun: { area: 'runs', params: ended },
  submitToolOuputsToRun: {
    area: 'tool outputs',
    params: waiting,
    body: async (bench) => outputsOf(await bench.sharedWaiting()),
  },
  listRunSteps: { area: 'run steps', params: ended },
  getRunStep: { area: 'run steps', params: ended },
  listFiles: { area: 'files' },
  createFile: {
    area: 'files',
    body: async () => fileForm('x', 'x.txt', { purpose: 'assistants' }),
  },
  retrieveFile: { area: 'files', params: fileId },
  deleteFile: { area: 'files', params: fileId },
  downloadFile: { area: 'files', params: fileId },
  createUpload: {
    area: 'uploads',
    body: async () => ({
      filename: 'a.txt',
      purpose: 'assistants',
      bytes: 1,
      mime_type: 'text/plain',
    }),
  },
  addUploadPart: { area: 'uploads', params: upload, body: async () => partForm('x') },
  completeUpload: { area: 'uploads', params: upload, body: async () => ({ part_ids: [] }) },
  cancelUpload: { area: 'uploads', params: upload },
  listVectorStores: { area: 'vector stores' },
  createVectorStore: { area: 'vector stores', body: nothing },
  getVectorStore: { area: 'vector stores', params: storeId },
  modifyVectorStore: { area: 'vector stores', params: storeId, body: nothing },
  deleteVectorStore: { area: 'vector stores', params: storeId },
  listVectorStoreFiles: { area: 'store files', params: storeId },
  createVectorStoreFile: { area: 'store files', params: storeId, body: fileId },
  getVectorStoreFile: { area: 'store files', params: storeFile },
  updateVectorStoreFileAttributes: {
    area: 'store files',
    params: storeFile,
    body: async () => ({ attributes: { shelf: 'A' } }),
  },
  deleteVectorStoreFile: { area: 'store files', params: storeFile },
  retrieveVectorStoreFileContent: { area: 'store files', params: storeFile },
  createVectorStoreFileBatch: {
    area: 'file batches',
    params: storeId,
    body: async (bench) => ({ file_ids: [(await bench.file()).id] }),
  },
  getVectorStoreFileBatch: { area: 'file batches', params: batchId },
  cancelVectorStoreFileBatch: { area: 'file batches', params: batchId },
  listFilesInVectorStoreBatch: { area: 'file batches', params: batchId },
  searchVectorStore: {
    area: 'search',
    params: storeId,
    body: async () => ({ query: 'harbour clock' }),
  },
  listModels: { area: 'models' },
  retrieveModel: { area: 'models', params: async ({ model }) => ({ model }) },
  createChatCompletion: {
    area: 'pass-through',
    isPassedOn: true,
    body: async ({ model }) => ({ model, messages: [{ role: 'user', content: 'Say hello.' }] }),
  },
  createSpeech: {
    area: 'pass-through',
    isPassedOn: true,
    body: async ({ target }) => ({ model: target.speechModel, input: 'Hello.', voice: 'alloy' }),
  },
  createTranscription: { area: 'pass-through', isPassedOn: true },
}

/** A form with one part of an upload. */
export const partForm = (bytes: string): FormData => {
  const form = new FormData()
  form.append('data', new File([bytes], 'part'))
  return form
}

/** A path with its values. */
export const fill = (path: string, params: Record<string, string>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))

interface Missing {
  id: string
  evidence: Evidence
  /** Null where the form of the text is not established. */
  message: ((params: Record<string, string>) => string) | null
}

const saying = (kind: string, id: string) => () => `No ${kind} found with id '${id}'.`

/** What is said of an object that is not there, by the path's parameter (behaviour.md 2). */
export const missing = (path: string, param: string): Missing => {
  const id = {
    assistant_id: `asst_${NOBODY}`,
    thread_id: `thread_${NOBODY}`,
    message_id: `msg_${NOBODY}`,
    run_id: `run_${NOBODY}`,
    step_id: `step_${NOBODY}`,
    file_id: `file-${NOBODY}`,
    upload_id: `upload_${NOBODY}`,
    vector_store_id: `vs_${NOBODY}`,
    batch_id: `vsfb_${NOBODY}`,
    model: 'no-such-model-here',
  }[param]
  if (id === undefined) throw new Error(`no such parameter: ${param}`)
  switch (param) {
    case 'assistant_id':
      return { id, evidence: 'T', message: saying('assistant', id) }
    case 'thread_id':
      return { id, evidence: 'T', message: saying('thread', id) }
    case 'message_id':
      return { id, evidence: 'T', message: saying('message', id) }
    case 'run_id':
      return { id, evidence: 'T', message: saying('run', id) }
    case 'step_id':
      return { id, evidence: 'R', message: saying('run step', id) }
    case 'model':
      return { id, evidence: 'R', message: () => `The model '${id}' does not exist` }
    case 'file_id':
      return path.startsWith('/files')
        ? { id, evidence: 'R', message: () => `No such File object: ${id}` }
        : {
            id,
            evidence: 'T',
            message: ({ vector_store_id: store }) =>
              `No file found with id '${id}' in vector store '${store}'.`,
          }
    default:
      return { id, evidence: '?', message: null }
  }
}
