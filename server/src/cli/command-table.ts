import type { CommandSpec } from './command-spec.ts'
import type { Command } from './command.ts'
import { KEY_COMMANDS } from './key-command-table.ts'
import { PLUGIN_COMMANDS } from './plugin-command-table.ts'

const NONE = {}
const OUTPUT = {
  output: { value: 'FILE', help: 'write to this file instead of standard output' },
} as const
const PLUGIN_MODE = {
  value: 'MODE',
  help: 'who runs its plugins, client (default) or server',
  choices: ['client', 'server'],
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
  ...KEY_COMMANDS,
  'assistant create': {
    positionals: [],
    options: {
      name: { value: 'TEXT', help: 'its name' },
      model: { value: 'NAME', help: "its model; the server's default when left out" },
      instructions: { value: 'TEXT', help: 'what it is told before every conversation' },
      plugin: { value: 'PLUGIN', help: 'a plugin to attach; may be given again', multiple: true },
      'plugin-mode': PLUGIN_MODE,
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
  'assistant set': {
    positionals: ['ASSISTANT_ID'],
    options: { 'plugin-mode': PLUGIN_MODE },
    summary: 'change what the wire has no word for',
    build: (positionals, options) => ({
      kind: 'assistant set',
      id: at(positionals, 0),
      pluginMode: options.one('plugin-mode') as 'client' | 'server' | null,
    }),
  },
  ...PLUGIN_COMMANDS,
}
