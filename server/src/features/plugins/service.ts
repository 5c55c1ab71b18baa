import { functionNameOf } from '../../plugins/function-name.ts'
import { secretsOfAuth } from '../../plugins/plugin-auth.ts'
import type { PluginKinds } from '../../plugins/plugin-kind.ts'
import { createPluginReader, type ReadPlugin, type StoredPlugin } from '../../plugins/registry.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Owner, Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import { parsePluginFile, type PluginManifest } from '../../plugins/manifest.ts'
import { attachedFunctions, type AttachedFunction } from './attached-functions.ts'
import type { PluginSecrets } from './plugin-secrets.ts'
import {
  deleteAttachment,
  deletePlugin,
  findPlugin,
  findPluginByName,
  insertAttachment,
  largestHolder,
  listAttached,
  listPlugins,
  upsertPlugin,
  type PluginRecord,
} from './store.ts'
import { findVersion } from './version-store.ts'

export type { AttachedFunction } from './attached-functions.ts'
export type { PluginModelUsage } from './call-aids.ts'
export { outsideTextOf, type PluginCallOutcome, type PluginCalls } from './call-service.ts'
export type { PluginRecord } from './store.ts'

/** A plugin file that has been read and can be imported. */
export interface CheckedPluginFile {
  /** `id` of the plugin file. */
  readonly pluginId: string
  readonly functionName: string
  readonly text: string
  /** What its own server says of itself; null where there is none, or where it cannot be asked before its secrets are there. */
  readonly document: string | null
  readonly vectorStoreId: string | null
}

export interface ImportOptions {
  /** What an AzureCognitiveSearch plugin searches. The caller has checked whose it is. */
  vectorStoreId?: string | null
  signal?: AbortSignal
}

export type PluginService = ReturnType<typeof createPluginService>

/** Names of the secrets without which the plugin's own server does not say what it offers; OpenAPI documents are read without any. */
export const authSecrets = ({ api }: PluginManifest): string[] =>
  api.kind === 'mcp' ? secretsOfAuth(api.auth) : []

/** Characters of what a model is told of a plugin that is one function. */
const LONGEST_FUNCTION = 262_144
/** Of one assistant. */
const MOST_PLUGINS = 128
const MOST_BYTES = 4_000_000

/** A plugin's own server is asked for so long what it offers. */
const DESCRIBE_MS = 30_000

/**
 * Plugins of people and which assistants have them. A plugin belongs to the person who imported it; nobody else sees it, but an
 * assistant that has it brings it to everyone who may use the assistant.
 */
export const createPluginService = (deps: {
  store: Store
  clock: Clock
  kinds: PluginKinds
  secrets: PluginSecrets
}) => {
  const { store, clock, kinds, secrets } = deps
  const read = createPluginReader(kinds)

  const getOwned = async (db: Reader, principal: Principal, id: string): Promise<PluginRecord> => {
    const plugin = await findPlugin(db, principal.workspaceId, id)
    if (plugin === null || plugin.ownerId !== principal.personId)
      throw errors.notFound('plugin', id)
    return plugin
  }

  /**
   * Reads a plugin file for {@link importInto}, outside of any write unit: a long file must not hold up other writers. Its functions are
   * read too, so that a file whose functions cannot be made fails here and not at each read of the assistant.
   * @throws AppError 400 naming the field that is wrong
   */
  const checkFile = (text: string, document: string | null = null): CheckedPluginFile => {
    const manifest = parsePluginFile(text)
    const functionName = functionNameOf(manifest.id, manifest.nameForModel)
    const { functions } = read({ functionName, manifest: text, document })
    const length = JSON.stringify(functions).length
    if (functions.every(({ operation }) => operation === null) && length > LONGEST_FUNCTION) {
      throw errors.invalid(
        `The function of the plugin has ${length} characters, its description and parameters together. The limit is ${LONGEST_FUNCTION} characters.`,
      )
    }
    return { pluginId: manifest.id, functionName, text, document, vectorStoreId: null }
  }

  /**
   * What the plugin's own server says it offers; null where there is none, or while a secret that this needs is not there.
   * @param known the plugin as it is stored, whose secrets are used
   * @param who asks
   * @throws AppError 400 when the server cannot be reached or understood
   */
  const describe = async (
    text: string,
    known: PluginRecord | null,
    who: Owner,
    stop?: AbortSignal,
  ): Promise<string | null> => {
    const manifest = parsePluginFile(text)
    const functionName = functionNameOf(manifest.id, manifest.nameForModel)
    const values =
      known === null ? {} : await secrets.open(store, known.workspaceId, known.id, manifest.secrets)
    if (authSecrets(manifest).some((name) => values[name] === undefined)) return null
    const timeout = AbortSignal.timeout(DESCRIBE_MS)
    const signal = stop === undefined ? timeout : AbortSignal.any([stop, timeout])
    const owner = `${who.workspaceId}/${who.personId}`
    const plugin = { functionName, manifest, secrets: values }
    return kinds[manifest.api.kind].describe(plugin, owner, signal)
  }

  /** The principal's plugin whose file has this id. */
  const findByFileId = async (
    { workspaceId, personId }: Principal,
    pluginId: string,
    db: Reader = store,
  ): Promise<PluginRecord | null> => {
    const found = await findPluginByName(db, workspaceId, personId, pluginId)
    return found?.pluginId === pluginId ? found : null
  }

  /**
   * {@link checkFile}, and what the plugin's own server says of itself.
   * @throws AppError 400 naming the field that is wrong, or when the server cannot be reached or understood
   */
  const prepareFile = async (
    principal: Principal,
    text: string,
    options: ImportOptions = {},
  ): Promise<CheckedPluginFile> => {
    const checked = checkFile(text)
    const own = await findByFileId(principal, checked.pluginId)
    const manifest = parsePluginFile(text)
    if (manifest.api.kind === 'search' && !options.vectorStoreId && !own?.vectorStoreId) {
      throw errors.invalid(
        `The plugin searches the index '${manifest.api.indexName}' of a service that is not here. Name the vector store to search instead: 'vector_store_id'.`,
        'vector_store_id',
        'missing_required_parameter',
      )
    }
    const document = await describe(text, own, principal, options.signal)
    return { ...checkFile(text, document), vectorStoreId: options.vectorStoreId ?? null }
  }

  /**
   * Every reading of an assistant, and every run, reads all of its plugins.
   * @throws AppError 400 when an assistant would have too much of them with this one
   */
  const checkHolders = async (tx: Tx, { workspaceId, id }: PluginRecord): Promise<void> => {
    const { plugins, bytes } = await largestHolder(tx, workspaceId, id)
    if (plugins <= MOST_PLUGINS && bytes <= MOST_BYTES) return
    throw errors.invalid(
      `An assistant may have ${MOST_PLUGINS} plugins, and their files with what their servers say of themselves ${MOST_BYTES} bytes together.`,
    )
  }

  /** Import inside another feature's write unit; see importPlugin. */
  const importInto = async (
    tx: Tx,
    principal: Owner,
    file: CheckedPluginFile,
    restoredFrom: number | null = null,
  ): Promise<PluginRecord> => {
    const now = seconds(clock.now())
    const record: PluginRecord = {
      workspaceId: principal.workspaceId,
      id: newId('plug_'),
      ownerId: principal.personId,
      pluginId: file.pluginId,
      functionName: file.functionName,
      manifest: file.text,
      document: file.document,
      vectorStoreId: file.vectorStoreId,
      testArguments: null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    }
    const written = await upsertPlugin(tx, record, restoredFrom)
    await checkHolders(tx, written)
    return written
  }

  return {
    checkFile,
    prepareFile,
    importInto,
    getOwned,
    describe,
    findByFileId,

    /** Manifest and functions of a plugin; what it gives is shared and must not be changed. */
    read: (plugin: StoredPlugin): ReadPlugin => read(plugin),

    /**
     * Takes a plugin file. The same plugin id of the same owner becomes the next version of that plugin, in every assistant that has
     * it; the same text again changes nothing.
     * @throws AppError 400 naming the field that is wrong
     */
    importPlugin: async (
      principal: Principal,
      text: string,
      options: ImportOptions = {},
    ): Promise<PluginRecord> => {
      const file = await prepareFile(principal, text, options)
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

    /** The principal's plugin of this name, as getByName finds it; none where there is none. */
    named: async ({ workspaceId, personId }: Principal, name: string): Promise<PluginRecord[]> => {
      const plugin = await findPluginByName(store, workspaceId, personId, name)
      return plugin === null ? [] : [plugin]
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

    /**
     * Functions of the plugins an assistant has, in the order they were attached. The caller has checked the right to the assistant.
     * @param ownFunctions names of the assistant's own function tools
     */
    functionsOf: async (
      db: Reader,
      workspaceId: string,
      assistantId: string,
      ownFunctions: readonly string[],
    ): Promise<AttachedFunction[]> =>
      attachedFunctions(await listAttached(db, workspaceId, assistantId), read, ownFunctions),

    /** Plugins of an assistant, in the order they were attached. The caller has checked the right to the assistant. */
    attachedTo: (
      workspaceId: string,
      assistantId: string,
      db: Reader = store,
    ): Promise<PluginRecord[]> => listAttached(db, workspaceId, assistantId),

    /**
     * Files of an assistant's plugins, for its export. The caller has checked the ownership of the assistant.
     */
    filesOf: async (db: Reader, workspaceId: string, assistantId: string): Promise<string[]> =>
      (await listAttached(db, workspaceId, assistantId)).map((plugin) => plugin.manifest),

    /**
     * Gives an assistant a plugin; attaching it again changes nothing. The caller has checked the ownership of the assistant.
     * @param ownFunctions names of the assistant's own function tools
     * @throws AppError 404 unless the principal owns the plugin; 400 when the assistant has another function of this name
     */
    attach: async (
      tx: Tx,
      principal: Owner,
      assistantId: string,
      pluginId: string,
      ownFunctions: readonly string[] = [],
    ): Promise<void> => {
      const plugin = await findPlugin(tx, principal.workspaceId, pluginId)
      // A limited key reaches what it made, and it can make no plugin: attaching one would be the way to its secrets' use.
      const isOwn = plugin?.ownerId === principal.personId && principal.scope == null
      if (plugin === null || !isOwn) throw errors.notFound('plugin', pluginId)
      const attached = await listAttached(tx, principal.workspaceId, assistantId)
      if (attached.some((other) => other.id === plugin.id)) return
      const taken = [...ownFunctions, ...attached.map((other) => other.functionName)]
      if (taken.includes(plugin.functionName)) {
        throw errors.invalid(
          `The assistant already has a function named '${plugin.functionName}'; function names must be unique.`,
          'tools',
          'invalid_value',
        )
      }
      await insertAttachment(tx, assistantId, plugin)
      await checkHolders(tx, plugin)
    },

    /** Takes a plugin away from an assistant; does nothing where it is not attached. The caller has checked the ownership. */
    detach: (
      tx: Tx,
      principal: Pick<Principal, 'workspaceId'>,
      assistantId: string,
      pluginId: string,
    ): Promise<void> => deleteAttachment(tx, principal.workspaceId, assistantId, pluginId),

    /** A version's text, for a run that was frozen with it; the plugin as it is now where the run is older than versions are. */
    atVersion: async (
      db: Reader,
      workspaceId: string,
      id: string,
      version: number | null,
    ): Promise<PluginRecord | null> => {
      const plugin = await findPlugin(db, workspaceId, id)
      if (plugin === null || version === null || plugin.version === version) return plugin
      const text = await findVersion(db, workspaceId, id, version)
      return text === null
        ? plugin
        : { ...plugin, version, manifest: text.manifest, document: text.document }
    },
  }
}
