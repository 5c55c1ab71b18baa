/** What a sandbox for untrusted Python offers to the server. See ../../../../ARCHITECTURE.md and shared/sandbox.md. */
import type { ModelQuestion } from '@melzi/runner/protocol.ts'

export type { ModelQuestion } from '@melzi/runner/protocol.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface SandboxLimits {
  /** How long a call may wait for its turn. */
  waitMs: number
  /** From its turn on. */
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
  /** Questions to the model, `count_token` included; what a question may cost is the answering side's to limit. */
  asks: number
  pictures: { count: number; totalBytes: number }
}

/** One of SELECTED_FILES: a plugin finds it in its own file system, under the name `subject`. */
export interface SandboxFile {
  title: string
  /** Media type. */
  type: string
  data: Uint8Array
}

/**
 * Answers what a plugin asks a model. Rejects with an AppError whose message the plugin may see; any other error is the server's and
 * becomes one plain sentence.
 */
export type AnswerQuestion = (question: ModelQuestion, signal: AbortSignal) => Promise<Json>

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
  /** PLUGIN_USER_COOKIE: an opaque token of the user, never a login; null for None. */
  userCookie: string | null
  /** SELECTED_MODEL_TOKEN_LIMIT: tokens of the assistant's model; null when unknown. */
  modelTokenLimit: number | null
  /** The plugin's own secrets, by name: the dict SECRETS, and the environment. */
  secrets: Readonly<Record<string, string>>
  /** SELECTED_FILES. */
  files: readonly SandboxFile[]
  /** Whom `chat`, `infer_params`, `count_token` and `emb` ask; null where there is no model for this call. */
  answer: AnswerQuestion | null
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
  /** PNG files that `plt.show()` gave; each begins as a PNG does. */
  pictures: Uint8Array[]
  usage: {
    ms: number
    /** Processor time of the call, in ms. */
    cpuMs: number
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
