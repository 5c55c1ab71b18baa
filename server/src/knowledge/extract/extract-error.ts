/** Why a file cannot be indexed, as a store file's `last_error` says it (behaviour.md 14). */
export type ExtractErrorCode = 'invalid_file' | 'unsupported_file' | 'server_error'

export class ExtractError extends Error {
  override readonly name = 'ExtractError'
  readonly code: ExtractErrorCode

  /** @param message a sentence for the file's owner, saying what is wrong and what helps */
  constructor(code: ExtractErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const invalidFile = (message: string, cause?: unknown): ExtractError =>
  new ExtractError('invalid_file', message, cause === undefined ? undefined : { cause })

export const unsupportedFile = (message: string): ExtractError =>
  new ExtractError('unsupported_file', message)
