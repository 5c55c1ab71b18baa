/** Where clients find the API (behaviour.md 0 row 1). */
const BASE_PATH = '/api/assts/v1'

/**
 * The base URL to give to clients: under the public URL, else under the bound address, as seen from this machine.
 * @param http.port the bound port, never 0
 */
export const baseUrlOf = (http: { publicUrl: string | null; host: string; port: number }): string =>
  originOf(http) + BASE_PATH

/** The same without a path: where this server's own pages and pictures are. No slash at the end. */
export const originOf = (http: {
  publicUrl: string | null
  host: string
  port: number
}): string => {
  if (http.publicUrl !== null) return http.publicUrl.replace(/\/+$/, '')
  const everywhere = http.host === '' || http.host === '0.0.0.0' || http.host === '::'
  const host = everywhere ? '127.0.0.1' : http.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${http.port}`
}
