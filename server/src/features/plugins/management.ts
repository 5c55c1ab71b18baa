import type { ModifyPluginRequest } from '@melzi/contract/plugin-requests.ts'
import { AppError, errors } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Store } from '../../platform/store/store.ts'
import { parsePluginFile, type PluginManifest } from '../../plugins/manifest.ts'
import type { ReadPlugin } from '../../plugins/registry.ts'
import type { PluginSecrets } from './plugin-secrets.ts'
import { applyEdits } from './plugin-edits.ts'
import { samplesText } from './plugin-tests.ts'
import { authSecrets, type CheckedPluginFile, type PluginService } from './service.ts'
import { updateTestArguments, type PluginRecord } from './store.ts'
import { findVersion, listVersions, type PluginVersion } from './version-store.ts'

/** A secret that a plugin's file names, or that is set. */
export interface SecretState {
  name: string
  /** Unix seconds; null: it is not set. */
  setAt: number | null
}

/** A plugin with all that its owner is shown of it. */
export interface PluginView {
  plugin: PluginRecord
  read: ReadPlugin
  secrets: SecretState[]
  missing: string[]
}

/** What importing a file would give. */
export interface PreviewView extends Omit<PluginView, 'plugin'> {
  /** The plugin whose next version it would be. */
  known: PluginRecord | null
  functionName: string
}

/** Whether a plugin's server was asked anew, and why that went wrong. */
export interface RefreshOutcome {
  ok: boolean
  message: string | null
}

/** So often an edit is made anew because another one came first. */
const TRIES = 5

export type PluginManagement = ReturnType<typeof createPluginManagement>

/** What owners do with their plugins. Every method asks for the pair (principal, plugin): no right on it is 404. */
export const createPluginManagement = (deps: {
  store: Store
  plugins: PluginService
  secrets: PluginSecrets
  /** @throws AppError 404 or 400 unless the principal may search this vector store now */
  checkVectorStore: (principal: Principal, id: string) => Promise<unknown>
}) => {
  const { store, plugins, secrets } = deps

  const secretsOf = async (
    plugin: PluginRecord | null,
    manifest: PluginManifest,
  ): Promise<SecretState[]> => {
    const known = plugin === null ? [] : await secrets.list(store, plugin.workspaceId, plugin.id)
    const setAt = new Map(known.map(({ name, updatedAt }) => [name, updatedAt]))
    const names = new Set([...manifest.secrets, ...setAt.keys()])
    return [...names].map((name) => ({ name, setAt: setAt.get(name) ?? null }))
  }

  const viewOf = async (plugin: PluginRecord): Promise<PluginView> => {
    const read = plugins.read(plugin)
    const states = await secretsOf(plugin, read.manifest)
    const missing = missingOf(read.manifest, states, plugin.vectorStoreId)
    return { plugin, read, secrets: states, missing }
  }

  const checkVectorStore = async (
    principal: Principal,
    text: string,
    id: string | null,
  ): Promise<void> => {
    if (id === null) return
    if (parsePluginFile(text).api.kind !== 'search') {
      throw errors.invalid(
        "Invalid 'vector_store_id': only plugins of the type 'AzureCognitiveSearch' search a vector store.",
        'vector_store_id',
        'invalid_value',
      )
    }
    await deps.checkVectorStore(principal, id)
  }

  /** The next text of a plugin, read and described; its server is asked only when what reaches it has changed. */
  const checkNext = async (
    principal: Principal,
    base: PluginRecord,
    text: string,
    signal?: AbortSignal,
  ): Promise<CheckedPluginFile> => {
    const checked = plugins.checkFile(text, base.document)
    if (checked.pluginId !== base.pluginId) {
      throw errors.invalid(
        `Invalid 'file': its id is '${checked.pluginId}', but the plugin's is '${base.pluginId}'. Import it as a plugin of its own instead.`,
        'file',
        'invalid_value',
      )
    }
    const isSame =
      JSON.stringify(parsePluginFile(base.manifest).api) ===
      JSON.stringify(parsePluginFile(text).api)
    if (isSame && base.document !== null) return checked
    return plugins.checkFile(text, await plugins.describe(text, base, principal, signal))
  }

  /** Makes the next version of a plugin from the present one; made anew when another version came in between. */
  const change = async (
    principal: Principal,
    id: string,
    make: (base: PluginRecord) => Promise<CheckedPluginFile & { restoredFrom?: number }>,
    testArguments: string | null = null,
  ): Promise<PluginRecord> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const base = await plugins.get(principal, id)
      const file = await make(base)
      const written = await store.write('plugin.change', async (tx) => {
        const now = await plugins.getOwned(tx, principal, id)
        if (now.version !== base.version) return null
        if (testArguments !== null)
          await updateTestArguments(tx, principal.workspaceId, id, testArguments)
        return plugins.importInto(tx, principal, file, file.restoredFrom ?? null)
      })
      if (written !== null) return written
    }
    throw errors.unavailable('The plugin is being changed by others; try again in a moment.', 1)
  }

  const refresh = async (
    principal: Principal,
    id: string,
    signal?: AbortSignal,
  ): Promise<PluginRecord> =>
    change(principal, id, async (base) => {
      const { manifest } = await viewOf(base).then(({ read }) => read)
      const states = await secretsOf(base, manifest)
      const absent = authSecrets(manifest).filter(
        (name) => states.find((state) => state.name === name)?.setAt == null,
      )
      if (absent.length > 0) {
        throw errors.invalid(
          `The plugin's server cannot be asked before its secrets are set: ${absent.map((name) => `'${name}'`).join(', ')}.`,
          'secrets',
          'missing_required_parameter',
        )
      }
      const document = await plugins.describe(base.manifest, base, principal, signal)
      return plugins.checkFile(base.manifest, document)
    })

  const getVersion = async (
    principal: Principal,
    id: string,
    version: number,
  ): Promise<PluginVersion> => {
    await plugins.get(principal, id)
    const found = await findVersion(store, principal.workspaceId, id, version)
    if (found === null) throw errors.notFound('plugin version', String(version))
    return found
  }

  return {
    /** @throws AppError 404 */
    get: async (principal: Principal, id: string): Promise<PluginView> =>
      viewOf(await plugins.get(principal, id)),

    /** @param name only the plugin of this `plug_` id, id of its file or function name; null: all */
    list: async (
      principal: Principal,
      query: PageQuery,
      name: string | null,
    ): Promise<Page<PluginView>> => {
      const page =
        name === null
          ? await plugins.list(principal, query)
          : { items: await plugins.named(principal, name), hasMore: false }
      return { items: await Promise.all(page.items.map(viewOf)), hasMore: page.hasMore }
    },

    /**
     * Takes a plugin file; the same id of the same owner becomes the plugin's next version.
     * @throws AppError 400 naming the field, 404 for a vector store that is not the principal's
     */
    import: async (
      principal: Principal,
      text: string,
      vectorStoreId: string | null,
      signal?: AbortSignal,
    ): Promise<PluginView> => {
      await checkVectorStore(principal, text, vectorStoreId)
      const options = { vectorStoreId, ...(signal === undefined ? {} : { signal }) }
      return viewOf(await plugins.importPlugin(principal, text, options))
    },

    /** What importing a file would give; keeps nothing. @throws AppError as import */
    preview: async (
      principal: Principal,
      text: string,
      signal?: AbortSignal,
    ): Promise<PreviewView> => {
      const { pluginId, functionName } = plugins.checkFile(text)
      const known = await plugins.findByFileId(principal, pluginId)
      const document = await plugins.describe(text, known, principal, signal)
      const name = known?.functionName ?? functionName
      const read = plugins.read({ functionName: name, manifest: text, document })
      const states = await secretsOf(known, read.manifest)
      const missing = missingOf(read.manifest, states, known?.vectorStoreId ?? null)
      return { known, functionName: name, read, secrets: states, missing }
    },

    /**
     * Changes fields of a plugin's file, and nothing else of its text: the next version.
     * @throws AppError 404; 400 naming the field of the request or its place in the file
     */
    edit: async (
      principal: Principal,
      id: string,
      request: ModifyPluginRequest,
      signal?: AbortSignal,
    ): Promise<PluginView> => {
      const { test_arguments: samples, vector_store_id: vectorStoreId = null } = request
      const written = await change(
        principal,
        id,
        async (base) => {
          const text = applyEdits(base.manifest, request)
          await checkVectorStore(principal, text, vectorStoreId)
          return { ...(await checkNext(principal, base, text, signal)), vectorStoreId }
        },
        samples === undefined ? null : samplesText(samples, 'test_arguments'),
      )
      return viewOf(samples === undefined ? written : await plugins.get(principal, id))
    },

    /**
     * Asks the plugin's own server anew what it offers; another answer is the next version.
     * @throws AppError 404; 400 when a secret is missing or the server does not answer
     */
    refresh: async (principal: Principal, id: string, signal?: AbortSignal): Promise<PluginView> =>
      viewOf(await refresh(principal, id, signal)),

    /** Newest first unless asked otherwise; without their texts. @throws AppError 404 */
    listVersions: async (
      principal: Principal,
      id: string,
      query: PageQuery,
    ): Promise<Page<PluginVersion>> => {
      await plugins.get(principal, id)
      return listVersions(store, principal.workspaceId, id, query)
    },

    getVersion,

    /**
     * Brings the text of a version back, as the next version; the text that is there already stays as it is.
     * @throws AppError 404; 400 when this server can no longer read that text
     */
    restore: async (principal: Principal, id: string, version: number): Promise<PluginView> => {
      const { manifest, document } = await getVersion(principal, id, version)
      const file = plugins.checkFile(manifest, document)
      return viewOf(await change(principal, id, async () => ({ ...file, restoredFrom: version })))
    },

    /** @throws AppError 404 */
    secrets: async (principal: Principal, id: string): Promise<SecretState[]> =>
      (await viewOf(await plugins.get(principal, id))).secrets,

    /**
     * Seals and keeps a secret. When the plugin's server could not be asked before and now can be, it is; that this goes wrong is
     * said in the outcome, and the secret stays.
     * @throws AppError 404; 400 naming `name` or `value`
     */
    setSecret: async (
      principal: Principal,
      id: string,
      { name, value }: { name: string; value: string },
      signal?: AbortSignal,
    ): Promise<{ secret: SecretState; refresh: RefreshOutcome | null }> => {
      await store.write('plugin.secret.set', async (tx) => {
        await plugins.getOwned(tx, principal, id)
        await secrets.set(tx, principal.workspaceId, id, name, value)
      })
      const { plugin, read, secrets: states } = await viewOf(await plugins.get(principal, id))
      const secret = states.find((state) => state.name === name) ?? { name, setAt: null }
      const needed = authSecrets(read.manifest)
      const isReady = needed.every((one) => states.some((s) => s.name === one && s.setAt !== null))
      if (plugin.document !== null || !needed.includes(name) || !isReady)
        return { secret, refresh: null }
      try {
        await refresh(principal, id, signal)
        return { secret, refresh: { ok: true, message: null } }
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { secret, refresh: { ok: false, message: error.message } }
      }
    },

    /** @throws AppError 404 for the plugin, or a secret that is not set */
    deleteSecret: (principal: Principal, id: string, name: string): Promise<void> =>
      store.write('plugin.secret.delete', async (tx) => {
        await plugins.getOwned(tx, principal, id)
        await secrets.delete(tx, principal.workspaceId, id, name)
      }),

    /** @throws AppError 404 */
    delete: (principal: Principal, id: string): Promise<void> => plugins.delete(principal, id),
  }
}

const missingOf = (
  manifest: PluginManifest,
  states: readonly SecretState[],
  vectorStoreId: string | null,
): string[] => {
  const unset = states.filter((state) => state.setAt === null).map(({ name }) => `secrets.${name}`)
  return manifest.api.kind === 'search' && vectorStoreId === null
    ? [...unset, 'vector_store_id']
    : unset
}
