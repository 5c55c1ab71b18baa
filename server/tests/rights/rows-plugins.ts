import { everybody, makers, open, theirsOfMakers } from '../support/rights-callers.ts'
import { pythonFile } from '../support/plugin-files.ts'
import type { House } from '../support/rights-house.ts'
import type { Row } from './row.ts'

const own = async (h: House) => ({ params: { plugin_id: (await h.plugin('own')).id } })

const ownSecret = async (h: House) => {
  const { params } = await own(h)
  await h.make('owner', `/plugins/${params.plugin_id}/secrets`, { name: 'KEY', value: 'hidden' })
  return { params: { ...params, name: 'KEY' } }
}

const ownCall = async (h: House) => {
  const { params } = await own(h)
  const { id } = await h.make('owner', `/plugins/${params.plugin_id}/test`, { arguments: {} })
  return { params: { ...params, call_id: id } }
}

const version = async (h: House) => ({ params: { ...(await own(h)).params, version: '1' } })

/** Plugins and what belongs to them. */
export const PLUGIN_ROWS: Readonly<Record<string, Row>> = {
  importPlugin: { who: makers(), ask: () => ({ params: {}, body: pythonFile('imported') }) },
  previewPlugin: { who: makers(), ask: () => ({ params: {}, body: pythonFile('previewed') }) },
  listPlugins: {
    who: makers(),
    sees: ['owner'],
    ask: async (h) => ({ params: {}, id: (await h.plugin('listed')).id }),
  },
  getPlugin: { who: theirsOfMakers(), ask: own },
  modifyPlugin: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await own(h)), body: { source: 'print(6)' } }),
  },
  deletePlugin: { who: theirsOfMakers(), ask: own },
  getPluginFile: { who: theirsOfMakers(), ask: own },
  refreshPlugin: { who: theirsOfMakers(), ask: own },
  listPluginVersions: { who: theirsOfMakers(), ask: own },
  getPluginVersion: { who: theirsOfMakers(), ask: version },
  restorePluginVersion: { who: theirsOfMakers(), ask: version },
  listPluginSecrets: { who: theirsOfMakers(), ask: own },
  setPluginSecret: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await own(h)), body: { name: 'KEY', value: 'hidden' } }),
  },
  deletePluginSecret: { who: theirsOfMakers(), ask: ownSecret },
  testPlugin: {
    who: theirsOfMakers(),
    ask: async (h) => ({ ...(await own(h)), body: { arguments: {} } }),
  },
  listPluginCalls: { who: theirsOfMakers(), ask: own },
  getPluginCall: { who: theirsOfMakers(), ask: ownCall },
}

const demo = { model: 'demo', messages: [{ role: 'user', content: 'Hi' }] }

const speech = { model: 'demo', input: 'Hi', voice: 'alloy' }

const recording = (): FormData => {
  const form = new FormData()
  form.set('model', 'demo')
  form.set('file', new Blob(['wav']), 'a.wav')
  return form
}

/** Models, pass-through and the server itself. */
export const SERVER_ROWS: Readonly<Record<string, Row>> = {
  listModels: { who: everybody(), ask: () => ({ params: {} }) },
  retrieveModel: { who: everybody(), ask: () => ({ params: { model: 'melzi-demo' } }) },
  createChatCompletion: { who: makers(), ask: () => ({ params: {}, body: demo }) },
  // the demo model neither speaks nor hears, which is said to those who may ask
  createSpeech: { who: makers(400), ask: () => ({ params: {}, body: speech }) },
  createTranscription: { who: makers(400), ask: () => ({ params: {}, body: recording() }) },
  getHealth: { who: open(), ask: () => ({ params: {} }) },
  getReadiness: { who: open(), ask: () => ({ params: {} }) },
  getPicture: { who: open(404), ask: () => ({ params: { picture: 'none.png' } }) },
  getOpenApi: { who: open(), ask: () => ({ params: {} }) },
}
