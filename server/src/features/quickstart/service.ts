import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { CreateAssistantRequest } from '@melzi/contract/assistant.ts'
import { newId } from '../../platform/ids.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { AssistantService } from '../assistants/service.ts'
import { newKeyText, type KeyService } from '../keys/service.ts'
import type { PeopleService } from '../people/service.ts'
import type { CheckedPluginFile, PluginService } from '../plugins/service.ts'
import {
  discardDraft,
  listDrafts,
  publishDraft,
  quickstartFile,
  readEnvFile,
  writeDraft,
  type QuickstartEnv,
} from './env-file.ts'
import { howToGoOn, howToMakeAKey } from './greeting.ts'

const SAMPLES = path.join(import.meta.dirname, '../../../../examples/plugins')
const SAMPLE_PLUGINS = ['unit_price.json', 'show_params.json']
const INSTRUCTIONS =
  'You are a friendly assistant. Answer in the language of the user. Call a function when it can find the answer, and answer from its output.'

export type Quickstart = ReturnType<typeof createQuickstart>

/** What makes an empty server worth talking to: a workspace, its owner, a key and a sample assistant with two plugins. */
export const createQuickstart = (deps: {
  store: Store
  people: PeopleService
  plugins: Pick<PluginService, 'checkFile' | 'importInto' | 'attach'>
  assistants: Pick<AssistantService, 'insert'>
  keys: Pick<KeyService, 'add' | 'isAlive'>
  dataDir: string
  /** Model of the sample assistant. */
  model: string
}) => {
  const { store, people, plugins, assistants, keys, dataDir } = deps

  /**
   * A server killed between commit and rename left a draft with a living key, which is now published; one killed before the commit
   * left a draft with a key nobody knows, which goes.
   */
  const heal = async (): Promise<void> => {
    for (const draft of await listDrafts(dataDir)) {
      const env = await readEnvFile(draft)
      const alive = env !== null && (await keys.isAlive(env.API_KEY))
      if (alive) await publishDraft(dataDir, draft)
      else await discardDraft(draft)
    }
  }

  /** Inside one write unit, so that there is all of it or nothing; false when the store is not empty. */
  const furnish = async (
    tx: Tx,
    made: { keyText: string; assistantId: string; files: readonly CheckedPluginFile[] },
  ): Promise<boolean> => {
    const owner = await people.foundHome(tx)
    if (owner === null) return false
    await keys.add(tx, owner, { name: 'quickstart' }, made.keyText)
    const request = CreateAssistantRequest.parse({
      model: deps.model,
      name: 'Sample assistant',
      description: 'Made by the quickstart: knows unit prices and shows what a plugin is given.',
      instructions: INSTRUCTIONS,
    })
    await assistants.insert(tx, owner, request, 'client', made.assistantId)
    for (const file of made.files) {
      const plugin = await plugins.importInto(tx, owner, file)
      await plugins.attach(tx, owner, made.assistantId, plugin.id)
    }
    return true
  }

  /** The draft of quickstart.env is on the disk before the commit and takes its name after it: see heal. */
  const make = async (baseUrl: string): Promise<void> => {
    const keyText = newKeyText()
    const assistantId = newId('asst_')
    const files = await Promise.all(
      SAMPLE_PLUGINS.map(async (name) =>
        plugins.checkFile(await readFile(path.join(SAMPLES, name), 'utf8')),
      ),
    )
    const env = {
      BASE_URL: baseUrl,
      ASSISTANT_API: baseUrl,
      API_KEY: keyText,
      ASSISTANT_ID: assistantId,
    }
    const draft = await writeDraft(dataDir, env)
    const made = await store.write('quickstart', (tx) =>
      furnish(tx, { keyText, assistantId, files }),
    )
    if (!made) return discardDraft(draft)
    if (await publishDraft(dataDir, draft)) return
    // Another server starting on the same folder took the draft for one left behind.
    await publishDraft(dataDir, await writeDraft(dataDir, env))
  }

  /** Keeps the address in the file true when the port or the public address has changed since. */
  const refresh = async (env: QuickstartEnv, baseUrl: string): Promise<void> => {
    if (env.BASE_URL === baseUrl && env.ASSISTANT_API === baseUrl) return
    const draft = await writeDraft(dataDir, { ...env, BASE_URL: baseUrl, ASSISTANT_API: baseUrl })
    await publishDraft(dataDir, draft)
  }

  return {
    /**
     * To be called at every start, once the port is bound. Makes the samples in an empty store when `enabled`, writes
     * `<data>/quickstart.env` (mode 0600), and heals what a kill at any moment of an earlier start left behind.
     * @param baseUrl see baseUrlOf
     * @returns what to print for the person who started the server
     */
    prepare: async (options: { enabled: boolean; baseUrl: string }): Promise<string> => {
      await mkdir(dataDir, { recursive: true })
      await heal()
      const empty = !(await people.hasWorkspace(store))
      if (empty && options.enabled) await make(options.baseUrl)
      if (empty && !options.enabled) return howToMakeAKey(options.baseUrl)
      const file = quickstartFile(dataDir)
      const env = await readEnvFile(file)
      const alive = env !== null && (await keys.isAlive(env.API_KEY))
      if (!alive) return howToMakeAKey(options.baseUrl)
      await refresh(env, options.baseUrl)
      return howToGoOn(options.baseUrl, file)
    },
  }
}
