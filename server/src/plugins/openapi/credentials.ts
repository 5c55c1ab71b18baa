/** A plugin's credentials on a request that is otherwise whole. */
import { AppError } from '../../platform/errors.ts'
import type { SafeRequest } from '../../platform/safe-fetch.ts'
import type { AuthParts } from '../auth-headers.ts'
import { secretsOfAuth, type PluginAuth } from '../plugin-auth.ts'

/** A secret that has no value: nothing was asked of the API. */
export class MissingSecret extends Error {
  constructor(name: string) {
    super(
      `The plugin's secret '${name}' has no value yet, so its API was not called. The owner of the plugin sets it.`,
    )
  }
}

/** @throws MissingSecret when one that the plugin shows itself with is not there */
export const checkSecrets = (auth: PluginAuth, secrets: Readonly<Record<string, string>>): void => {
  for (const name of secretsOfAuth(auth))
    if (!Object.hasOwn(secrets, name) || secrets[name] === '') throw new MissingSecret(name)
}

/** @throws AppError 400 without the value, when a header cannot hold it */
export const withCredentials = (request: SafeRequest, parts: AuthParts): SafeRequest => {
  const url = new URL(request.url)
  const pairs = parts.query.map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  )
  if (pairs.length > 0)
    url.search = [url.search.slice(1), ...pairs].filter((part) => part !== '').join('&')
  return parts.headers.reduce((whole, [name, value]) => withHeader(whole, name, value), {
    ...request,
    url: url.href,
  })
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

/** Whatever of the credentials an API could say back. */
export const valuesOf = ({ headers, query }: AuthParts): string[] =>
  [...headers, ...query].map(([, value]) => value.replace(/^(?:Basic|Bearer) /, ''))
