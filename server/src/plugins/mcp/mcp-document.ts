/** What an MCP server offers, asked once and kept as a text (`document`): calls and models see what the owner has seen. */
import type { Client, RequestOptions } from '@modelcontextprotocol/client'
import { AppError } from '../../platform/errors.ts'
import { functionNameOf } from '../function-name.ts'
import { isTooDeep } from '../json-depth.ts'
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { OfferedFunction } from '../plugin-kind.ts'
import type { Json } from '../python/sandbox-driver.ts'
import type { McpConnection } from './mcp-connection.ts'

interface McpTool {
  name: string
  description: string
  inputSchema: JsonObject
}

/** The document's JSON. */
interface McpDocument {
  server: { name: string; version: string; title?: string } | null
  protocol: string | null
  /** How the server wants to be used; shown to the owner, never to a model. */
  instructions: string | null
  tools: McpTool[]
  /** Tools that cannot be functions, and why. */
  leftOut: { name: string; why: string }[]
}

const MOST_PAGES = 30
const MOST_TOOLS = 300
const LONGEST_SCHEMA = 65_536
const LONGEST_DESCRIPTION = 4_096
const LONGEST_INSTRUCTIONS = 16_384
const LONGEST_NAME = 256

/**
 * @param clean takes secrets out of a text
 * @throws AppError 400 for a list that has no end or nothing in it; what the connection throws
 */
export const describeServer = async (
  connection: McpConnection,
  client: Client,
  options: RequestOptions,
  clean: (text: string) => string,
): Promise<string> => {
  const tools = new Map<string, McpTool>()
  const leftOut: McpDocument['leftOut'] = []
  const cursors = new Set<string>()
  let cursor: string | undefined
  for (let page = 0; ; page += 1) {
    if (page === MOST_PAGES) throw unusable(`its list of tools has more than ${MOST_PAGES} pages`)
    const params = cursor === undefined ? {} : { cursor }
    const answer = await client.request({ method: 'tools/list', params }, options)
    for (const tool of answer.tools) {
      const why = whyNot(tool.name, tool.inputSchema as JsonObject, tools)
      if (why === null) tools.set(tool.name, toTool(tool))
      else leftOut.push({ name: cut(tool.name, LONGEST_NAME), why })
      if (tools.size + leftOut.length > MOST_TOOLS)
        throw unusable(`it offers more than ${MOST_TOOLS} tools`)
    }
    cursor = answer.nextCursor
    if (cursor === undefined) break
    if (cursors.has(cursor)) throw unusable('its list of tools goes round in a circle')
    cursors.add(cursor)
  }
  if (tools.size === 0) {
    const first = leftOut[0]
    throw unusable(
      first === undefined
        ? 'it offers no tools'
        : `none of its tools can be a function ('${first.name}': ${first.why})`,
    )
  }
  const { serverInfo: info, protocol, instructions } = connection
  const document: McpDocument = {
    server:
      info === null
        ? null
        : {
            name: cut(info.name, LONGEST_NAME),
            version: cut(info.version, LONGEST_NAME),
            ...(info.title === undefined ? {} : { title: cut(info.title, LONGEST_NAME) }),
          },
    protocol,
    instructions: instructions === null ? null : cut(instructions, LONGEST_INSTRUCTIONS),
    tools: [...tools.values()],
    leftOut,
  }
  return storableJson(document, clean)
}

/** The functions of a server as it was described; none before it has been asked. */
export const functionsOf = (document: string | null): OfferedFunction[] => {
  const names = new Set<string>()
  return toolsOf(document).map(({ name: operation, description, inputSchema }) => {
    const wanted = functionNameOf(operation, operation)
    let name = wanted
    for (let number = 2; names.has(name); number += 1) name = `${wanted.slice(0, 60)}_${number}`
    names.add(name)
    return { operation, name, description, parameters: parametersOf(inputSchema) }
  })
}

/** A tool as it was described; null when the document has none of this name. */
export const toolOf = (document: string | null, name: string): McpTool | null =>
  toolsOf(document).find((tool) => tool.name === name) ?? null

const toolsOf = (document: string | null): McpTool[] =>
  document === null ? [] : (JSON.parse(document) as McpDocument).tools

const whyNot = (
  name: string,
  schema: JsonObject,
  taken: ReadonlyMap<string, unknown>,
): string | null => {
  if (name === '' || name.length > LONGEST_NAME)
    return `its name is empty or longer than ${LONGEST_NAME} characters`
  if (taken.has(name)) return 'another tool has its name'
  if (isTooDeep(schema)) return 'its JSON Schema is nested too deeply'
  const bytes = Buffer.byteLength(JSON.stringify(schema))
  return bytes > LONGEST_SCHEMA
    ? `its JSON Schema has ${bytes} bytes; the limit is ${LONGEST_SCHEMA}`
    : null
}

const toTool = (tool: {
  name: string
  title?: string | undefined
  description?: string | undefined
  inputSchema: unknown
}): McpTool => ({
  name: tool.name,
  description: cut(tool.description ?? tool.title ?? '', LONGEST_DESCRIPTION),
  inputSchema: tool.inputSchema as JsonObject,
})

const parametersOf = (schema: JsonObject): JsonObject => {
  const { $schema: _dialect, ...rest } = schema
  return { ...rest, type: 'object', properties: isObject(rest.properties) ? rest.properties : {} }
}

/** @param length in UTF-16 units; splits no character */
const cut = (text: string, length: number): string =>
  text.length <= length ? text : text.slice(0, length).toWellFormed()

/** PostgreSQL's text holds no NUL, and UTF-8 no lone surrogates: both are escaped in JSON, and stay in what it is parsed to. */
const storableJson = (document: McpDocument, clean: (text: string) => string): string =>
  JSON.stringify(document, (_key, value: Json) =>
    typeof value === 'string' ? clean(value).toWellFormed().replaceAll('\0', '\uFFFD') : value,
  )

const unusable = (why: string) =>
  new AppError({
    status: 400,
    message: `The MCP server cannot be used: ${why}.`,
    param: 'api',
    code: 'invalid_value',
  })
