import type { DuplicateObject } from '@melzi/contract/share.ts'
import type { ToolResources, ToolResourcesInput } from '@melzi/contract/tool-resources.ts'
import { AppError } from '../../platform/errors.ts'
import { requireFull, type Principal } from '../../platform/principal.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import {
  functionNames,
  type AssistantService,
  type UsableAssistant,
} from '../assistants/service.ts'
import type { PluginRecord, PluginService } from '../plugins/service.ts'
import { ownedOf } from './transfer-store.ts'

type LeftOut = DuplicateObject['left_out']

const SUFFIX = ' (copy)'
/** Characters of an assistant's name. */
const MAX_NAME = 256

const NOT_YOURS = 'It belongs to somebody else.'

/** Copies an assistant that the caller may look into. The copy is the caller's, and has nothing that is somebody else's. */
export const createDuplicate = (deps: {
  store: Store
  assistants: Pick<AssistantService, 'getUsable' | 'resourcesOf' | 'insert'>
  plugins: Pick<PluginService, 'attachedTo' | 'importInto' | 'read' | 'attach' | 'findByFileId'>
}) => {
  const { store, assistants, plugins } = deps

  /** Of the files and stores, those that are the caller's. */
  const siftResources = async (
    db: Reader,
    principal: Principal,
    resources: ToolResources,
    leftOut: LeftOut,
  ): Promise<ToolResourcesInput> => {
    const keep = async (table: 'files' | 'vector_stores', ids: readonly string[]) => {
      const found = await ownedOf(db, table, principal, ids)
      const type = table === 'files' ? ('file' as const) : ('vector_store' as const)
      for (const { id, isOwn, name } of found)
        if (!isOwn) leftOut.push({ type, id, name, reason: NOT_YOURS })
      return ids.filter((id) => found.some((one) => one.id === id && one.isOwn))
    }
    const { code_interpreter: code, file_search: search } = resources
    const kept: ToolResourcesInput = {}
    if (code !== undefined) {
      kept.code_interpreter = { file_ids: await keep('files', code.file_ids ?? []) }
    }
    if (search !== undefined) {
      const ids = await keep('vector_stores', search.vector_store_ids ?? [])
      kept.file_search = { vector_store_ids: ids }
    }
    return kept
  }

  /** The caller's own plugin of the same file, or a copy of somebody else's, without its secrets and its vector store. */
  const copyPlugin = async (
    tx: Tx,
    principal: Principal,
    plugin: PluginRecord,
    leftOut: LeftOut,
  ): Promise<string | null> => {
    if (plugin.ownerId === principal.personId) return plugin.id
    const { manifest } = plugins.read(plugin)
    const about = { id: plugin.id, name: manifest.nameForHuman }
    const own = await plugins.findByFileId(principal, plugin.pluginId, tx)
    if (own !== null && own.manifest !== plugin.manifest) {
      const reason = 'You have another plugin with the same id.'
      leftOut.push({ type: 'plugin', ...about, reason })
      return null
    }
    if (own !== null) return own.id
    const { pluginId, functionName, manifest: text, document } = plugin
    const file = { pluginId, functionName, text, document, vectorStoreId: null }
    const copy = await plugins.importInto(tx, principal, file)
    if (manifest.secrets.length > 0) {
      leftOut.push({ type: 'secrets', ...about, id: copy.id, reason: 'Set your own.' })
    }
    if (plugin.vectorStoreId !== null) {
      leftOut.push({
        type: 'vector_store',
        id: plugin.vectorStoreId,
        name: null,
        reason: NOT_YOURS,
      })
    }
    return copy.id
  }

  /** A plugin of the caller may have another function name than the one it stands for. */
  const attach = async (
    tx: Tx,
    principal: Principal,
    copy: UsableAssistant,
    id: string,
    leftOut: LeftOut,
  ): Promise<void> => {
    try {
      await plugins.attach(tx, principal, copy.id, id, functionNames(copy.tools))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      leftOut.push({ type: 'plugin', id, name: null, reason: error.message })
    }
  }

  const nameOf = ({ name }: UsableAssistant): string | null =>
    name === null ? null : name.slice(0, MAX_NAME - SUFFIX.length) + SUFFIX

  return async (principal: Principal, id: string): Promise<{ id: string; leftOut: LeftOut }> =>
    store.write('assistant.duplicate', async (tx) => {
      const source = await assistants.getUsable(tx, principal, id, 'view')
      requireFull(principal)
      const leftOut: LeftOut = []
      const resources = await assistants.resourcesOf(tx, source)
      const toolResources = await siftResources(tx, principal, resources, leftOut)
      const copy = await assistants.insert(
        tx,
        principal,
        {
          model: source.model,
          name: nameOf(source),
          description: source.description,
          instructions: source.instructions,
          tools: source.tools,
          tool_resources: toolResources,
          metadata: source.metadata,
          temperature: source.temperature,
          top_p: source.topP,
          reasoning_effort: source.reasoningEffort,
          response_format: source.responseFormat,
        },
        source.pluginMode,
      )
      for (const plugin of await plugins.attachedTo(source.workspaceId, id, tx)) {
        const pluginId = await copyPlugin(tx, principal, plugin, leftOut)
        if (pluginId !== null) await attach(tx, principal, copy, pluginId, leftOut)
      }
      return { id: copy.id, leftOut }
    })
}
