/** What a sandbox for untrusted Python offers to the server. See ../../../../ARCHITECTURE.md and shared/sandbox.md. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface SandboxLimits {
  wallMs: number
  cpuSeconds: number
  memoryMiB: number
  rssMiB: number
  /** Printed text that is kept; more is cut and flagged. */
  stdoutBytes: number
  resultBytes: number
  /** Raw bytes on the pipe before the process is killed. */
  rawBytes: number
  http: { requests: number; upBytes: number; downBytes: number; timeoutMs: number }
}

export interface EgressPolicy {
  /** Allowed hosts, exact (`api.example.com`) or `*.example.com`; empty means no network; `'public'` means any public host. */
  hosts: readonly string[] | 'public'
}

export interface SandboxJob {
  /** Only jobs with the same scope (plugin version of one owner) may ever share a process. */
  scope: string
  source: string
  arguments: Record<string, Json>
  /** CUSTOMIZED_PARAMS; null when the caller passed nothing. */
  customizedParams: Json
  conversation: { role: string; content: string }[]
  /** PLUGIN_USER_COOKIE: an opaque token of the user, never a login; None when left out. */
  userCookie?: string
  limits: SandboxLimits
  egress: EgressPolicy
}

export type SandboxErrorKind =
  | 'python'
  | 'timeout'
  | 'memory'
  | 'output'
  | 'crash'
  | 'egress'
  | 'busy'
  | 'unavailable'

/** Every string in here was written by the plugin and is untrusted; sizes and shape are checked by the driver. */
export interface SandboxResult {
  ok: boolean
  /** What the plugin printed or, when it printed nothing, the value of its last expression. */
  output: string
  stdout: string
  stderr: string
  truncated: boolean
  /** One clear sentence, and for `python` the exception's last line with the plugin's own frames. */
  error: { kind: SandboxErrorKind; message: string; traceback: string | null } | null
  usage: {
    ms: number
    peakMiB: number
    http: { host: string; status: number | null; refused: string | null }[]
  }
}

export interface SandboxDriver extends AsyncDisposable {
  readonly name: 'deno' | 'native' | 'remote'
  /** Whether its walls hold here. `ok: false` never falls back to a weaker wall. */
  probe(): Promise<{ ok: boolean; why: string | null; walls: string[] }>
  /** Runs one job in a process of its own. Resolves for every outcome of the plugin; rejects only when the signal aborts. */
  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult>
}
