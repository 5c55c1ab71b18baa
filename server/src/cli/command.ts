/** What the command line asks for. */
export type Command =
  /** The topic is a command, the first word of several, or '' for all. */
  | { kind: 'help'; topic: string }
  | { kind: 'serve' }
  | { kind: 'migrate' }
  | { kind: 'doctor' }
  | ({ kind: 'key create'; name: string } & KeyOptions)
  | { kind: 'key list' }
  | { kind: 'key pause'; id: string }
  | { kind: 'key resume'; id: string }
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
  | { kind: 'assistant set'; id: string; pluginMode: 'client' | 'server' | null }
  | { kind: 'plugin import'; files: string[]; vectorStore: string | null }
  | { kind: 'plugin export'; plugin: string; output: string | null }
  | { kind: 'plugin list' }
  | { kind: 'plugin attach'; plugin: string; assistant: string }
  | { kind: 'plugin detach'; plugin: string; assistant: string }
  | ({ kind: 'plugin test'; target: string } & TrialOptions)
  | {
      kind: 'plugin dev'
      folder: string
      /** Import what ran well as the next version. */
      push: boolean
      /** On which files of the folder are served to this machine; null: none are. */
      port: string | null
      secrets: string | null
    }
  | { kind: 'plugin versions'; plugin: string }
  | { kind: 'plugin restore'; plugin: string; version: string }
  | { kind: 'plugin calls'; plugin: string; call: string | null }
  | { kind: 'plugin secret set'; plugin: string; name: string; file: string | null }
  | { kind: 'plugin secret list'; plugin: string }
  | { kind: 'plugin secret delete'; plugin: string; name: string }

export interface KeyOptions {
  /** The only assistants it reaches; none: all. */
  assistants: string[]
  access: 'use' | 'manage'
  origins: string[]
  /** Days until it ends. */
  expires: string | null
  requestsPerMinute: string | null
  tokensPerDay: string | null
  moneyPerMonth: string | null
  long: boolean
}

export interface TrialOptions {
  /** JSON text. */
  arguments: string | null
  /** JSON text. */
  params: string | null
  function: string | null
  /** A JSON file: values of secrets by name. */
  secrets: string | null
  /** A folder for the plugin's pictures. */
  pictures: string | null
}

export interface CommandLine {
  command: Command
  /** Print JSON instead of text. */
  json: boolean
  /** Act for this member of the workspace instead of its owner. */
  person: string | null
}
