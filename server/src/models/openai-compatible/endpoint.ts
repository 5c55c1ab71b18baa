import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

import type { OpenAiCompatibleSettings } from './settings.ts'

/** One address of a server, and how to knock there. */
interface Endpoint {
  url: URL
  /** The key's header and ours; the body's are the caller's. */
  headers: Record<string, string>
  /** What no message may show. */
  secrets: (string | null)[]
  /** Keeps connections; destroy it at the end. */
  agent: HttpAgent
}

type Address = Pick<OpenAiCompatibleSettings, 'baseUrl' | 'query' | 'apiKey' | 'apiKeyHeader'>

/** @param path below the base URL, with a leading slash: `/chat/completions` */
export const endpointOf = (settings: Address, path: string): Endpoint => {
  const url = new URL(settings.baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
  for (const [name, value] of Object.entries(settings.query)) url.searchParams.set(name, value)
  const headers: Record<string, string> = { 'user-agent': 'melzi' }
  if (settings.apiKey !== null && settings.apiKeyHeader !== null)
    headers[settings.apiKeyHeader] = settings.apiKey
  else if (settings.apiKey !== null) headers['authorization'] = `Bearer ${settings.apiKey}`
  return {
    url,
    headers,
    secrets: [settings.apiKey, url.password === '' ? null : decodeURIComponent(url.password)],
    agent:
      url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true })
        : new HttpAgent({ keepAlive: true }),
  }
}
