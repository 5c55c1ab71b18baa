/**
 * Look-ups of names that users choose. They must not go through getaddrinfo: that occupies the few threads of libuv, and a
 * nameserver that stays silent would stop every other look-up of this server (model provider, database).
 */
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { AppError } from './errors.ts'

export interface ResolvedAddress {
  address: string
  family: number
}

/**
 * All addresses of a name. Rejects with the reason of `signal` when that aborts; with any error when there is none.
 * @param how.internal the operator opened this host, so the machine's hosts file counts
 */
export type Resolve = (
  hostname: string,
  how: { internal: boolean; signal: AbortSignal },
) => Promise<ResolvedAddress[]>

/** Milliseconds until a nameserver is asked again, and how often each is asked. */
const TIMEOUT_MS = 2_000
const TRIES = 2
const LOOK_UPS_AT_ONCE = 32

/**
 * Asks the system's nameservers for A and AAAA records. Names are taken as they are, without search domains.
 * @param options.servers nameservers as `address:port`, instead of the system's
 * @param options.hostsFile instead of the machine's
 * @throws AppError 400 `fetch_failed` when `atOnce` look-ups are under way
 */
export const createResolve = (
  options: { servers?: readonly string[]; hostsFile?: string; atOnce?: number } = {},
): Resolve => {
  const { servers, hostsFile = systemHostsFile(), atOnce = LOOK_UPS_AT_ONCE } = options
  let underWay = 0

  const ask = async (hostname: string, signal: AbortSignal): Promise<ResolvedAddress[]> => {
    if (underWay >= atOnce) {
      throw new AppError({
        status: 400,
        code: 'fetch_failed',
        message: 'Too many host names are being looked up; try again in a moment.',
      })
    }
    // One for each look-up: cancel() ends all that a resolver has under way.
    const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = () => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    underWay += 1
    try {
      const [four, six] = await Promise.allSettled([
        resolver.resolve4(hostname),
        resolver.resolve6(hostname),
      ])
      signal.throwIfAborted()
      if (four.status === 'rejected' && six.status === 'rejected') throw four.reason
      return [...(four.status === 'fulfilled' ? four.value : [])]
        .concat(six.status === 'fulfilled' ? six.value : [])
        .map((address) => ({ address, family: isIP(address) }))
    } finally {
      underWay -= 1
      signal.removeEventListener('abort', cancel)
    }
  }

  return async (hostname, { internal, signal }) => {
    signal.throwIfAborted()
    const own = internal ? inHostsFile(hostname, await readHostsFile(hostsFile)) : []
    signal.throwIfAborted()
    return own.length > 0 ? own : ask(hostname, signal)
  }
}

const systemHostsFile = (): string =>
  process.platform === 'win32' ? String.raw`C:\Windows\System32\drivers\etc\hosts` : '/etc/hosts'

/** A machine without the file has no names of its own. */
const readHostsFile = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

const LOOPBACK: readonly ResolvedAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** Addresses of a name in a hosts file; `localhost` is this machine even where the file is silent (RFC 6761). */
const inHostsFile = (hostname: string, text: string): ResolvedAddress[] => {
  const found: ResolvedAddress[] = []
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/)
    const family = isIP(address)
    if (family !== 0 && names.some((name) => name.toLowerCase() === hostname))
      found.push({ address, family })
  }
  return found.length === 0 && hostname === 'localhost' ? [...LOOPBACK] : found
}
