import type { CommandSpec } from './command-spec.ts'
import type { Command } from './command.ts'

const KEY_ID = { positionals: ['KEY_ID'], options: {} } as const
const at = (positionals: readonly string[], index: number): string => positionals[index] ?? ''

type KeyCommand = Extract<Command['kind'], `key ${string}`>

/** The commands that begin with `key`. */
export const KEY_COMMANDS: Readonly<Record<KeyCommand, CommandSpec>> = {
  'key create': {
    positionals: [],
    options: {
      name: { value: 'TEXT', help: 'what the key is called in lists' },
      assistant: {
        value: 'ASSISTANT_ID',
        help: 'reaches only this assistant; may be given again',
        multiple: true,
      },
      access: {
        value: 'ACCESS',
        help: 'use: only talk to assistants; manage (default): whatever its person may',
        choices: ['use', 'manage'],
      },
      expires: { value: 'DAYS', help: 'ends after so many days' },
      origin: {
        value: 'ORIGIN',
        help: 'browsers may use it in pages of this origin only; may be given again',
        multiple: true,
      },
      'requests-per-minute': { value: 'COUNT', help: 'requests it may make in a minute' },
      'tokens-per-day': { value: 'COUNT', help: 'tokens it may use in a UTC day' },
      'money-per-month': { value: 'AMOUNT', help: 'what it may cost in a UTC month' },
      long: { value: '', help: 'of more than 200 characters, for clients that check the length' },
    },
    summary: 'make a key and show it once; on an empty store also the workspace and its owner',
    build: (_, options) => ({
      kind: 'key create',
      name: options.one('name') ?? 'key',
      assistants: options.many('assistant'),
      access: options.one('access') === 'use' ? 'use' : 'manage',
      origins: options.many('origin'),
      expires: options.one('expires'),
      requestsPerMinute: options.one('requests-per-minute'),
      tokensPerDay: options.one('tokens-per-day'),
      moneyPerMonth: options.one('money-per-month'),
      long: options.has('long'),
    }),
  },
  'key list': {
    positionals: [],
    options: {},
    summary: 'list keys',
    build: () => ({ kind: 'key list' }),
  },
  'key pause': {
    ...KEY_ID,
    summary: 'refuse a key until it goes on',
    build: (positionals) => ({ kind: 'key pause', id: at(positionals, 0) }),
  },
  'key resume': {
    ...KEY_ID,
    summary: 'let a paused key go on',
    build: (positionals) => ({ kind: 'key resume', id: at(positionals, 0) }),
  },
  'key delete': {
    ...KEY_ID,
    summary: 'end a key: the very next request with it is refused',
    build: (positionals) => ({ kind: 'key delete', id: at(positionals, 0) }),
  },
}
