import { upgradeFromTwoToThree } from '@scalar/openapi-upgrader/2.0-to-3.0'
import { parse as parseYaml } from 'yaml'
import { isTooDeep } from '../json-depth.ts'
import { isObject, nameOf, type JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'
import { DocumentError } from './document-error.ts'

/**
 * Reads the text of an OpenAPI document, YAML or JSON, and brings 2.0 into the form of 3.0. Only for {@link ./document-worker.ts} and its
 * tests: what a text unfolds to is bounded by the worker's memory and time alone.
 * @param documentUrl where it came from; null when it was pasted
 * @throws DocumentError when it is neither, or no OpenAPI document
 */
export const parseDocument = (text: string, documentUrl: string | null): JsonObject => {
  const value = parseText(text.replace(/^\uFEFF/, ''))
  if (!isObject(value))
    throw new DocumentError(`The OpenAPI document must hold an object, not ${nameOf(value)}.`)
  const { openapi, swagger } = value
  // YAML reads 2.0 and 3.1 without quotes as numbers.
  const version = textOf(openapi ?? swagger)
  if (openapi !== undefined && /^3(?:\.\d|$)/.test(version)) return value
  if (openapi === undefined && /^2(?:\.|$)/.test(version)) return upgrade(value, documentUrl)
  throw new DocumentError(
    "The document is no OpenAPI document of version 2.0, 3.0 or 3.1: it has neither 'openapi' nor 'swagger' with such a version.",
  )
}

const parseText = (text: string): unknown => {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch {
      // YAML has braces too, and its parser says where the fault is.
    }
  }
  try {
    return parseYaml(text, {
      merge: true,
      uniqueKeys: false,
      logLevel: 'error',
      maxAliasCount: 100,
    })
  } catch (error) {
    const reason = error instanceof Error ? firstLine(error.message) : 'it could not be read'
    // The YAML parser turns the end of its stack into an error of its own.
    if (error instanceof RangeError || reason.includes('call stack'))
      throw new DocumentError('The document is nested too deeply.')
    throw new DocumentError(`The document is neither YAML nor JSON: ${reason}`)
  }
}

const upgrade = (document: JsonObject, documentUrl: string | null): JsonObject => {
  // The upgrade copies the path to each place: depth costs it memory by the square.
  if (isTooDeep(document)) throw new DocumentError('The document is nested too deeply.')
  const scheme = documentUrl?.startsWith('http:') ? 'http' : 'https'
  // 2.0: without schemes, the one by which the document itself was read.
  const schemes = Array.isArray(document.schemes) && document.schemes.length > 0
  const whole = {
    ...withOwnBodies(document),
    swagger: '2.0',
    ...(schemes ? {} : { schemes: [scheme] }),
  }
  try {
    const upgraded: unknown = upgradeFromTwoToThree(whole)
    if (isObject(upgraded)) return upgraded
  } catch (error) {
    if (error instanceof RangeError) throw error
    const reason = error instanceof Error ? firstLine(error.message) : 'unknown'
    throw new DocumentError(`The document of version 2.0 could not be understood: ${reason}`)
  }
  throw new DocumentError('The document of version 2.0 could not be understood.')
}

/**
 * Bodies that operations share, put into each of them: the upgrade would give a shared body the media types of the document and not those
 * of the operation.
 */
const withOwnBodies = (document: JsonObject): JsonObject => {
  const { paths, parameters: shared } = document
  if (!isObject(paths) || !isObject(shared)) return document
  const own = (list: Json): Json =>
    Array.isArray(list) ? list.map((parameter) => bodyOf(parameter, shared) ?? parameter) : list
  const inOperation = (key: string, value: Json): Json => {
    if (key === 'parameters') return own(value)
    return isObject(value) && value.parameters !== undefined
      ? { ...value, parameters: own(value.parameters) }
      : value
  }
  const inPath = (item: Json): Json =>
    isObject(item)
      ? Object.fromEntries(
          Object.entries(item).map(([key, value]) => [key, inOperation(key, value)]),
        )
      : item
  const inlined = Object.entries(paths).map(([path, item]) => [path, inPath(item)] as const)
  return { ...document, paths: Object.fromEntries(inlined) }
}

const bodyOf = (parameter: Json, shared: JsonObject): JsonObject | null => {
  const ref = isObject(parameter) ? parameter.$ref : undefined
  if (typeof ref !== 'string' || !ref.startsWith('#/parameters/')) return null
  const name = ref.slice('#/parameters/'.length).replaceAll('~1', '/').replaceAll('~0', '~')
  const target = Object.hasOwn(shared, name) ? shared[name] : undefined
  const isBody = isObject(target) && (target.in === 'body' || target.in === 'formData')
  return isBody ? target : null
}

const textOf = (version: unknown): string =>
  typeof version === 'string' || typeof version === 'number' ? String(version) : ''

const firstLine = (message: string) => (message.split('\n')[0] ?? '').slice(0, 300)
