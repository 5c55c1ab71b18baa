import { functionNameOf } from '../../plugins/function-name.ts'
import { parsePluginFile } from '../../plugins/manifest.ts'
import { createToolReader, type PluginTool, type ReadParameters } from '../../plugins/registry.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError, errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import {
  deleteAttachment,
  deletePlugin,
  findPlugin,
  findPluginByName,
  insertAttachment,
  listAttached,
  listPlugins,
  upsertPlugin,
  type PluginRecord,
} from './store.ts'

export { createPluginCalls } from './call-service.ts'
export type { PluginCalls } from './call-service.ts'
export type { PluginRecord } from './store.ts'

/** A plugin as an assistant has it. */
export interface AttachedPlugin {
  /** `plug_...` */
  id: string
  /** `id` of the plugin file. */
  pluginId: string
  functionName: string
  version: number
  tool: PluginTool
}

/** A plugin file that has been read and can be imported. */
export interface CheckedPluginFile {
  /** `id` of the plugin file. */
  readonly pluginId: string
  readonly functionName: string
  readonly text: string
}

export type PluginService = ReturnType<typeof createPluginService>

/**
 * Plugins of people and which assistants have them. A plugin belongs to the person who imported it; nobody else sees it, but an
 * assistant that has it brings it to everyone who may use the assistant.
 */
export const createPluginService = (deps: {
  store: Store
  clock: Clock
  readParameters: ReadParameters
}) => {
  const { store, clock } = deps
  const readTool = createToolReader(deps.readParameters)

  const getOwned = async (db: Reader, principal: Principal, id: string): Promise<PluginRecord> => {
    const plugin = await findPlugin(db, principal.workspaceId, id)
    if (plugin === null || plugin.ownerId !== principal.personId)
      throw errors.notFound('plugin', id)
    return plugin
  }

  /**
   * Reads a plugin file for {@link importInto}, outside of any write unit: a long file must not hold up other writers. Its tool is
   * made too, so that a file whose tool cannot be made or written fails here and not at each read of the assistant.
   * @throws AppError 400 naming the field that is wrong
   */
  const checkFile = (text: string): CheckedPluginFile => {
    const manifest = parsePluginFile(text)
    const functionName = functionNameOf(manifest.id, manifest.nameForModel)
    try {
      JSON.stringify(readTool({ functionName, manifest: text }))
    } catch (cause) {
      if (cause instanceof AppError) throw cause
      throw new AppError({
        status: 400,
        message: "The parameters of the plugin's function could not be read from its source.",
        param: 'api.python.source',
        code: 'invalid_value',
        cause,
      })
    }
    return { pluginId: manifest.id, functionName, text }
  }

  /** Import inside another feature's write unit; see importPlugin. */
  const importInto = (
    tx: Tx,
    principal: Omit<Principal, 'keyId'>,
    file: CheckedPluginFile,
  ): Promise<PluginRecord> => {
    const now = seconds(clock.now())
    return upsertPlugin(tx, {
      workspaceId: principal.workspaceId,
      id: newId('plug_'),
      ownerId: principal.personId,
      pluginId: file.pluginId,
      functionName: file.functionName,
      manifest: file.text,
      version: 1,
      createdAt: now,
      updatedAt: now,
    })
  }

  const functionsOf = async (
    db: Reader,
    workspaceId: string,
    assistantId: string,
  ): Promise<AttachedPlugin[]> => {
    const plugins = await listAttached(db, workspaceId, assistantId)
    return plugins.map((plugin) => ({
      id: plugin.id,
      pluginId: plugin.pluginId,
      functionName: plugin.functionName,
      version: plugin.version,
      tool: readTool(plugin),
    }))
  }

  return {
    checkFile,
    importInto,

    /**
     * Takes a plugin file. The same plugin id of the same owner becomes the next version of that plugin, in every assistant that has
     * it; the same text again changes nothing.
     * @throws AppError 400 naming the field that is wrong
     */
    importPlugin: async (principal: Principal, text: string): Promise<PluginRecord> => {
      const file = checkFile(text)
      return store.write('plugin.import', (tx) => importInto(tx, principal, file))
    },

    list: (principal: Principal, query: PageQuery): Promise<Page<PluginRecord>> =>
      listPlugins(store, principal.workspaceId, principal.personId, query),

    /** @throws AppError 404 unless the principal owns the plugin */
    get: (principal: Principal, id: string): Promise<PluginRecord> =>
      getOwned(store, principal, id),

    /**
     * The principal's plugin by `plug_` id, the id of its file or its function name.
     * @throws AppError 404
     */
    getByName: async (principal: Principal, name: string): Promise<PluginRecord> => {
      const plugin = await findPluginByName(store, principal.workspaceId, principal.personId, name)
      if (plugin === null) throw errors.notFound('plugin', name)
      return plugin
    },

    /**
     * The plugin file byte for byte as it was imported.
     * @throws AppError 404
     */
    export: async (principal: Principal, id: string): Promise<string> =>
      (await getOwned(store, principal, id)).manifest,

    /**
     * Deletes a plugin and takes it away from every assistant. Records of its calls stay.
     * @throws AppError 404
     */
    delete: (principal: Principal, id: string): Promise<void> =>
      store.write('plugin.delete', async (tx) => {
        await getOwned(tx, principal, id)
        await deletePlugin(tx, principal.workspaceId, id)
      }),

    /** Functions of the plugins an assistant has, in the order they were attached. The caller has checked the right to the assistant. */
    functionsOf,

    /**
     * Files of an assistant's plugins, for its export. The caller has checked the ownership of the assistant.
     */
    filesOf: async (db: Reader, workspaceId: string, assistantId: string): Promise<string[]> =>
      (await listAttached(db, workspaceId, assistantId)).map((plugin) => plugin.manifest),

    /**
     * Gives an assistant a plugin; attaching it again changes nothing. The caller has checked the ownership of the assistant.
     * @param otherFunctions names of the assistant's own function tools
     * @throws AppError 404 unless the principal owns the plugin; 400 when the assistant has another function of this name
     */
    attach: async (
      tx: Tx,
      principal: Omit<Principal, 'keyId'>,
      assistantId: string,
      pluginId: string,
      otherFunctions: readonly string[] = [],
    ): Promise<void> => {
      const plugin = await findPlugin(tx, principal.workspaceId, pluginId)
      if (plugin === null || plugin.ownerId !== principal.personId)
        throw errors.notFound('plugin', pluginId)
      const attached = await listAttached(tx, principal.workspaceId, assistantId)
      if (attached.some((other) => other.id === plugin.id)) return
      const taken = [...otherFunctions, ...attached.map((other) => other.functionName)]
      if (taken.includes(plugin.functionName)) {
        throw errors.invalid(
          `The assistant already has a function named '${plugin.functionName}'; function names must be unique.`,
          'tools',
          'invalid_value',
        )
      }
      await insertAttachment(tx, assistantId, plugin)
    },

    /** Takes a plugin away from an assistant; does nothing where it is not attached. The caller has checked the ownership. */
    detach: (
      tx: Tx,
      principal: Pick<Principal, 'workspaceId'>,
      assistantId: string,
      pluginId: string,
    ): Promise<void> => deleteAttachment(tx, principal.workspaceId, assistantId, pluginId),

    /** Detaches the plugins whose function is not named. The caller has checked the ownership of the assistant. */
    keepOnly: async (
      tx: Tx,
      workspaceId: string,
      assistantId: string,
      functionNames: readonly string[],
    ): Promise<void> => {
      for (const plugin of await listAttached(tx, workspaceId, assistantId)) {
        if (!functionNames.includes(plugin.functionName)) {
          await deleteAttachment(tx, workspaceId, assistantId, plugin.id)
        }
      }
    },
  }
}
