import { ListQuery } from '@melzi/contract/list.ts'
import {
  type AssistantPluginObject,
  type AssistantSettingsObject,
  type DetachedPlugin,
} from '@melzi/contract/plugin.ts'
import { AssistantSettingsRequest, AttachPluginRequest } from '@melzi/contract/plugin-requests.ts'
import type { FastifyInstance } from 'fastify'
import { listReply } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { pageOf } from '../../http/whole-list.ts'
import { errors } from '../../platform/errors.ts'
import type { Assistant, AssistantService, AssistantSettings } from '../assistants/service.ts'
import { presentAttached } from './present.ts'
import type { PluginService } from './service.ts'

interface AssistantParams {
  assistant_id: string
}

interface AttachmentParams extends AssistantParams {
  plugin_id: string
}

const PLUGINS = '/assistants/:assistant_id/plugins'
const SETTINGS = '/assistants/:assistant_id/settings'

/** Which plugins an assistant has and who runs them: paths of this server's own, since the wire has no word for either. */
export const assistantPluginRoutes = (
  app: FastifyInstance,
  assistants: AssistantService,
  plugins: PluginService,
): void => {
  app.get<{ Params: AssistantParams }>(PLUGINS, readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const { assistant_id: id } = request.params
    const assistant = await assistants.get(request.principal, id, 'view')
    const page = pageOf(await attachedOf(plugins, assistant), query, 'plugin')
    return listReply(page.items, page)
  })

  app.post<{ Params: AssistantParams }>(
    PLUGINS,
    async (request): Promise<AssistantPluginObject> => {
      const { plugin_id: pluginId } = parseBody(AttachPluginRequest, request.body)
      const { assistant_id: id } = request.params
      const assistant = await assistants.attachPlugin(request.principal, id, pluginId)
      const all = await attachedOf(plugins, assistant)
      return (
        all.find((one) => one.id === pluginId) ??
        Promise.reject(errors.notFound('plugin', pluginId))
      )
    },
  )

  app.delete<{ Params: AttachmentParams }>(
    `${PLUGINS}/:plugin_id`,
    async (request): Promise<DetachedPlugin> => {
      const { assistant_id: assistantId, plugin_id: id } = request.params
      await assistants.detachPlugin(request.principal, assistantId, id)
      return { id, object: 'assistant.plugin.deleted', deleted: true }
    },
  )

  app.get<{ Params: AssistantParams }>(SETTINGS, async (request) =>
    presentSettings(await assistants.get(request.principal, request.params.assistant_id, 'view')),
  )

  app.post<{ Params: AssistantParams }>(SETTINGS, async (request) => {
    const body = parseBody(AssistantSettingsRequest, request.body)
    const { assistant_id: id } = request.params
    return presentSettings(await assistants.update(request.principal, id, {}, settingsOf(body)))
  })
}

const attachedOf = async (
  plugins: PluginService,
  { workspaceId, id, plugins: functions }: Assistant,
): Promise<AssistantPluginObject[]> =>
  (await plugins.attachedTo(workspaceId, id)).map((plugin) =>
    presentAttached(id, plugin, plugins.read(plugin), functions),
  )

const settingsOf = (body: AssistantSettingsRequest): Partial<AssistantSettings> => ({
  ...(body.plugin_mode === undefined ? {} : { pluginMode: body.plugin_mode }),
  ...(body.shows_citations === undefined ? {} : { showsCitations: body.shows_citations }),
  ...(body.mounts_files === undefined ? {} : { mountsFiles: body.mounts_files }),
})

const presentSettings = (assistant: Assistant): AssistantSettingsObject => ({
  id: assistant.id,
  object: 'assistant.settings',
  plugin_mode: assistant.pluginMode,
  shows_citations: assistant.showsCitations,
  mounts_files: assistant.mountsFiles,
})
