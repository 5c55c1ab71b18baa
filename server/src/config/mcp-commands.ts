/** `MELZI_MCP_COMMANDS`: the programs that MCP plugins may start on this server. Only the operator says which; a plugin file names one. */
import { z } from 'zod'
import { ConfigError } from './settings.ts'

/** A program that speaks MCP on its standard input and output. */
export interface McpCommand {
  command: string
  args: readonly string[]
  /** The whole environment of the program, besides PATH. */
  env: Readonly<Record<string, string>>
}

/** By the name that plugin files have in `api.command`. */
export type McpCommands = ReadonlyMap<string, McpCommand>

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const noNul = z.string().regex(/^[^\0]*$/, 'must not hold a NUL')
const Commands = z.record(
  z.string().regex(NAME, 'must be a name of letters, digits, _ and -'),
  z.strictObject({
    command: noNul.min(1),
    args: z.array(noNul).default([]),
    env: z
      .record(z.string().regex(/^[^=\0]+$/, 'must be the name of a variable'), noNul)
      .default({}),
  }),
)

const fail = (why: string): never => {
  throw new ConfigError(
    `MELZI_MCP_COMMANDS: ${why}. It is the programs that MCP plugins may start, as JSON or as the path of a JSON file: {"files": {"command": "npx", "args": ["-y", "some-server"], "env": {"KEY": "value"}}}.`,
  )
}

/**
 * Reads the setting: JSON where it begins with `{`, else the path of a file.
 * @param readFile gives a file's text; only asked for a path
 * @throws {ConfigError} naming the variable and the place in the JSON, never a value: those may be keys
 */
export const readMcpCommands = (
  setting: string | null,
  readFile: (path: string) => string,
): McpCommands => {
  if (setting === null) return new Map()
  const isJson = setting.startsWith('{')
  let json: unknown
  try {
    json = JSON.parse(isJson ? setting : readFile(setting))
  } catch (error) {
    const place = error instanceof SyntaxError ? /at position \d+/.exec(error.message)?.[0] : null
    const why = error instanceof SyntaxError ? (place ?? 'syntax error') : String(error)
    return fail(`${isJson ? 'it' : setting} cannot be read as JSON (${why})`)
  }
  const parsed = Commands.safeParse(json)
  if (parsed.success) return new Map(Object.entries(parsed.data))
  const issue = parsed.error.issues[0]
  const where = (issue?.path ?? []).map(String).join('.')
  const why = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message
  return fail(`${where === '' ? 'the JSON' : where}: ${why ?? 'is not valid'}`)
}
