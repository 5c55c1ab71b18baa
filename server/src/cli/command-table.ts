import type { CommandSpec } from './command-spec.ts'
import type { Command } from './command.ts'
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
