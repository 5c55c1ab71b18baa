/** A server whose own wire is OpenAI's, for requests that go through as they came. */
export type UpstreamPath = '/chat/completions' | '/audio/speech' | '/audio/transcriptions'

export interface UpstreamAnswer {
  /** Content type, rate limits and the like; lower case names. */
  headers: Record<string, string>
  /** The body as it came. Whoever stops reading closes the connection, and the server stops its work. */
  body: AsyncIterable<Buffer>
}

export interface Upstream extends AsyncDisposable {
  /** The server's name for the model; null where it takes the name the client asked for. */
  readonly model: string | null
  /**
   * Posts a body and gives the answer as soon as its head is there.
   * @throws AppError the server's refusal in our envelope, without any key; 502 when the server cannot be had; the signal's reason
   */
  post(
    path: UpstreamPath,
    content: { type: string; body: Buffer; accept: string },
    signal: AbortSignal,
  ): Promise<UpstreamAnswer>
}
