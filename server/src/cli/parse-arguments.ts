import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { COMMANDS, type CommandSpec, type OptionValues } from './command-table.ts'
import type { Command, CommandLine } from './command.ts'

/** A command line that cannot be understood; the message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const COMMON: ParseArgsOptionsConfig = {
  json: { type: 'boolean' },
  person: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
}

/**
 * Arguments, without program and script, to a command. Pure.
 * @throws UsageError
 */
export const parseArguments = (argv: readonly string[]): CommandLine => {
  const { name, spec, rest } = findCommand(argv)
  const isHelpAsked = argv.some((word) => word === '--help' || word === '-h')
  if (spec === null || isHelpAsked) {
    if (name === '' || name === 'help' || isHelpAsked) return help(argv)
    throw new UsageError(`There is no command '${name}'.`)
  }
  const { values, positionals } = parse(name, spec, rest)
  checkPositionals(name, spec, positionals)
  const options = optionValues(values)
  checkChoices(spec, options)
  return {
    command: spec.build(positionals, options),
    json: values['json'] === true,
    person: options.one('person'),
  }
}

const help = (argv: readonly string[]): CommandLine => ({
  command: { kind: 'help' },
  json: argv.includes('--json'),
  person: null,
})

/** A command is one word or two; options may stand before it. */
const findCommand = (argv: readonly string[]) => {
  const start = argv.findIndex((word) => !word.startsWith('-'))
  if (start < 0) return { name: '', spec: null, rest: [] }
  const one = argv[start] ?? ''
  const two = `${one} ${argv[start + 1] ?? ''}`
  for (const [name, words] of [
    [two, 2],
    [one, 1],
  ] as const) {
    if (!Object.hasOwn(COMMANDS, name)) continue
    const rest = [...argv.slice(0, start), ...argv.slice(start + words)]
    return { name, spec: COMMANDS[name as Exclude<Command['kind'], 'help'>], rest }
  }
  const isGroup = Object.keys(COMMANDS).some((name) => name.startsWith(`${one} `))
  return { name: isGroup ? two.trim() : one, spec: null, rest: [] }
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

const parse = (name: string, spec: CommandSpec, args: string[]) => {
  const own = Object.entries(spec.options).map(
    ([option, { multiple }]) => [option, { type: 'string', multiple: multiple === true }] as const,
  )
  try {
    const options: ParseArgsOptionsConfig = { ...COMMON, ...Object.fromEntries(own) }
    const parsed = parseArgs({ args, options, allowPositionals: true, strict: true })
    return { values: parsed.values as Values, positionals: parsed.positionals }
  } catch (error) {
    throw new UsageError(`melzi ${name}: ${(error as Error).message}`)
  }
}

const checkPositionals = (name: string, spec: CommandSpec, given: readonly string[]): void => {
  const wanted = spec.positionals
  const isOpen = wanted.at(-1)?.endsWith('...') === true
  if (given.length === wanted.length || (isOpen && given.length > wanted.length)) return
  const takes = wanted.length === 0 ? 'no arguments' : wanted.join(' ')
  throw new UsageError(`melzi ${name} takes ${takes}, but got ${given.length}.`)
}

const checkChoices = (spec: CommandSpec, options: OptionValues): void => {
  for (const [name, { choices }] of Object.entries(spec.options)) {
    const value = options.one(name)
    if (choices === undefined || value === null || choices.includes(value)) continue
    throw new UsageError(`--${name} takes ${choices.join(' or ')}, not '${value}'.`)
  }
}

const optionValues = (values: Values): OptionValues => {
  const many = (name: string) =>
    [values[name] ?? []].flat().filter((value): value is string => typeof value === 'string')
  return { one: (name) => many(name)[0] ?? null, many }
}
