import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/settings.ts'
import { readMcpCommands, type McpCommands } from '../config/mcp-commands.ts'
import { missing, note, ok, type Check } from './check.ts'

const NAME = 'MCP commands'

/** Says which programs MCP plugins may start, and whether each is there; starts none. */
export const checkMcpCommands = ({ mcp }: Config): Check => {
  let commands: McpCommands
  try {
    commands = readMcpCommands(mcp.commands, (file) => readFileSync(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return missing(NAME, error.message, 'the server does not start with it')
  }
  if (commands.size === 0) {
    return note(
      NAME,
      'none are listed; MCP plugins reach servers by their address alone',
      'to let them start programs, list those in MELZI_MCP_COMMANDS',
    )
  }
  const listed = [...commands].map(([name, { command }]) => `${name} (${command})`).join(', ')
  const absent = [...commands].filter(([, { command, env }]) => {
    return !isThere(command, env['PATH'] ?? mcp.path)
  })
  if (absent.length === 0) return ok(NAME, listed)
  const names = absent.map(([name]) => name).join(', ')
  return missing(
    NAME,
    `${listed}; not found: ${names}`,
    'install the programs, or write their whole paths in MELZI_MCP_COMMANDS',
  )
}

const isThere = (command: string, path: string): boolean => {
  const places = command.includes('/')
    ? [command]
    : path.split(delimiter).map((folder) => join(folder, command))
  return places.some((file) => {
    try {
      accessSync(file, constants.X_OK)
      return (isAbsolute(file) || command.includes('/')) && statSync(file).isFile()
    } catch {
      return false
    }
  })
}
