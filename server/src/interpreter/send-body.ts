import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { SessionFile } from './code-interpreter.ts'

/** Instead of a length: the file could not be read to its end. */
const ABORTED = 0xffffffff

const length = (bytes: number) => bytes.toString(16).padStart(8, '0')

const write = async (target: Writable, data: Buffer | string, signal: AbortSignal) => {
  if (!target.write(data) && !target.destroyed) await once(target, 'drain', { signal })
}

/** Streams a file into a session, piece by piece; a file that cannot be read is told to the session as such. */
export const sendBody = async (
  target: Writable,
  file: SessionFile,
  signal: AbortSignal,
): Promise<void> => {
  try {
    for await (const piece of await file.open(signal)) {
      const data = Buffer.from(piece as Uint8Array)
      if (data.length === 0) continue
      await write(target, length(data.length), signal)
      await write(target, data, signal)
    }
  } catch {
    signal.throwIfAborted()
    await write(target, length(ABORTED), signal)
  }
  await write(target, length(0), signal)
}
