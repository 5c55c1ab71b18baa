/** What the tool `code_interpreter` needs: a Python session for each thread. See ../../../ARCHITECTURE.md, "Untrusted code". */
import type { Readable } from 'node:stream'

export interface SessionFile {
  /** `file-…`: it appears as `/mnt/data/<id>`. */
  id: string
  /** The name it was uploaded with; it also appears as `/mnt/data/<name>` where that clashes with nothing. */
  name: string
  bytes: number
  open(signal: AbortSignal): Promise<Readable>
}

export type EndKind = 'timeout' | 'memory' | 'crash' | 'output' | 'busy' | 'unavailable'

export interface ExecutionRequest {
  /** Calls of one thread share a session and run one after the other. */
  session: { workspaceId: string; threadId: string }
  code: string
  /** All files of the session; those that it does not have yet are written before the code runs. */
  files: readonly SessionFile[]
  /** Hears what is printed while it is printed, up to the same bound as `logs`. */
  onLogs?: (piece: string) => void
}

/** Every text and byte in here was written by the code and is untrusted; shape and sizes are checked. */
export interface Execution {
  /** stdout and stderr in order, bounded, then the traceback when it failed, then what could not be done with files. */
  logs: string
  /** `repr` of the last expression, for the model's eyes only; null when there is none (behaviour.md 14). */
  value: string | null
  ok: boolean
  /** One clear sentence when the session ended or none could be had; null else. */
  ended: { kind: EndKind; message: string } | null
  /** True when this call was the first of its process. */
  isNew: boolean
  /** True when this call ran in a new process although this server had an earlier one of the session. */
  restarted: boolean
  /** PNG pictures made by matplotlib, in order. */
  images: { name: string; data: Uint8Array }[]
  /** Files right in `/mnt/data` that are new or changed after this call, besides images. */
  files: { name: string; bytes: number; open(): Readable }[]
  usage: { ms: number; peakMiB: number }
}

export interface CodeInterpreter extends AsyncDisposable {
  /** Whether code can run here; `ok: false` never falls back to a weaker wall. `packages` are the data packages that are there. */
  probe(): Promise<{ ok: boolean; why: string | null; walls: string[]; packages: string[] }>
  /** Runs code in the session of a thread. Rejects only when the signal aborts, which also ends that session's process. */
  execute(request: ExecutionRequest, signal: AbortSignal): Promise<Execution>
  /** Ends a session, for its thread was deleted. */
  end(threadId: string): Promise<void>
}

/** An execution that did not come about. */
export const notExecuted = (kind: EndKind, message: string): Execution => ({
  logs: '',
  value: null,
  ok: false,
  ended: { kind, message },
  isNew: false,
  restarted: false,
  images: [],
  files: [],
  usage: { ms: 0, peakMiB: 0 },
})
