import { ModelError } from '../language-model.ts'
import {
  AttemptError,
  cutSecrets,
  statusError,
  streamedError,
} from '../openai-compatible/provider-error.ts'
import { StreamedFailure } from './from-stream-part.ts'
import type { LoadedVendor } from './load-vendor.ts'
import type { VendorSettings } from './settings.ts'

const MAX_MESSAGE = 500

/** Names of the AI SDK's errors that tell of a request the vendor cannot take. */
const OF_THE_PROMPT = /Unsupported|InvalidPrompt|InvalidArgument/

const secretsOf = ({ apiKey, aws }: VendorSettings) => [
  apiKey,
  aws?.secretAccessKey ?? null,
  aws?.sessionToken ?? null,
]

/** The packages put the status that a streamed error stands for beside its type; the vendors' own types say it in many ways. */
const withStatus = (reported: unknown): unknown => {
  const { statusCode, message } = (reported ?? {}) as { statusCode?: unknown; message?: unknown }
  return typeof statusCode === 'number' ? { code: statusCode, message } : reported
}

/** A failure of a vendor's package or server as one of an attempt: its message is fit to be shown, without any key. */
export const vendorFailure = (
  error: unknown,
  settings: VendorSettings,
  { AISDKError, APICallError }: LoadedVendor['errors'],
): AttemptError => {
  const secrets = secretsOf(settings)
  if (error instanceof AttemptError) return error
  if (error instanceof ModelError) return new AttemptError(error)
  if (error instanceof StreamedFailure) {
    return APICallError.isInstance(error.reported)
      ? vendorFailure(error.reported, settings, { AISDKError, APICallError })
      : streamedError(settings.name, withStatus(error.reported), secrets)
  }
  if (
    APICallError.isInstance(error) &&
    error.statusCode !== undefined &&
    error.statusCode !== 200
  ) {
    return statusError(
      settings.name,
      {
        status: error.statusCode,
        headers: error.responseHeaders ?? {},
        body: error.responseBody ?? JSON.stringify({ message: error.message }),
      },
      secrets,
    )
  }
  const isOfPackage = AISDKError.isInstance(error) && !APICallError.isInstance(error)
  const own = error instanceof Error ? cutSecrets(error.message.slice(0, MAX_MESSAGE), secrets) : ''
  const message = isOfPackage
    ? `The server of model '${settings.name}' could not be asked, or answered in an unknown form: ${own}`
    : `The server of model '${settings.name}' could not be reached, or closed the connection (${own}).`
  const code =
    isOfPackage && OF_THE_PROMPT.test(error.name) ? ('invalid_prompt' as const) : 'server_error'
  return new AttemptError(new ModelError(code, message, { cause: error }), {
    isRetryable: !isOfPackage,
  })
}
