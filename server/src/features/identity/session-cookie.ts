import { createHmac, timingSafeEqual } from 'node:crypto'

/** Seconds that a session lives without being used. */
export const SESSION_SECONDS = 30 * 86_400
/** From its beginning a session lives at most so long, ms, however often it is used. */
export const SESSION_LONGEST_MS = 90 * 86_400_000
/** A session that was used is extended once a day. */
export const SESSION_EXTENDED_EVERY_SECONDS = 86_400

const TOKEN = /^[A-Za-z0-9_-]{32,64}$/

/** What all our cookies begin with: with TLS, no other host and no page without TLS can set one of that name. */
export const cookiePrefix = (secure: boolean): string => (secure ? '__Host-melzi' : 'melzi')

/** The cookie of a session, in the form of the library: the token and its HMAC, so that no made-up token reaches the store. */
export const createSessionCookie = (deps: { secret: string; secure: () => boolean }) => {
  const name = (): string => `${cookiePrefix(deps.secure())}.session_token`
  const sign = (token: string): string =>
    createHmac('sha256', deps.secret).update(token).digest('base64')

  return {
    /** Whether a request carries one, good or not. */
    isIn: (header: string | undefined): boolean => valueOf(header, name()) !== null,

    /** The token in a `cookie` header; null where there is none of this server. */
    tokenIn: (header: string | undefined): string | null => {
      const value = valueOf(header, name())
      if (value === null) return null
      const dot = value.lastIndexOf('.')
      const token = value.slice(0, dot)
      if (dot < 0 || !TOKEN.test(token)) return null
      const given = Buffer.from(value.slice(dot + 1), 'base64')
      const right = Buffer.from(sign(token), 'base64')
      return given.length === right.length && timingSafeEqual(given, right) ? token : null
    },

    /** A `set-cookie` value for a new session. */
    set: (token: string): string => {
      const value = encodeURIComponent(`${token}.${sign(token)}`)
      const secure = deps.secure() ? '; Secure' : ''
      return `${name()}=${value}; Max-Age=${SESSION_SECONDS}; Path=/; HttpOnly${secure}; SameSite=Lax`
    },
  }
}

/** The first cookie of a name, decoded; null where there is none, or it cannot be decoded. */
const valueOf = (header: string | undefined, name: string): string | null => {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() !== name) continue
    try {
      return decodeURIComponent(pair.slice(at + 1).trim())
    } catch {
      return null
    }
  }
  return null
}
