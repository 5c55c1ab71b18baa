import type { Command } from './command.ts'

export interface CommandSpec {
  /** Positional arguments as the usage shows them; a last one with `...` takes one or more. */
  positionals: readonly string[]
  /** Options beside those every command takes. */
  options: Readonly<Record<string, OptionSpec>>
  summary: string
  build(positionals: readonly string[], options: OptionValues): Command
}

export interface OptionSpec {
  /** How the usage names the value. */
  value: string
  help: string
  choices?: readonly string[]
  multiple?: boolean
}

export interface OptionValues {
  one(name: string): string | null
  many(name: string): string[]
}

const NONE = {}
const OUTPUT = {
  output: { value: 'FILE', help: 'write to this file instead of standard output' },
} as const
const at = (positionals: readonly string[], index: number): string => positionals[index] ?? ''

/** Every command with what it takes; parser and help are both made from it. */
export const COMMANDS: Readonly<Record<Exclude<Command['kind'], 'help'>, CommandSpec>> = {
  serve: {
    positionals: [],
    options: NONE,
    summary: 'start the server (settings come from the environment)',
    build: () => ({ kind: 'serve' }),
  },
  migrate: {
    positionals: [],
    options: NONE,
    summary: "bring the store's schema to this program's version",
    build: () => ({ kind: 'migrate' }),
  },
  doctor: {
    positionals: [],
    options: NONE,
    summary: 'say what is missing here and how to get it',
    build: () => ({ kind: 'doctor' }),
  },
  'key create': {
    positionals: [],
    options: { name: { value: 'TEXT', help: 'what the key is called in lists' } },
    summary: 'make a key and show it once; on an empty store also the workspace and its owner',
    build: (_, options) => ({ kind: 'key create', name: options.one('name') ?? 'key' }),
  },
  'key list': {
    positionals: [],
    options: NONE,
    summary: 'list keys',
    build: () => ({ kind: 'key list' }),
  },
  'key delete': {
    positionals: ['KEY_ID'],
    options: NONE,
    summary: 'end a key: the very next request with it is refused',
    build: (positionals) => ({ kind: 'key delete', id: at(positionals, 0) }),
  },
  'assistant create': {
    positionals: [],
    options: {
      name: { value: 'TEXT', help: 'its name' },
      model: { value: 'NAME', help: "its model; the server's default when left out" },
      instructions: { value: 'TEXT', help: 'what it is told before every conversation' },
      plugin: { value: 'PLUGIN', help: 'a plugin to attach; may be given again', multiple: true },
      'plugin-mode': {
        value: 'MODE',
        help: 'who runs its plugins, client (default) or server',
        choices: ['client', 'server'],
      },
    },
    summary: 'make an assistant',
    build: (_, options) => ({
      kind: 'assistant create',
      name: options.one('name'),
      model: options.one('model'),
      instructions: options.one('instructions'),
      plugins: options.many('plugin'),
      pluginMode: options.one('plugin-mode') === 'server' ? 'server' : 'client',
    }),
  },
  'assistant import': {
    positionals: ['FILE'],
    options: NONE,
    summary: 'make an assistant and its plugins from an exported file',
    build: (positionals) => ({ kind: 'assistant import', file: at(positionals, 0) }),
  },
  'assistant export': {
    positionals: ['ASSISTANT_ID'],
    options: OUTPUT,
    summary: 'give an assistant with its plugins as one JSON file',
    build: (positionals, options) => ({
      kind: 'assistant export',
      id: at(positionals, 0),
      output: options.one('output'),
    }),
  },
  'assistant list': {
    positionals: [],
    options: NONE,
    summary: 'list assistants',
    build: () => ({ kind: 'assistant list' }),
  },
  'plugin import': {
    positionals: ['FILE...'],
    options: NONE,
    summary: 'take plugin files; a known plugin id becomes its next version',
    build: (positionals) => ({ kind: 'plugin import', files: [...positionals] }),
  },
  'plugin export': {
    positionals: ['PLUGIN'],
    options: OUTPUT,
    summary: 'give a plugin file as it was imported',
    build: (positionals, options) => ({
      kind: 'plugin export',
      plugin: at(positionals, 0),
      output: options.one('output'),
    }),
  },
  'plugin list': {
    positionals: [],
    options: NONE,
    summary: 'list plugins',
    build: () => ({ kind: 'plugin list' }),
  },
  'plugin attach': {
    positionals: ['PLUGIN', 'ASSISTANT_ID'],
    options: NONE,
    summary: 'give a plugin to an assistant',
    build: (positionals) => ({
      kind: 'plugin attach',
      plugin: at(positionals, 0),
      assistant: at(positionals, 1),
    }),
  },
  'plugin detach': {
    positionals: ['PLUGIN', 'ASSISTANT_ID'],
    options: NONE,
    summary: 'take a plugin from an assistant',
    build: (positionals) => ({
      kind: 'plugin detach',
      plugin: at(positionals, 0),
      assistant: at(positionals, 1),
    }),
  },
}
