import { NoQuery } from '@melzi/contract/list.ts'
import type { FastifyRequest } from 'fastify'
import { parseQuery } from './validate.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on a route that reads its query itself. */
    readsQuery?: boolean
  }
}

/** Route option of those that read their query. */
export const readsQuery = { config: { readsQuery: true } } as const

/**
 * A `preValidation` hook: a query that nobody reads is refused, not ignored.
 * @throws AppError 400 `unknown_parameter`
 */
export const refuseUnreadQuery = async (request: FastifyRequest): Promise<void> => {
  if (request.routeOptions.config.readsQuery !== true) parseQuery(NoQuery, request.query)
}
