import type { Chunk, Chunking } from '../chunk.ts'
import type { ExtractErrorCode } from './extract-error.ts'

/** One file for the program that reads files; its bytes follow the line. */
export interface ExtractRequest {
  filename: string
  bytes: number
  chunking: Chunking
}

/** A chunk with its terms for full-text search. */
export interface ExtractedChunk extends Chunk {
  /** In their order, with a space between: one string, since a server that takes many chunks has no room for each term's own. */
  terms: string
}

export type ExtractAnswer =
  | { type: 'extracted'; length: number }
  | { type: 'chunks'; chunks: ExtractedChunk[] }
  | { type: 'done' }
  | { type: 'failed'; code: ExtractErrorCode; message: string }
