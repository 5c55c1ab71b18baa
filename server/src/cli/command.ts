/** What the command line asks for. */
export type Command =
  /** The topic is a command, the first word of several, or '' for all. */
  | { kind: 'help'; topic: string }
  | { kind: 'serve' }
  | { kind: 'migrate' }
  | { kind: 'doctor' }
  | { kind: 'key create'; name: string }
  | { kind: 'key list' }
  | { kind: 'key delete'; id: string }
  | {
      kind: 'assistant create'
      name: string | null
      model: string | null
      instructions: string | null
      /** Plugins to attach: `plug_` ids, ids of plugin files or function names. */
      plugins: string[]
      pluginMode: 'client' | 'server'
    }
  | { kind: 'assistant import'; file: string }
  | { kind: 'assistant export'; id: string; output: string | null }
  | { kind: 'assistant list' }
  | { kind: 'plugin import'; files: string[] }
  | { kind: 'plugin export'; plugin: string; output: string | null }
  | { kind: 'plugin list' }
  | { kind: 'plugin attach'; plugin: string; assistant: string }
  | { kind: 'plugin detach'; plugin: string; assistant: string }

export interface CommandLine {
  command: Command
  /** Print JSON instead of text. */
  json: boolean
  /** Act for this member of the workspace instead of its owner. */
  person: string | null
}
