import { PluginApiQuery } from '@melzi/contract/plugin-api.ts'
import type { FastifyInstance } from 'fastify'
import { readsQuery } from '../../http/no-query.ts'
import { parseQuery } from '../../http/validate.ts'
import { errors } from '../../platform/errors.ts'
import { encodePluginAnswer } from './plugin-answer.ts'
import type { PluginApiService } from './service.ts'

/**
 * `POST /pluginapi?tid=&aid=&pid=[&params=]` (plugins.md 3). The body is taken as text, whatever its type: the shell client damages
 * arguments that hold quotes, and a model that is told so can write them differently, where an error envelope would end the run.
 */
export const pluginApiRoutes = (service: PluginApiService) => async (app: FastifyInstance) => {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    )

    scope.post('/pluginapi', readsQuery, async (request, reply) => {
      const { params = null, ...query } = parseQuery(PluginApiQuery, request.query)
      const body = (request.body as string | undefined) ?? ''
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort(errors.unavailable('The client has left.', 1)))
      const answer = await service.call(request.principal, { ...query, params, body }, gone.signal)
      return reply.type('application/json').send(encodePluginAnswer(answer))
    })
  })
}
