/** An operation's request from the arguments of a call. */
import { errors } from '../../platform/errors.ts'
import type { SafeRequest } from '../../platform/safe-fetch.ts'
import type { JsonObject } from '../manifest-fields.ts'
import type { Json, SandboxFile } from '../python/sandbox-driver.ts'
import { buildBody } from './build-body.ts'
import type { InputPlan, OperationPlan, RequestPlan } from './document-plan.ts'
import { toHeaderText, toPairs, toPathText } from './serialize.ts'

/**
 * @param args checked against the operation's schema
 * @param files those of the conversation, which a file upload may name
 * @throws AppError 400 with a sentence for the model: a value that would lead to another place of the server
 */
export const buildRequest = (
  { parameters, request }: OperationPlan & { request: RequestPlan },
  args: JsonObject,
  files: readonly SandboxFile[],
): SafeRequest => {
  const query: string[] = []
  const cookies: string[] = []
  const headers: [string, string][] = [
    ['accept', request.accept],
    ['accept-encoding', 'gzip, br'],
  ]
  const inPath = new Map<string, string>()
  for (const input of request.inputs) {
    const value = valueOf(args, input)
    if (value === null) continue
    if (input.place === 'path') inPath.set(input.name, toPathText(value, input))
    else if (input.place === 'header') headers.push([input.name, toHeaderText(value, input)])
    else
      for (const [name, text] of toPairs(input.name, value, input)) {
        if (input.place === 'cookie')
          cookies.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`)
        else query.push(`${encodeURIComponent(name)}=${encode(text, input)}`)
      }
  }
  if (!headers.some(([name]) => name.toLowerCase() === 'user-agent'))
    headers.push(['user-agent', 'Melzi'])
  if (cookies.length > 0) headers.push(['cookie', cookies.join('; ')])
  const body = request.body === null ? null : buildBody(request.body, parameters, args, files)
  if (body !== null) headers.push(['content-type', body.contentType])
  const url = urlOf(request, inPath, query)
  return { method: request.method, url, headers, body: body?.bytes ?? null }
}

/** Null where nothing is sent. */
const valueOf = (args: JsonObject, { argument, fallback }: InputPlan): Json =>
  argument !== null && Object.hasOwn(args, argument) ? (args[argument] ?? null) : fallback

const RESERVED = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B|5B|5D)/g

/** `&`, `=`, `+` and `#` stay encoded even where reserved characters may stand: they would end the value. */
const encode = (text: string, { allowReserved }: InputPlan): string => {
  const encoded = encodeURIComponent(text)
  return allowReserved ? encoded.replaceAll(RESERVED, decodeURIComponent) : encoded
}

const urlOf = (
  { server, path }: RequestPlan,
  values: ReadonlyMap<string, string>,
  query: readonly string[],
): string => {
  // Some documents tell operations apart by a fragment or a query in the path.
  const [plainPath = '', ownQuery] = (path.split('#')[0] ?? '').split('?')
  const segments = plainPath.split('/').map((segment) => {
    const filled = segment.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
      const value = values.get(name)
      if (value === undefined || value === '')
        throw errors.invalid(`'${name}' is part of the address and must not be empty.`)
      return value
    })
    // A parser of URLs would take these as a step to another place.
    if (/^(?:\.|%2e){1,2}$/i.test(filled) && filled !== segment)
      throw errors.invalid(`'${decodeURIComponent(filled)}' is no value for a part of the address.`)
    return filled
  })
  const url = new URL(server + segments.join('/'))
  const whole = [ownQuery ?? '', ...query].filter((part) => part !== '').join('&')
  url.search = whole
  const base = new URL(server)
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname))
    throw errors.invalid('The arguments lead to another address than that of the operation.')
  return url.href
}
