/**
 * The program that reads files, in a process of its own: what a hostile file does to its parser, it does here. Reads one request after
 * another from standard input, a line of JSON and then the file's bytes, and answers in lines of JSON (extract-protocol.ts).
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { indexTerms } from '../bigrams.ts'
import { chunkText } from '../chunk.ts'
import { titleTerms } from '../title-terms.ts'
import { ExtractError } from './extract-error.ts'
import type { ExtractAnswer, ExtractedChunk, ExtractRequest } from './extract-protocol.ts'
import { extractText } from './extract-text.ts'

/** Chunks of one answer: few lines, and no long one. */
const BATCH = 32

const say = async (answer: ExtractAnswer): Promise<void> => {
  if (!process.stdout.write(`${JSON.stringify(answer)}\n`)) await once(process.stdout, 'drain')
}

const answer = async (request: ExtractRequest, bytes: Buffer): Promise<void> => {
  const text = await extractText(bytes, request.filename)
  await say({ type: 'extracted', length: text.length })
  const title = titleTerms(request.filename, text)
  let batch: ExtractedChunk[] = []
  for (const chunk of chunkText(text, request.chunking)) {
    batch.push({ ...chunk, terms: [...indexTerms(chunk.text), ...title].join(' ') })
    if (batch.length < BATCH) continue
    await say({ type: 'chunks', chunks: batch })
    batch = []
  }
  if (batch.length > 0) await say({ type: 'chunks', chunks: batch })
  await say({ type: 'done' })
}

const handle = async (request: ExtractRequest, bytes: Buffer): Promise<void> => {
  try {
    await answer(request, bytes)
  } catch (error) {
    // What is no ExtractError is a fault of ours: the process ends, and the other side says so.
    if (!(error instanceof ExtractError)) throw error
    await say({ type: 'failed', code: error.code, message: error.message })
  }
}

const main = async (): Promise<void> => {
  new Worker(new URL('orphan-watch.ts', import.meta.url)).unref()
  let request: ExtractRequest | null = null
  let pieces: Buffer[] = []
  let size = 0
  for await (const piece of process.stdin) {
    pieces.push(piece as Buffer)
    size += (piece as Buffer).length
    if (request === null) {
      const head = Buffer.concat(pieces)
      const end = head.indexOf('\n')
      if (end < 0) continue
      request = JSON.parse(head.toString('utf8', 0, end)) as ExtractRequest
      pieces = [head.subarray(end + 1)]
      size = head.length - end - 1
    }
    if (size < request.bytes) continue
    const bytes = Buffer.concat(pieces)
    pieces = []
    size = 0
    await handle(request, bytes)
    request = null
  }
}

await main()
