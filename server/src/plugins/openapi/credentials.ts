/** What shows an API who a plugin is, added to a request that is otherwise whole. */
import { AppError } from '../../platform/errors.ts'
import type { SafeRequest } from '../../platform/safe-fetch.ts'
import { secretsOfAuth, type PluginAuth } from '../plugin-auth.ts'

export type Secrets = Readonly<Record<string, string>>

/** A secret that has no value: nothing was asked of the API. */
export class MissingSecret extends Error {
  readonly secret: string

  constructor(secret: string) {
    super(
      `The plugin's secret '${secret}' has no value yet, so its API was not called. The owner of the plugin sets it.`,
    )
    this.secret = secret
  }
}

/** @throws MissingSecret when one that the plugin shows itself with is not there */
export const checkSecrets = (auth: PluginAuth, secrets: Secrets): void => {
  for (const name of secretsOfAuth(auth)) valueOf(secrets, name)
}

/**
 * A request with its credentials.
 * @param accessToken of OAuth 2; null for every other way
 */
export const withCredentials = (
  request: SafeRequest,
  auth: PluginAuth,
  secrets: Secrets,
  accessToken: string | null,
): SafeRequest => {
  switch (auth.type) {
    case 'none':
      return request
    case 'bearer':
      return withHeader(request, 'authorization', `Bearer ${valueOf(secrets, auth.secret)}`)
    case 'basic': {
      const user = valueOf(secrets, auth.usernameSecret)
      return withHeader(
        request,
        'authorization',
        basic(user, valueOf(secrets, auth.passwordSecret)),
      )
    }
    case 'api_key': {
      const key = valueOf(secrets, auth.secret)
      if (auth.in === 'header') return withHeader(request, auth.name, key)
      const pair = `${encodeURIComponent(auth.name)}=${encodeURIComponent(key)}`
      const url = new URL(request.url)
      url.search = [url.search.slice(1), pair].filter((part) => part !== '').join('&')
      return { ...request, url: url.href }
    }
    case 'oauth2':
      return withHeader(request, 'authorization', `Bearer ${accessToken ?? ''}`)
  }
}

/** `Basic …` of a user and password. */
export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** @throws MissingSecret */
export const valueOf = (secrets: Secrets, name: string): string => {
  const value = Object.hasOwn(secrets, name) ? secrets[name]?.trim() : undefined
  if (value === undefined || value === '') throw new MissingSecret(name)
  return value
}

/** One header, in place of one of the same name. @throws AppError 400 without the value, when a header cannot hold it */
export const withHeader = (request: SafeRequest, name: string, value: string): SafeRequest => {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    const message = `The value of the header '${name}' has characters that no header can hold.`
    throw new AppError({ status: 400, message })
  }
  const others = request.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase())
  return { ...request, headers: [...others, [name, value]] }
}
