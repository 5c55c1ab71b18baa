import type { CommandSpec } from './command-spec.ts'
import { COMMANDS } from './command-table.ts'

const line = (left: string, right: string): string =>
  left.length < 34 ? `  ${left.padEnd(34)}  ${right}` : `  ${left}\n${' '.repeat(38)}${right}`

const commandLines = ([name, spec]: [string, CommandSpec]): string[] => [
  line([name, ...spec.positionals].join(' '), spec.summary),
  ...Object.entries(spec.options).map(([option, { value, help }]) =>
    line(`  --${option} ${value}`.trimEnd(), help),
  ),
]

/** Whether the topic is a command or the first word of some. */
export const isTopic = (topic: string): boolean => commandsOf(topic).length > 0

const commandsOf = (topic: string) =>
  Object.entries(COMMANDS).filter(
    ([name]) => topic === '' || name === topic || name.startsWith(`${topic} `),
  )

/**
 * The text of `melzi --help`, or of one command or group.
 * @param topic '' for everything
 */
export const usage = (topic = ''): string =>
  topic === ''
    ? everything()
    : `Usage: melzi ${topic}${Object.hasOwn(COMMANDS, topic) ? '' : ' COMMAND'} [OPTIONS]

${commandsOf(topic).flatMap(commandLines).join('\n')}

Options of every command, and all commands: melzi --help
`

const everything = (): string => `Usage: melzi COMMAND [OPTIONS]

Commands
${commandsOf('').flatMap(commandLines).join('\n')}

Options of every command
${line('--json', 'print JSON')}
${line('--person NAME', "act for this member instead of the workspace's owner")}
${line('-h, --help', 'the help of a command, or this text')}

PLUGIN is a plugin's id (plug_...), the id in its file, or its function name.
The store is that of the server: MELZI_DATA (a folder, ./data when not set) or DATABASE_URL (PostgreSQL).
Exit codes: 0 done, 1 failed, 2 not understood.
`
