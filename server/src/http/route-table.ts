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

const tables = new WeakMap<FastifyInstance, { method: string; url: string }[]>()

/** Every route of a server as it was declared, HEAD and OPTIONS left out. */
export const routesOf = (app: FastifyInstance): readonly { method: string; url: string }[] =>
  tables.get(app) ?? []

/** Notes every route that is added from now on, for the 405 of a known path: Fastify itself answers 404. */
export const noteRoutes = (app: FastifyInstance): AllowedMethods => {
  const routes: Route[] = []
  const declared: { method: string; url: string }[] = []
  tables.set(app, declared)
  app.addHook('onRoute', (route) => {
    const pattern = toPattern(route.url)
    for (const method of [route.method].flat()) {
      if (method === 'HEAD' || method === 'OPTIONS') continue
      routes.push({ pattern, method })
      declared.push({ method, url: route.url })
    }
  })
  return (path) => {
    const methods = routes.filter((route) => route.pattern.test(path)).map((route) => route.method)
    return [...new Set(methods)]
  }
}
