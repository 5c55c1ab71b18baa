import type { CreateAssistantRequest, ModifyAssistantRequest } from '@melzi/contract/assistant.ts'
import type { Tool } from '@melzi/contract/tool.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import {
  atLeast,
  requireFull,
  type Owner,
  type Principal,
  type Right,
} from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { AttachedFunction, PluginService } from '../plugins/service.ts'
import type { Rights } from '../sharing/service.ts'
import type { ToolResourcesService } from '../tool-resources/service.ts'
import {
  assistantIdsOf,
  deleteAssistant,
  findAssistant,
  insertAssistant,
  listAssistants,
  updateAssistant,
  type AssistantRecord,
  type PluginMode,
} from './store.ts'
import { functionNames, normalizeTools } from './tools.ts'

export type { AssistantRecord, PluginMode } from './store.ts'
export { functionNames, normalizeTools } from './tools.ts'

/** What the wire of assistants has no word for. */
export type AssistantSettings = Pick<
  AssistantRecord,
  'pluginMode' | 'showsCitations' | 'mountsFiles'
>

/** An assistant with the functions of the plugins attached to it, which are part of its tools. */
export interface UsableAssistant extends AssistantRecord {
  /** What the one who asked may do with it. */
  right: Right
  plugins: AttachedFunction[]
}

/** The same with what it gives its tools. */
export interface Assistant extends UsableAssistant {
  toolResources: ToolResources
}

/** The whole tool list as clients and models see it: its own tools, then the functions of attached plugins. */
export const toolsOf = (assistant: UsableAssistant): Tool[] => [
  ...assistant.tools,
  ...assistant.plugins.map((plugin) => plugin.tool),
]

/**
 * Tools as those see them who may use an assistant and no more: built-in ones by their type, functions by their names (design 5). What is left of a
 * function takes any arguments.
 */
export const withoutSettings = (tools: readonly Tool[]): Tool[] =>
  tools.map((tool) =>
    tool.type === 'function'
      ? {
          type: tool.type,
          function: { name: tool.function.name, parameters: ANY_ARGUMENTS, strict: false },
        }
      : { type: tool.type },
  )
const ANY_ARGUMENTS = { type: 'object', properties: {} }

export interface AssistantServiceDeps {
  store: Store
  clock: Clock
  plugins: PluginService
  toolResources: ToolResourcesService
  rights: Rights
  audit: AuditLog
  /** @throws AppError when the name is no model here and strict naming is on */
  checkModel: (model: string) => void
}

export type AssistantService = ReturnType<typeof createAssistantService>

export const createAssistantService = (deps: AssistantServiceDeps) => {
  const { store, clock, plugins, toolResources, rights, audit } = deps

  const holderOf = ({ workspaceId, id }: AssistantRecord) =>
    ({ kind: 'assistant', workspaceId, id }) as const

  const pluginsOf = (db: Reader, record: AssistantRecord): Promise<AttachedFunction[]> =>
    plugins.functionsOf(db, record.workspaceId, record.id, functionNames(record.tools))

  /**
   * The assistant, when the principal has the right that is needed.
   * @throws AppError 404 when it does not exist or the principal has no right on it, 403 when it has too little
   */
  const getUsable = async (
    db: Reader,
    principal: Principal,
    id: string,
    needed: Right = 'use',
  ): Promise<UsableAssistant> => {
    const record = await findAssistant(db, principal.workspaceId, id)
    const right = record === null ? null : await rights.rightOf(db, principal, record)
    if (record === null || right === null) throw errors.notFound('assistant', id)
    if (!atLeast(right, needed)) throw errors.forbidden(TOO_LITTLE[needed])
    return { ...record, right, plugins: await pluginsOf(db, record) }
  }

  /** What the principal may do with an assistant now; null for nothing, `gone` for one that is deleted. */
  const rightOn = async (
    db: Reader,
    principal: Principal,
    id: string,
  ): Promise<Right | 'gone' | null> => {
    const record = await findAssistant(db, principal.workspaceId, id)
    return record === null ? 'gone' : rights.rightOf(db, principal, record)
  }

  const resourcesOf = (db: Reader, record: AssistantRecord): Promise<ToolResources> =>
    toolResources.of(db, holderOf(record))

  /** @throws AppError as getUsable */
  const getWhole = async (
    db: Reader,
    principal: Principal,
    id: string,
    needed: Right = 'use',
  ): Promise<Assistant> => {
    const usable = await getUsable(db, principal, id, needed)
    return { ...usable, toolResources: await resourcesOf(db, usable) }
  }

  /** Creates inside another feature's write unit, which calls announce after the commit; see create. */
  const insert = async (
    tx: Tx,
    principal: Owner,
    request: CreateAssistantRequest,
    pluginMode: PluginMode,
    id: string = newId('asst_'),
  ): Promise<Assistant> => {
    deps.checkModel(request.model)
    const record: AssistantRecord = {
      workspaceId: principal.workspaceId,
      id,
      ownerId: principal.personId,
      createdAt: seconds(clock.now()),
      name: request.name,
      description: request.description,
      model: request.model,
      instructions: request.instructions,
      tools: normalizeTools(request.tools),
      metadata: request.metadata,
      temperature: request.temperature,
      topP: request.top_p,
      reasoningEffort: request.reasoning_effort,
      responseFormat: request.response_format,
      pluginMode,
      showsCitations: false,
      mountsFiles: false,
    }
    await insertAssistant(tx, record)
    const resources = await toolResources.setNew(
      tx,
      principal,
      holderOf(record),
      request.tool_resources,
    )
    await noteDeed(tx, principal, 'create', id)
    return { ...record, right: 'own', plugins: [], toolResources: resources }
  }

  const noteDeed = (tx: Tx, who: Owner, verb: string, id: string, details = {}): Promise<void> =>
    audit.note(tx, who, { action: `assistant.${verb}`, kind: 'assistant', id, details })

  /** After the commit of a unit that inserted: files of a new store wait to be indexed. */
  const announce = (request: CreateAssistantRequest): void =>
    toolResources.announce([], request.tool_resources)

  return {
    getUsable,

    rightOn,

    /** Ids of the assistants a person owns. */
    idsOf: assistantIdsOf,

    /**
     * For what goes on with an assistant that was used before: one that is deleted ends nothing (behaviour.md 3).
     * @throws AppError 404 when it is there and the principal has no right on it any more
     */
    async checkStillUsable(db: Reader, principal: Principal, id: string): Promise<void> {
      if ((await rightOn(db, principal, id)) === null) throw errors.notFound('assistant', id)
    },

    /** What it gives its tools: a run asks only where it has tools that need it. */
    resourcesOf,

    /** @throws AppError as getUsable */
    get: (principal: Principal, id: string, needed: Right = 'use') =>
      getWhole(store, principal, id, needed),

    /** Those the principal may use, its own and those that are shared with it. */
    async list(principal: Principal, query: PageQuery): Promise<Page<Assistant>> {
      const { workspaceId } = principal
      const page = await listAssistants(store, rights.usable(principal), query)
      const ids = page.items.map(({ id }) => id)
      const resources = await toolResources.ofMany(store, 'assistant', workspaceId, ids)
      const items = await Promise.all(
        page.items.map(async (record): Promise<Assistant> => ({
          ...record,
          right: (await rights.rightOf(store, principal, record)) ?? 'use',
          plugins: await pluginsOf(store, record),
          toolResources: resources(record.id),
        })),
      )
      return { items, hasMore: page.hasMore }
    },

    insert,
    announce,

    /** @throws AppError 400 for a tool that is named twice, 404 for an unknown model and for files and stores that are not the caller's */
    async create(
      principal: Principal,
      request: CreateAssistantRequest,
      pluginMode: PluginMode = 'client',
    ): Promise<Assistant> {
      requireFull(principal)
      const made = await store.write('assistant.create', (tx) =>
        insert(tx, principal, request, pluginMode),
      )
      announce(request)
      return made
    },

    /**
     * Changes what the request names; absent keys stay. A sent tool list replaces the whole list: an attached plugin stays attached when
     * a function of it is in the list, and goes when none is.
     */
    async update(
      principal: Principal,
      id: string,
      request: ModifyAssistantRequest,
      settings: Partial<AssistantSettings> = {},
    ): Promise<Assistant> {
      if (request.model !== undefined) deps.checkModel(request.model)
      return store.write('assistant.update', async (tx) => {
        const before = await getWhole(tx, principal, id, 'edit')
        const { tools, attached } = await replaceTools(tx, before, request)
        const record: AssistantRecord = {
          ...merge(before, request),
          ...settings,
          tools,
        }
        await updateAssistant(tx, record)
        await noteDeed(tx, principal, 'update', id, {
          fields: [...Object.keys(request), ...Object.keys(settings)],
        })
        const holder = holderOf(record)
        const resources = await toolResources.set(tx, principal, holder, request.tool_resources)
        return { ...record, right: before.right, plugins: attached, toolResources: resources }
      })
    },

    async delete(principal: Principal, id: string): Promise<void> {
      await store.write('assistant.delete', async (tx) => {
        await getUsable(tx, principal, id, 'own')
        await deleteAssistant(tx, principal.workspaceId, id)
        await noteDeed(tx, principal, 'delete', id)
      })
    },

    /** @throws AppError 400 when another function of the assistant has the plugin's name; 403 for limited keys and guests */
    async attachPlugin(principal: Principal, id: string, pluginId: string): Promise<Assistant> {
      return store.write('assistant.attach', async (tx) => {
        const before = await getUsable(tx, principal, id, 'edit')
        // the plugins of its person are none that a limited key made
        requireFull(principal)
        await plugins.attach(tx, principal, id, pluginId, functionNames(before.tools))
        await noteDeed(tx, principal, 'attach_plugin', id, { plugin_id: pluginId })
        return getWhole(tx, principal, id)
      })
    },

    /** @throws AppError 404 for a plugin that the assistant has not got */
    async detachPlugin(principal: Principal, id: string, pluginId: string): Promise<Assistant> {
      return store.write('assistant.detach', async (tx) => {
        const { workspaceId } = await getUsable(tx, principal, id, 'edit')
        const attached = await plugins.attachedTo(workspaceId, id, tx)
        if (!attached.some((one) => one.id === pluginId)) throw errors.notFound('plugin', pluginId)
        await plugins.detach(tx, principal, id, pluginId)
        await noteDeed(tx, principal, 'detach_plugin', id, { plugin_id: pluginId })
        return getWhole(tx, principal, id)
      })
    },
  }

  async function replaceTools(tx: Tx, before: Assistant, request: ModifyAssistantRequest) {
    if (request.tools === undefined) return { tools: before.tools, attached: before.plugins }
    const tools = normalizeTools(request.tools)
    const named = new Set(functionNames(tools))
    const kept = new Set(
      before.plugins.filter((one) => named.has(one.functionName)).map((one) => one.id),
    )
    const gone = new Set(before.plugins.map((one) => one.id).filter((id) => !kept.has(id)))
    for (const id of gone) await plugins.detach(tx, before, before.id, id)
    const attached = before.plugins.filter((one) => kept.has(one.id))
    const ofPlugins = new Set(attached.map((plugin) => plugin.functionName))
    const own = tools.filter(
      (tool) => tool.type !== 'function' || !ofPlugins.has(tool.function.name),
    )
    return { tools: own, attached }
  }
}

/** What a 403 says to those who hold a smaller right. */
const TOO_LITTLE: Readonly<Record<Right, string>> = {
  use: 'You are not allowed to use this assistant.',
  view: 'You are allowed to use this assistant, not to look into it.',
  edit: 'You are not allowed to change this assistant.',
  own: 'Only the owner of this assistant is allowed to do this.',
}

const merge = (before: AssistantRecord, request: ModifyAssistantRequest): AssistantRecord => ({
  ...before,
  name: request.name === undefined ? before.name : request.name,
  description: request.description === undefined ? before.description : request.description,
  model: request.model ?? before.model,
  instructions: request.instructions === undefined ? before.instructions : request.instructions,
  metadata: request.metadata === undefined ? before.metadata : (request.metadata ?? {}),
  temperature: request.temperature === undefined ? before.temperature : (request.temperature ?? 1),
  topP: request.top_p === undefined ? before.topP : (request.top_p ?? 1),
  reasoningEffort:
    request.reasoning_effort === undefined ? before.reasoningEffort : request.reasoning_effort,
  responseFormat:
    request.response_format === undefined
      ? before.responseFormat
      : (request.response_format ?? 'auto'),
})
