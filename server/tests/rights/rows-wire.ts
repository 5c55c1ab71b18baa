import {
  everybody,
  makers,
  onAssistant,
  theirs,
  theirsOfMakers,
} from '../support/rights-callers.ts'
import { fileForm, type House } from '../support/rights-house.ts'
import type { Row } from './row.ts'

const USED = onAssistant({ use: 200, view: 200, edit: 200, own: 200 })
const VIEWED = onAssistant({ use: 403, view: 200, edit: 200, own: 200 })
const EDITED = onAssistant({ use: 403, view: 403, edit: 200, own: 200 })
const OWNED = onAssistant({ use: 403, view: 403, edit: 403, own: 200 })

const shared = (h: House) => ({ params: { assistant_id: h.assistantId } })

const ownThread = async (h: House) => {
  const { id } = await h.thread()
  return { params: { thread_id: id } }
}

const ownMessage = async (h: House) => {
  const { id } = await h.thread()
  return { params: { thread_id: id, message_id: (await h.message(id)).id } }
}

const ownRun = async (h: House) => {
  const { threadId, runId } = await h.run()
  return { params: { thread_id: threadId, run_id: runId } }
}

const ownStep = async (h: House) => {
  const { params } = await ownRun(h)
  const { body } = await h.send(
    'owner',
    'GET',
    `/threads/${params.thread_id}/runs/${params.run_id}/steps`,
  )
  const [step] = (body as { data: { id: string }[] }).data
  return { params: { ...params, step_id: step?.id ?? '' } }
}

/** Assistants, threads, messages, runs and steps. */
export const WIRE_ROWS: Readonly<Record<string, Row>> = {
  listAssistants: {
    who: everybody(),
    // who may use it finds it in the list
    sees: ['limited', 'guest', 'use', 'view', 'edit', 'owner'],
    ask: (h) => ({ params: {}, id: h.assistantId }),
  },
  createAssistant: { who: makers(), ask: () => ({ params: {}, body: { model: 'demo' } }) },
  getAssistant: { who: USED, ask: shared },
  modifyAssistant: { who: EDITED, ask: (h) => ({ ...shared(h), body: { name: 'Shared' } }) },
  deleteAssistant: {
    who: OWNED,
    // one of its own, with the same rights on it
    ask: async (h) => ({ params: { assistant_id: await h.sharedCopy() } }),
  },
  listAssistantPlugins: { who: VIEWED, ask: shared },
  getAssistantSettings: { who: VIEWED, ask: shared },
  modifyAssistantSettings: {
    who: EDITED,
    ask: (h) => ({ ...shared(h), body: { plugin_mode: 'client' } }),
  },
  attachPlugin: {
    // whoever may edit attaches plugins of their own: the owner's are not there for others
    who: { ...EDITED, edit: 404 },
    ask: async (h) => ({ ...shared(h), body: { plugin_id: (await h.plugin('attached')).id } }),
  },
  detachPlugin: {
    who: EDITED,
    ask: async (h) => {
      const { id } = await h.plugin('detached')
      await h.send('owner', 'POST', `/assistants/${h.assistantId}/plugins`, { plugin_id: id })
      return { params: { assistant_id: h.assistantId, plugin_id: id } }
    },
    fresh: true,
  },

  createThread: { who: everybody(), ask: () => ({ params: {}, body: {} }) },
  listThreads: {
    who: everybody(),
    sees: ['owner'],
    ask: async (h) => ({ params: {}, id: (await h.thread()).id }),
  },
  getThread: { who: theirs(), ask: ownThread },
  modifyThread: {
    who: theirs(),
    ask: async (h) => ({ ...(await ownThread(h)), body: { metadata: {} } }),
  },
  deleteThread: { who: theirs(), ask: ownThread },

  createMessage: {
    who: theirs(),
    ask: async (h) => ({ ...(await ownThread(h)), body: { role: 'user', content: 'Hi' } }),
  },
  listMessages: { who: theirs(), ask: ownThread },
  getMessage: { who: theirs(), ask: ownMessage },
  modifyMessage: {
    who: theirs(),
    ask: async (h) => ({ ...(await ownMessage(h)), body: { metadata: {} } }),
  },
  deleteMessage: { who: theirs(), ask: ownMessage },

  createThreadAndRun: {
    who: USED,
    ask: (h) => ({
      params: {},
      body: {
        assistant_id: h.assistantId,
        thread: { messages: [{ role: 'user', content: 'Hi' }] },
      },
    }),
  },
  createRun: {
    // on a thread of the caller's own
    who: USED,
    ask: async (h, caller) => ({
      params: { thread_id: (await h.thread(caller === 'nobody' ? 'owner' : caller)).id },
      body: { assistant_id: h.assistantId },
    }),
    fresh: true,
  },
  listRuns: { who: theirs(), ask: ownRun },
  getRun: { who: theirs(), ask: ownRun },
  modifyRun: {
    who: theirs(),
    ask: async (h) => ({ ...(await ownRun(h)), body: { metadata: {} } }),
  },
  // the run has ended, which is said only to whom it belongs
  submitToolOuputsToRun: {
    who: theirs(400),
    ask: async (h) => ({
      ...(await ownRun(h)),
      body: { tool_outputs: [{ tool_call_id: 'call_1', output: 'x' }] },
    }),
  },
  cancelRun: { who: theirs(400), ask: ownRun },
  readRunEvents: { who: theirs(), ask: ownRun },
  listRunSteps: { who: theirs(), ask: ownRun },
  getRunStep: { who: theirs(), ask: ownStep },

  callPlugin: {
    who: USED,
    ask: async (h, caller) => {
      const { id } = await h.plugin('called')
      await h.send('owner', 'POST', `/assistants/${h.assistantId}/plugins`, { plugin_id: id })
      const { id: tid } = await h.thread(caller === 'nobody' ? 'owner' : caller)
      return { params: {}, query: `?tid=${tid}&aid=${h.assistantId}&pid=called`, body: {} }
    },
    fresh: true,
  },
}

const ownFile = async (h: House) => ({ params: { file_id: (await h.file()).id } })
const ownUpload = async (h: House) => ({ params: { upload_id: (await h.upload()).id } })
const ownStore = async (h: House) => ({ params: { vector_store_id: (await h.vectorStore()).id } })

const partForm = (): FormData => {
  const form = new FormData()
  form.set('data', new Blob(['text']), 'part')
  return form
}

const storeFile = async (h: House) => {
  const { params } = await ownStore(h)
  const { id } = await h.file()
  const files = `/vector_stores/${params.vector_store_id}/files`
  await h.make('owner', files, { file_id: id })
  await h.until(`${files}/${id}`, 'completed')
  return { params: { ...params, file_id: id } }
}

const storeBatch = async (h: House) => {
  const { params } = await ownStore(h)
  const { id } = await h.make('owner', `/vector_stores/${params.vector_store_id}/file_batches`, {
    file_ids: [(await h.file()).id],
  })
  return { params: { ...params, batch_id: id } }
}

/** Files, uploads and vector stores. */
export const FILE_ROWS: Readonly<Record<string, Row>> = {
  createFile: { who: everybody(), ask: () => ({ params: {}, body: fileForm('assistants') }) },
  listFiles: {
    who: everybody(),
    sees: ['owner'],
    ask: async (h) => ({ params: {}, id: (await h.file()).id }),
  },
  retrieveFile: { who: theirs(), ask: ownFile },
  // files of this purpose are not given back, which is said only to whom they belong
  downloadFile: { who: theirs(400), ask: ownFile },
  deleteFile: { who: theirs(), ask: ownFile },
  createUpload: {
    who: everybody(),
    ask: () => ({
      params: {},
      body: { purpose: 'assistants', filename: 'a.txt', bytes: 4, mime_type: 'text/plain' },
    }),
  },
  addUploadPart: {
    who: theirs(),
    ask: async (h) => ({ ...(await ownUpload(h)), body: partForm() }),
  },
  completeUpload: {
    who: theirs(400),
    ask: async (h) => ({ ...(await ownUpload(h)), body: { part_ids: ['part_1'] } }),
  },
  cancelUpload: { who: theirs(), ask: ownUpload },

  createVectorStore: { who: makers(), ask: () => ({ params: {}, body: {} }) },
  listVectorStores: {
    who: makers(),
    sees: ['owner'],
    ask: async (h) => ({ params: {}, id: (await h.vectorStore()).id }),
  },
  getVectorStore: { who: theirsOfMakers(), ask: ownStore },
  modifyVectorStore: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await ownStore(h)), body: { name: 'n' } }),
  },
  deleteVectorStore: { who: theirsOfMakers(), ask: ownStore },
  searchVectorStore: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await ownStore(h)), body: { query: 'leave' } }),
  },
  createVectorStoreFile: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await ownStore(h)), body: { file_id: (await h.file()).id } }),
  },
  listVectorStoreFiles: { who: theirsOfMakers(), ask: storeFile },
  getVectorStoreFile: { who: theirsOfMakers(), ask: storeFile },
  updateVectorStoreFileAttributes: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await storeFile(h)), body: { attributes: {} } }),
  },
  deleteVectorStoreFile: { who: theirsOfMakers(), ask: storeFile },
  retrieveVectorStoreFileContent: { who: theirsOfMakers(), ask: storeFile },
  createVectorStoreFileBatch: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await ownStore(h)), body: { file_ids: [(await h.file()).id] } }),
  },
  getVectorStoreFileBatch: { who: theirsOfMakers(), ask: storeBatch },
  cancelVectorStoreFileBatch: { who: theirsOfMakers(), ask: storeBatch },
  listFilesInVectorStoreBatch: { who: theirsOfMakers(), ask: storeBatch },
}
