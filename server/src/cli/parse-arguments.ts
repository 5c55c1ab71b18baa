import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import type { CommandSpec, OptionValues } from './command-spec.ts'
import { COMMANDS } from './command-table.ts'
import type { Command, CommandLine } from './command.ts'
import { isTopic } from './usage.ts'

/** A command line that cannot be understood; the message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** Whose help says more: a command, the first word of several, or '' for all. */
  readonly topic: string

  constructor(message: string, topic = '') {
    super(message)
    this.topic = topic
  }
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
  if (isHelpAsked || name === '' || name === 'help') return help(argv, topicOf(name, rest))
  if (spec === null) {
    if (isTopic(name) && rest.every((word) => word.startsWith('-'))) return help(argv, name)
    throw new UsageError(`There is no command '${name}'.`, topicOf(name, rest))
  }
  const { values, positionals } = parse(name, spec, rest)
  checkPositionals(name, spec, positionals)
  const options = optionValues(values)
  checkChoices(name, spec, options)
  return {
    command: spec.build(positionals, options),
    json: values['json'] === true,
    person: options.one('person'),
  }
}

const help = (argv: readonly string[], topic: string): CommandLine => ({
  command: { kind: 'help', topic },
  json: argv.includes('--json'),
  person: null,
})

/** What to show the help of: as much of the command as there is. `melzi help key` is `melzi key --help`. */
const topicOf = (name: string, rest: readonly string[]): string => {
  if (name === 'help') {
    const asked = findCommand(rest)
    return topicOf(asked.name, [])
  }
  const words = name.split(' ')
  const topics = words.map((_, index) => words.slice(0, words.length - index).join(' '))
  return topics.find((topic) => topic !== '' && isTopic(topic)) ?? ''
}

const MOST_WORDS = 3

/** A command is one to three words; options may stand before it. Words that lead to commands, and are none, are taken too. */
const findCommand = (argv: readonly string[]) => {
  const start = argv.findIndex((word) => !word.startsWith('-'))
  if (start < 0) return { name: '', spec: null, rest: [] }
  const after = argv.slice(start)
  const end = after.findIndex((word) => word.startsWith('-'))
  const words = after.slice(0, end < 0 ? MOST_WORDS : Math.min(end, MOST_WORDS))
  const without = (count: number) => [...argv.slice(0, start), ...argv.slice(start + count)]
  const starts = words.map((_, index) => words.slice(0, words.length - index))
  for (const some of starts) {
    const name = some.join(' ')
    if (!Object.hasOwn(COMMANDS, name)) continue
    const spec = COMMANDS[name as Exclude<Command['kind'], 'help'>]
    return { name, spec, rest: without(some.length) }
  }
  const topic = starts.find((some) => isTopic(some.join(' ')))
  if (topic === undefined) return { name: words[0] ?? '', spec: null, rest: without(1) }
  // the word after a topic belongs to the name of a command that is not there
  const asked = words.slice(0, topic.length + 1)
  return { name: asked.join(' '), spec: null, rest: without(asked.length) }
}

type Values = Record<string, string | boolean | (string | boolean)[] | undefined>

const parse = (name: string, spec: CommandSpec, args: string[]) => {
  const own = Object.entries(spec.options).map(
    ([option, { value, multiple }]) =>
      [option, { type: value === '' ? 'boolean' : 'string', multiple: multiple === true }] as const,
  )
  const options: ParseArgsOptionsConfig = { ...COMMON, ...Object.fromEntries(own) }
  // Checked here and not by `strict`, whose sentences are about Node's own way to write arguments.
  const parsed = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true })
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue
    const { type } = Object.hasOwn(options, token.name) ? (options[token.name] ?? {}) : {}
    const wrong = wrongOption(type, token)
    if (wrong !== null) throw new UsageError(`melzi ${name}: ${wrong}`, name)
  }
  return { values: parsed.values as Values, positionals: parsed.positionals }
}

interface GivenOption {
  rawName: string
  value: string | undefined
  inlineValue: boolean | undefined
}

const wrongOption = (
  type: 'string' | 'boolean' | undefined,
  { rawName, value, inlineValue }: GivenOption,
): string | null => {
  if (type === undefined) return `there is no option ${rawName}.`
  if (type === 'boolean') return value === undefined ? null : `${rawName} takes no value.`
  if (value === undefined) return `${rawName} needs a value.`
  if (value.trim() === '') return `the value of ${rawName} must not be empty.`
  // More likely the next option than a value.
  return inlineValue !== true && value.startsWith('-') && value !== '-'
    ? `${rawName} needs a value; one that begins with '-' is written ${rawName}=${value}.`
    : null
}

const checkPositionals = (name: string, spec: CommandSpec, given: readonly string[]): void => {
  const wanted = spec.positionals
  const isOpen = wanted.at(-1)?.endsWith('...') === true
  if (given.length === wanted.length || (isOpen && given.length > wanted.length)) return
  const takes = wanted.length === 0 ? 'no arguments' : wanted.join(' ')
  throw new UsageError(`melzi ${name} takes ${takes}, but got ${given.length}.`, name)
}

const checkChoices = (name: string, spec: CommandSpec, options: OptionValues): void => {
  for (const [option, { choices }] of Object.entries(spec.options)) {
    const value = options.one(option)
    if (choices === undefined || value === null || choices.includes(value)) continue
    throw new UsageError(`--${option} takes ${choices.join(' or ')}, not '${value}'.`, name)
  }
}

const optionValues = (values: Values): OptionValues => {
  const many = (name: string) =>
    [values[name] ?? []].flat().filter((value): value is string => typeof value === 'string')
  return { one: (name) => many(name)[0] ?? null, many, has: (name) => values[name] === true }
}
