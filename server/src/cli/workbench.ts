import { statSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { prepareDataFolder } from '../config/data-folder.ts'
import { secretKeyOf } from '../config/secret-key.ts'
import { createKinds } from '../foreign-code.ts'
import { createAssistantService, type AssistantService } from '../features/assistants/service.ts'
import { createAuditLog } from '../features/audit/service.ts'
import { createOwnedFiles } from '../features/files/service.ts'
import { createKeyService, type KeyService } from '../features/keys/service.ts'
import { createPeopleService, type Member, type PeopleService } from '../features/people/service.ts'
import { createCallLog, type CallLog } from '../features/plugins/call-log.ts'
import { createPluginManagement, type PluginManagement } from '../features/plugins/management.ts'
import { createPluginSecrets, type PluginSecrets } from '../features/plugins/plugin-secrets.ts'
import { createPluginService, type PluginService } from '../features/plugins/service.ts'
import { createRights } from '../features/sharing/service.ts'
import {
  createToolResources,
  type ToolResourcesService,
} from '../features/tool-resources/service.ts'
import { createStoreWriter } from '../features/vector-stores/service.ts'
import { systemClock } from '../platform/clock.ts'
import { createLog } from '../platform/log.ts'
import { createSealer } from '../platform/sealing.ts'
import type { Principal } from '../platform/principal.ts'
import { openStore } from '../platform/store/open-store.ts'
import type { Store } from '../platform/store/store.ts'
import type { PluginKinds } from '../plugins/plugin-kind.ts'
import { createNoDriver } from '../plugins/python/no-driver.ts'
import type { SandboxDriver } from '../plugins/python/sandbox-driver.ts'
import { createStoreSearch } from './store-search.ts'

/** What commands work with: the server's own services on its store, without models or runs. */
export interface Workbench extends AsyncDisposable {
  store: Store
  people: PeopleService
  keys: KeyService
  plugins: PluginService
  pluginSecrets: PluginSecrets
  pluginManagement: PluginManagement
  callLog: CallLog
  kinds: PluginKinds
  assistants: AssistantService
  toolResources: ToolResourcesService
}

/**
 * Opens the server's store, beside a running server if there is one, and brings its schema up to date first.
 * @param mode `create` makes a SQLite store that is not there yet; `existing` leaves the disk as it is
 * @param driver what runs plugins; without one, none are run
 * @throws {ConfigError} for a data folder that cannot be used; Error where there is no store
 */
export const openWorkbench = async (
  config: Config,
  mode: 'create' | 'existing',
  driver: SandboxDriver = createNoDriver(),
): Promise<Workbench> => {
  const { data, store: where } = config
  if (where.kind === 'sqlite') {
    if (mode === 'existing' && !hasStore(config)) {
      throw new Error(
        `There is no store in ${data.dir} yet. Make a key first, which also makes the store and its owner: melzi key create`,
      )
    }
    prepareDataFolder(data.dir)
  }
  const clock = systemClock
  // Standard output belongs to the answer.
  const log = createLog('silent')
  const store = await openStore(where, { migrate: true, exclusive: false, log })
  const secrets = createPluginSecrets({ clock, sealer: createSealer(secretKeyOf(config)) })
  const files = createOwnedFiles({ clock })
  const stores = createStoreWriter({ clock, files })
  const search = createStoreSearch({ config, store, clock, log, stores })
  const kinds = createKinds(config, clock, driver, search)
  const plugins = createPluginService({ store, clock, kinds, secrets })
  const audit = createAuditLog({ clock })
  const toolResources = createToolResources({
    clock,
    files,
    stores,
    // The running server finds what is to be indexed by itself.
    announce: () => undefined,
  })
  const assistants = createAssistantService({
    store,
    clock,
    plugins,
    toolResources,
    rights: createRights({ clock }),
    audit,
    // Which models there are is the running server's business.
    checkModel: () => undefined,
  })
  return {
    store,
    plugins,
    kinds,
    pluginSecrets: secrets,
    pluginManagement: createPluginManagement({
      store,
      plugins,
      secrets,
      checkVectorStore: (who, id) => stores.getLive(store, who, id),
    }),
    callLog: createCallLog({ store, plugins }),
    toolResources,
    people: createPeopleService({ clock }),
    keys: createKeyService({
      store,
      clock,
      log,
      audit,
      checkAssistant: (db, who, id, right) => assistants.getUsable(db, who, id, right),
    }),
    assistants,
    [Symbol.asyncDispose]: async () => {
      await kinds[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

/**
 * Whom a command acts for: the owner of the oldest workspace, or the member that is named.
 * @throws Error on an empty store, or for a name no member has
 */
export const actingFor = async (bench: Workbench, person: string | null): Promise<Principal> => {
  const owner = await bench.people.findOwner(bench.store)
  if (owner === null) {
    throw new Error(
      'The store is empty. Make a key first, which also makes its owner: melzi key create',
    )
  }
  if (person === null) return asPrincipal(owner)
  const member = await bench.people.findMember(bench.store, owner.workspaceId, person)
  if (member === null) {
    throw new Error(
      `There is no person named '${person}'. A first key makes one: melzi key create --person ${person}`,
    )
  }
  return asPrincipal(member)
}

/** Whether there is a store to open. */
export const hasStore = ({ store }: Config): boolean =>
  store.kind !== 'sqlite' || !isAbsent(store.file)

/** Not for a file that cannot be looked at: then the data folder is to blame. */
const isAbsent = (file: string): boolean => {
  try {
    statSync(file)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}

/** A member at the command line: with nothing held back. */
export const asPrincipal = (member: Member): Principal => ({
  ...member,
  keyId: null,
  sessionId: null,
  from: null,
  scope: null,
})
