import { isObject } from '../manifest-fields.ts'
import { DocumentError } from './document-error.ts'

/**
 * The base address among the servers of a document, path or operation: the first that is named, over https where the same host is named
 * with both.
 * @param servers `servers` of the nearest place that has them; anything else counts as the document's own host
 * @returns absolute, without query, fragment or a slash at its end
 * @throws DocumentError when there is none, or it is no web address
 */
export const baseUrl = (servers: unknown, documentUrl: string | null): string => {
  const named = Array.isArray(servers) && servers.length > 0 ? servers.slice(0, 20) : [{ url: '/' }]
  const first = resolveServer(named[0], documentUrl)
  const best =
    first.protocol === 'https:' || named.length === 1
      ? first
      : (named
          .slice(1)
          .map((server) => attempt(() => resolveServer(server, documentUrl)))
          .find((url) => url?.protocol === 'https:' && url.hostname === first.hostname) ?? first)
  return (best.origin + best.pathname).replace(/\/+$/, '')
}

const attempt = (resolve: () => URL): URL | null => {
  try {
    return resolve()
  } catch (error) {
    if (error instanceof DocumentError) return null
    throw error
  }
}

const resolveServer = (server: unknown, documentUrl: string | null): URL => {
  const written = isObject(server) && typeof server.url === 'string' ? server.url : ''
  const text = fillIn(written, isObject(server) ? server.variables : null)
  const url = documentUrl === null ? URL.parse(text) : URL.parse(text, documentUrl)
  if (url === null) {
    throw new DocumentError(
      `The document names no server that requests could go to (its address is '${written.slice(0, 200)}'). Give it an absolute address in 'servers' (2.0: 'host'), or say in 'api.url' where the document stands.`,
    )
  }
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
  // A star would be read as a pattern for many hosts.
  if (!isWeb || url.username !== '' || url.password !== '' || url.hostname.includes('*')) {
    throw new DocumentError(
      `The address of the document's server, '${written.slice(0, 200)}', is not an http or https URL without a user name or password.`,
    )
  }
  return url
}

const fillIn = (template: string, variables: unknown): string =>
  template.replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => {
    const variable =
      isObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined
    const known = isObject(variable) ? variable : {}
    const value = known.default ?? (Array.isArray(known.enum) ? known.enum[0] : undefined)
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw new DocumentError(
      `The address of the document's server, '${template.slice(0, 200)}', has the variable ${whole.slice(0, 100)}, for which the document gives no default.`,
    )
  })
