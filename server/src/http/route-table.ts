import type { FastifyInstance } from 'fastify'

/** Tells which methods a path would have been answered to. */
export type AllowedMethods = (path: string) => string[]

interface Route {
  pattern: RegExp
  method: string
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** `/threads/:thread_id` as a pattern; a trailing slash makes no difference, as in the router. */
const toPattern = (url: string): RegExp => {
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*'
    return part.startsWith(':') ? '[^/]+' : escape(part)
  })
  return new RegExp(`^${parts.join('/').replace(/\/$/, '')}/?$`)
}

/** Notes every route that is added from now on, for the 405 of a known path: Fastify itself answers 404. */
export const noteRoutes = (app: FastifyInstance): AllowedMethods => {
  const routes: Route[] = []
  app.addHook('onRoute', (route) => {
    const pattern = toPattern(route.url)
    for (const method of [route.method].flat()) {
      if (method !== 'HEAD' && method !== 'OPTIONS') routes.push({ pattern, method })
    }
  })
  return (path) => {
    const methods = routes.filter((route) => route.pattern.test(path)).map((route) => route.method)
    return [...new Set(methods)]
  }
}
