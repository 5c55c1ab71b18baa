/** Why an exchange with an MCP server came to nothing, in words for the model and the plugin's owner. */
import type * as Sdk from '@modelcontextprotocol/client'
import { AppError } from '../../platform/errors.ts'
import type { SandboxErrorKind } from '../python/sandbox-driver.ts'

export class McpFailure extends Error {
  override readonly name = 'McpFailure'
  /** Null: the server answered, and its answer is an error. */
  readonly kind: SandboxErrorKind | null

  constructor(kind: SandboxErrorKind | null, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.kind = kind
  }
}

const LONGEST_REASON = 2_000

/** @param error what an exchange threw, unless its caller's signal aborted */
export const explainFailure = async (error: unknown): Promise<McpFailure> => {
  if (error instanceof McpFailure) return error
  if (error instanceof AppError) return new McpFailure(kindOf(error), error.message, error)
  const sdk = await import('@modelcontextprotocol/client')
  const inner = innermost(error)
  if (inner instanceof AppError) return new McpFailure(kindOf(inner), inner.message, error)
  return new McpFailure(
    sdk.ProtocolError.isInstance(error) ? null : 'unavailable',
    reasonOf(sdk, error),
    error,
  )
}

/** The HTTP status that the server refused a request with; null where it did not. */
export const statusOf = async (error: unknown): Promise<number | null> => {
  const sdk = await import('@modelcontextprotocol/client')
  return sdk.SdkHttpError.isInstance(error) ? error.status : null
}

const kindOf = ({ code }: AppError): SandboxErrorKind => {
  if (code === 'address_refused') return 'egress'
  if (code === 'body_too_large') return 'output'
  return code === 'fetch_timeout' ? 'timeout' : 'unavailable'
}

/** The version look-up wraps what the transport threw. */
const innermost = (error: unknown): unknown => {
  let inner = error
  for (
    let depth = 0;
    depth < 5 && inner instanceof Error && !(inner instanceof AppError);
    depth += 1
  ) {
    const data = 'data' in inner ? (inner.data as { cause?: unknown } | null | undefined) : null
    const next = inner.cause ?? data?.cause
    if (next === undefined) break
    inner = next
  }
  return inner
}

const reasonOf = (sdk: typeof Sdk, error: unknown): string => {
  if (sdk.ProtocolError.isInstance(error))
    return `The MCP server refused the call: ${cut(error.message)} (${error.code})`
  if (sdk.UnauthorizedError.isInstance(error)) return 'The MCP server asks for another login (401).'
  if (sdk.SdkHttpError.isInstance(error)) {
    if (error.status === 401 || error.status === 403)
      return `The MCP server refuses the plugin's credentials (${error.status}).`
    if (error.status >= 300 && error.status < 400)
      return `The MCP server redirects to another place (${error.status}), which is not followed.`
    const { text } = error.data
    return `The MCP server answered ${error.status}: ${typeof text === 'string' ? cut(text) : ''}`
  }
  if (!sdk.SdkError.isInstance(error))
    return `The MCP server could not be used: ${cut(error instanceof Error ? error.message : String(error))}`
  switch (error.code) {
    case sdk.SdkErrorCode.UnsupportedResultType:
    case sdk.SdkErrorCode.InputRequiredRoundsExceeded:
      return 'The MCP server asks its user something in the middle of the call, which is not possible here.'
    case sdk.SdkErrorCode.ConnectionClosed:
      return 'The MCP server closed the connection.'
    case sdk.SdkErrorCode.InvalidResult:
      return 'The MCP server gave an answer that is none of the protocol.'
    default:
      return `The MCP server could not be used: ${cut(error.message)}`
  }
}

const cut = (text: string): string =>
  text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON).toWellFormed()}...`
