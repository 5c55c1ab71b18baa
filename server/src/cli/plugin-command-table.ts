import type { CommandSpec } from './command-spec.ts'
import type { Command } from './command.ts'

const NONE = {}
const OUTPUT = {
  output: { value: 'FILE', help: 'write to this file instead of standard output' },
} as const
const SECRETS = {
  secrets: { value: 'FILE', help: 'JSON with values of its secrets, for this trial only' },
} as const
const at = (positionals: readonly string[], index: number): string => positionals[index] ?? ''

type PluginCommand = Extract<Command['kind'], `plugin ${string}`>

/** The commands that begin with `plugin`. */
export const PLUGIN_COMMANDS: Readonly<Record<PluginCommand, CommandSpec>> = {
  'plugin import': {
    positionals: ['FILE...'],
    options: {
      'vector-store': {
        value: 'ID',
        help: 'what plugins of the type AzureCognitiveSearch are to search',
      },
    },
    summary: 'take plugin files; a known plugin id becomes its next version',
    build: (positionals, options) => ({
      kind: 'plugin import',
      files: [...positionals],
      vectorStore: options.one('vector-store'),
    }),
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
  'plugin test': {
    positionals: ['FILE|PLUGIN'],
    options: {
      arguments: {
        value: 'JSON',
        help: 'arguments of the call; those that were saved when left out',
      },
      params: { value: 'JSON', help: 'what the plugin sees as CUSTOMIZED_PARAMS' },
      function: { value: 'NAME', help: 'which of its functions' },
      ...SECRETS,
      pictures: { value: 'FOLDER', help: 'write the pictures it shows there' },
    },
    summary: 'run a plugin once in the sandbox and say what it did; a file need not be imported',
    build: (positionals, options) => ({
      kind: 'plugin test',
      target: at(positionals, 0),
      arguments: options.one('arguments'),
      params: options.one('params'),
      function: options.one('function'),
      secrets: options.one('secrets'),
      pictures: options.one('pictures'),
    }),
  },
  'plugin dev': {
    positionals: ['FOLDER'],
    options: {
      push: { value: '', help: 'import what ran well as the next version' },
      port: {
        value: 'PORT',
        help: 'serve /plugin.json and /source.py to programs and pages on this machine',
      },
      ...SECRETS,
    },
    summary:
      'run a plugin at each save of plugin.json, source.py, arguments.json or params.json, until Ctrl-C',
    build: (positionals, options) => ({
      kind: 'plugin dev',
      folder: at(positionals, 0),
      push: options.has('push'),
      port: options.one('port'),
      secrets: options.one('secrets'),
    }),
  },
  'plugin versions': {
    positionals: ['PLUGIN'],
    options: NONE,
    summary: 'list the versions of a plugin',
    build: (positionals) => ({ kind: 'plugin versions', plugin: at(positionals, 0) }),
  },
  'plugin restore': {
    positionals: ['PLUGIN', 'VERSION'],
    options: NONE,
    summary: 'bring an earlier version back, as the next one',
    build: (positionals) => ({
      kind: 'plugin restore',
      plugin: at(positionals, 0),
      version: at(positionals, 1),
    }),
  },
  'plugin calls': {
    positionals: ['PLUGIN'],
    options: { call: { value: 'CALL_ID', help: 'show all of this call' } },
    summary: "list a plugin's last 20 calls",
    build: (positionals, options) => ({
      kind: 'plugin calls',
      plugin: at(positionals, 0),
      call: options.one('call'),
    }),
  },
  'plugin secret set': {
    positionals: ['PLUGIN', 'NAME'],
    options: {
      file: { value: 'FILE', help: 'read the value from this file instead of standard input' },
    },
    summary: 'seal and keep a secret of a plugin; a line end after it is left out',
    build: (positionals, options) => ({
      kind: 'plugin secret set',
      plugin: at(positionals, 0),
      name: at(positionals, 1),
      file: options.one('file'),
    }),
  },
  'plugin secret list': {
    positionals: ['PLUGIN'],
    options: NONE,
    summary: 'list names of secrets; no command shows a value',
    build: (positionals) => ({ kind: 'plugin secret list', plugin: at(positionals, 0) }),
  },
  'plugin secret delete': {
    positionals: ['PLUGIN', 'NAME'],
    options: NONE,
    summary: 'forget a secret',
    build: (positionals) => ({
      kind: 'plugin secret delete',
      plugin: at(positionals, 0),
      name: at(positionals, 1),
    }),
  },
}
