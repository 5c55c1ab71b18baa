import type { Readable } from 'node:stream'
export interface SessionFile {
  id: string
  name: string
  bytes: number
  open(signal: AbortSignal): Promise<Readable>
}
export interface Execution {
  logs: string
  value: string | null
  ok: boolean
  ended: {
    kind: 'timeout' | 'memory' | 'crash' | 'output' | 'busy' | 'unavailable'
    message: string
  } | null
  restarted: boolean
  images: { name: string; data: Uint8Array }[]
  files: { name: string; bytes: number; open(): Readable }[]
  usage: { ms: number; peakMiB: number }
}
export interface CodeInterpreter extends AsyncDisposable {
  probe(): Promise<{ ok: boolean; why: string | null; walls: string[]; packages: string[] }>
  execute(
    request: {
      session: { workspaceId: string; threadId: string }
      code: string
      files: readonly SessionFile[]
      onLogs?: (piece: string) => void
    },
    signal: AbortSignal,
  ): Promise<Execution>
  end(threadId: string): Promise<void>
}
