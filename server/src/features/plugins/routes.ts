import { ListQuery } from '@melzi/contract/list.ts'
import {
  ImportPluginQuery,
  PluginListQuery,
  type DeletedPlugin,
  type DeletedPluginSecret,
  type PluginSecretSet,
} from '@melzi/contract/plugin.ts'
import {
  ModifyPluginRequest,
  SetPluginSecretRequest,
  TestPluginRequest,
} from '@melzi/contract/plugin-requests.ts'
import type { FastifyInstance } from 'fastify'
import { clientGone } from '../../http/client-gone.ts'
import { attachment } from '../../http/content-disposition.ts'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { takeText } from '../../http/text-body.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { pageOf } from '../../http/whole-list.ts'
import { errors } from '../../platform/errors.ts'
import type { CallLog } from './call-log.ts'
import type { PluginManagement } from './management.ts'
import type { PluginTests } from './plugin-tests.ts'
import {
  presentCall,
  presentCallSummary,
  presentPlugin,
  presentPreview,
  presentSecret,
  presentVersion,
  presentVersionSummary,
} from './present.ts'

interface PluginParams {
  plugin_id: string
}

interface VersionParams extends PluginParams {
  version: string
}

interface SecretParams extends PluginParams {
  name: string
}

interface CallParams extends PluginParams {
  call_id: string
}

const ONE = '/plugins/:plugin_id'
const VERSION = `${ONE}/versions/:version`

/** Management of plugins by their owners: paths of this server's own. */
export const pluginRoutes = (
  app: FastifyInstance,
  management: PluginManagement,
  tests: PluginTests,
  callLog: CallLog,
): void => {
  importRoutes(app, management)
  fileRoutes(app, management)
  versionRoutes(app, management)
  secretRoutes(app, management)
  testRoutes(app, tests, callLog)
}

/** The body is the plugin's file itself, kept byte for byte. */
const importRoutes = (app: FastifyInstance, management: PluginManagement): void => {
  void app.register(async (scope) => {
    takeText(scope)

    scope.post('/plugins', readsQuery, async (request, reply) => {
      const { vector_store_id: storeId = null } = parseQuery(ImportPluginQuery, request.query)
      const text = (request.body as string | undefined) ?? ''
      const gone = clientGone(reply)
      return presentPlugin(await management.import(request.principal, text, storeId, gone))
    })

    scope.post('/plugins/preview', async (request, reply) => {
      const text = (request.body as string | undefined) ?? ''
      return presentPreview(await management.preview(request.principal, text, clientGone(reply)))
    })
  })
}

const fileRoutes = (app: FastifyInstance, management: PluginManagement): void => {
  app.get('/plugins', readsQuery, async (request) => {
    const { name = null, ...query } = parseQuery(PluginListQuery, request.query)
    const page = await management.list(request.principal, toPageQuery(query), name)
    return listReply(page.items.map(presentPlugin), page)
  })

  app.get<{ Params: PluginParams }>(ONE, async (request) =>
    presentPlugin(await management.get(request.principal, request.params.plugin_id)),
  )

  app.post<{ Params: PluginParams }>(ONE, async (request, reply) => {
    const body = parseBody(ModifyPluginRequest, request.body)
    const { plugin_id: id } = request.params
    return presentPlugin(await management.edit(request.principal, id, body, clientGone(reply)))
  })

  app.delete<{ Params: PluginParams }>(ONE, async (request): Promise<DeletedPlugin> => {
    const { plugin_id: id } = request.params
    await management.delete(request.principal, id)
    return { id, object: 'plugin.deleted', deleted: true }
  })

  app.get<{ Params: PluginParams }>(`${ONE}/file`, async (request, reply) => {
    const { plugin } = await management.get(request.principal, request.params.plugin_id)
    return reply
      .type('application/json')
      .header('content-disposition', attachment(`${plugin.pluginId}.json`))
      .header('x-content-type-options', 'nosniff')
      .send(Buffer.from(plugin.manifest))
  })

  app.post<{ Params: PluginParams }>(`${ONE}/refresh`, async (request, reply) => {
    const { plugin_id: id } = request.params
    return presentPlugin(await management.refresh(request.principal, id, clientGone(reply)))
  })
}

const versionRoutes = (app: FastifyInstance, management: PluginManagement): void => {
  app.get<{ Params: PluginParams }>(`${ONE}/versions`, readsQuery, async (request) => {
    const query = toPageQuery(parseQuery(ListQuery, request.query))
    const page = await management.listVersions(request.principal, request.params.plugin_id, query)
    return listReply(page.items.map(presentVersionSummary), page)
  })

  app.get<{ Params: VersionParams }>(VERSION, async (request) => {
    const { plugin_id: id, version } = request.params
    return presentVersion(
      await management.getVersion(request.principal, id, versionNumber(version)),
    )
  })

  app.post<{ Params: VersionParams }>(`${VERSION}/restore`, async (request) => {
    const { plugin_id: id, version } = request.params
    return presentPlugin(await management.restore(request.principal, id, versionNumber(version)))
  })
}

/** @throws AppError 404: whatever is no number is no version */
const versionNumber = (text: string): number => {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw errors.notFound('plugin version', text)
}

const secretRoutes = (app: FastifyInstance, management: PluginManagement): void => {
  app.get<{ Params: PluginParams }>(`${ONE}/secrets`, readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const all = await management.secrets(request.principal, request.params.plugin_id)
    const page = pageOf(all.map(presentSecret), query, 'secret')
    return listReply(page.items, page)
  })

  app.post<{ Params: PluginParams }>(
    `${ONE}/secrets`,
    async (request, reply): Promise<PluginSecretSet> => {
      const body = parseBody(SetPluginSecretRequest, request.body)
      const { plugin_id: id } = request.params
      const gone = clientGone(reply)
      const { secret, refresh } = await management.setSecret(request.principal, id, body, gone)
      return { ...presentSecret(secret), refresh }
    },
  )

  app.delete<{ Params: SecretParams }>(
    `${ONE}/secrets/:name`,
    async (request): Promise<DeletedPluginSecret> => {
      const { plugin_id: id, name } = request.params
      await management.deleteSecret(request.principal, id, name)
      return { id: name, object: 'plugin.secret.deleted', deleted: true }
    },
  )
}

const testRoutes = (app: FastifyInstance, tests: PluginTests, callLog: CallLog): void => {
  app.post<{ Params: PluginParams }>(`${ONE}/test`, async (request, reply) => {
    const body = parseBody(TestPluginRequest, request.body)
    const { plugin_id: id } = request.params
    return presentCall(await tests.test(request.principal, id, body, clientGone(reply)))
  })

  app.get<{ Params: PluginParams }>(`${ONE}/calls`, readsQuery, async (request) => {
    const query = toPageQuery(parseQuery(ListQuery, request.query))
    const page = await callLog.list(request.principal, request.params.plugin_id, query)
    return listReply(page.items.map(presentCallSummary), page)
  })

  app.get<{ Params: CallParams }>(`${ONE}/calls/:call_id`, async (request) => {
    const { plugin_id: id, call_id: callId } = request.params
    return presentCall(await callLog.get(request.principal, id, callId))
  })
}
