/** How a plugin shows its own server who it is: names of secrets, never their values. */
import { errors } from '../platform/errors.ts'
import { isObject, requiredText, wrongType, type JsonObject } from './manifest-fields.ts'
import { isSecretName } from './melzi-block.ts'
import type { Json } from './python/sandbox-driver.ts'

/** Each `...Secret` is the name of one of the plugin's secrets. */
export type PluginAuth =
  | { type: 'none' }
  | { type: 'api_key'; in: 'header' | 'query'; name: string; secret: string }
  | { type: 'bearer'; secret: string }
  | { type: 'basic'; usernameSecret: string; passwordSecret: string }
  | {
      type: 'oauth2'
      tokenUrl: string
      scopes: readonly string[]
      clientIdSecret: string
      clientSecretSecret: string
    }

const TYPES = ['none', 'api_key', 'bearer', 'basic', 'oauth2']
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/

/**
 * Reads `melzi.auth`: `{"type": "bearer", "secret": "TOKEN"}`, `{"type": "api_key", "in": "header", "name": "X-Key", "secret": "KEY"}`,
 * `{"type": "basic", "username_secret": "USER", "password_secret": "PASSWORD"}`, or `{"type": "oauth2", "token_url": "https://…",
 * "scopes": ["read"], "client_id_secret": "ID", "client_secret_secret": "SECRET"}` (client credentials).
 * @throws AppError 400 naming the field
 */
export const readAuth = (value: Json | undefined): PluginAuth => {
  if (value === undefined || value === null) return { type: 'none' }
  if (!isObject(value)) throw wrongType('melzi.auth', 'an object', value)
  const type = requiredText(value, 'type', 'melzi.auth.type')
  if (type === 'bearer') return { type, secret: secretName(value, 'secret') }
  if (type === 'basic') {
    return {
      type,
      usernameSecret: secretName(value, 'username_secret'),
      passwordSecret: secretName(value, 'password_secret'),
    }
  }
  if (type === 'api_key') {
    const place = requiredText(value, 'in', 'melzi.auth.in')
    if (place !== 'header' && place !== 'query') throw oneOf('in', place, ['header', 'query'])
    const name = requiredText(value, 'name', 'melzi.auth.name')
    if (place === 'header' && !TOKEN.test(name)) {
      throw errors.invalid(
        `Invalid 'melzi.auth.name': '${name}' is not the name of a header.`,
        'melzi.auth.name',
        'invalid_value',
      )
    }
    return { type, in: place, name, secret: secretName(value, 'secret') }
  }
  if (type === 'oauth2') {
    const tokenUrl = requiredText(value, 'token_url', 'melzi.auth.token_url')
    checkUrl(tokenUrl, 'melzi.auth.token_url')
    return {
      type,
      tokenUrl,
      scopes: scopesOf(value.scopes),
      clientIdSecret: secretName(value, 'client_id_secret'),
      clientSecretSecret: secretName(value, 'client_secret_secret'),
    }
  }
  if (type === 'none') return { type }
  throw oneOf('type', type, TYPES)
}

/** Names of the secrets it needs. */
export const secretsOfAuth = (auth: PluginAuth): string[] => {
  if (auth.type === 'none') return []
  if (auth.type === 'basic') return [auth.usernameSecret, auth.passwordSecret]
  if (auth.type === 'oauth2') return [auth.clientIdSecret, auth.clientSecretSecret]
  return [auth.secret]
}

/** @throws AppError 400 unless it is an http or https address without a user in it */
export const checkUrl = (text: string, path: string): void => {
  const url = URL.parse(text)
  const isWeb = url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
  if (isWeb && url.username === '' && url.password === '') return
  throw errors.invalid(
    `Invalid '${path}': expected an http or https URL without a user name or password.`,
    path,
    'invalid_value',
  )
}

const secretName = (auth: JsonObject, key: string): string => {
  const name = requiredText(auth, key, `melzi.auth.${key}`)
  if (isSecretName(name)) return name
  throw errors.invalid(
    `Invalid 'melzi.auth.${key}': expected the name of a secret such as 'API_KEY', never the secret itself.`,
    `melzi.auth.${key}`,
    'invalid_value',
  )
}

const scopesOf = (value: Json | undefined): string[] => {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((scope) => typeof scope === 'string')) return value
  throw wrongType('melzi.auth.scopes', 'an array of strings', value)
}

const oneOf = (key: string, value: string, choices: readonly string[]) =>
  errors.invalid(
    `Invalid value: '${value}'. Supported values are: ${choices.map((choice) => `'${choice}'`).join(', ')}.`,
    `melzi.auth.${key}`,
    'invalid_value',
  )
