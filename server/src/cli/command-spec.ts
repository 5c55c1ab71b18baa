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
  /** How the usage names the value; '' for an option that takes none. */
  value: string
  help: string
  choices?: readonly string[]
  multiple?: boolean
}

export interface OptionValues {
  /** Whether an option without a value is given. */
  has(name: string): boolean
  one(name: string): string | null
  many(name: string): string[]
}
