import { allowanceHeaders, type Allowance } from './allowance.ts'

/**
 * The one error type of the server and the one list of its constructors.
 * Texts, types and codes are the wire's (contract/behaviour.md section 2): clients match on them.
 */
export type ErrorType =
  | 'invalid_request_error'
  | 'server_error'
  | 'requests'
  | 'tokens'
  | 'insufficient_quota'

export class AppError extends Error {
  override readonly name = 'AppError'
  /** HTTP status. */
  readonly status: number
  readonly type: ErrorType
  /** Path of the offending parameter, `metadata.key` or `tools[0].type`; null where none is to blame. */
  readonly param: string | null
  readonly code: string | null
  /** Extra response headers, e.g. `retry-after`. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether the answer also has the `detail` object that errors of files carry (behaviour.md 2). */
  readonly detail: boolean

  constructor(fields: {
    status: number
    message: string
    type?: ErrorType
    param?: string | null
    code?: string | null
    headers?: Record<string, string>
    detail?: boolean
    cause?: unknown
  }) {
    super(fields.message, fields.cause === undefined ? {} : { cause: fields.cause })
    this.status = fields.status
    this.type = fields.type ?? 'invalid_request_error'
    this.param = fields.param ?? null
    this.code = fields.code ?? null
    this.headers = fields.headers ?? {}
    this.detail = fields.detail ?? false
  }
}

const invalid = (message: string, param: string | null = null, code: string | null = null) =>
  new AppError({ status: 400, message, param, code })

/** `['call_a', 'call_b']`: ids the way the wire lists them in error texts. */
const pythonList = (ids: readonly string[]) => `[${ids.map((id) => `'${id}'`).join(', ')}]`

const noSuchFile = (id: string) =>
  new AppError({
    status: 404,
    message: `No such File object: ${id}`,
    param: 'id',
    detail: true,
  })

export const errors = {
  invalid,

  missingKey: () =>
    new AppError({
      status: 401,
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from the operator of this server.",
    }),
  /** @param masked the key as {@link maskKey} shows it, never the whole key. */
  wrongKey: (masked: string) =>
    new AppError({
      status: 401,
      message: `Incorrect API key provided: ${masked}. You can find your API key at the operator of this server.`,
      code: 'invalid_api_key',
    }),
  notSignedIn: () =>
    new AppError({ status: 401, message: 'You are not signed in.', code: 'not_signed_in' }),
  twoKeys: () =>
    new AppError({
      status: 401,
      message: 'Two different API keys were sent, in Authorization and in api-key. Send one.',
      code: 'invalid_api_key',
    }),
  forbidden: (message: string, param: string | null = null) =>
    new AppError({ status: 403, message, param, code: 'insufficient_permissions' }),

  unknownRoute: (method: string, path: string) =>
    new AppError({ status: 404, message: `Invalid URL (${method} ${path})` }),
  wrongMethod: (method: string, path: string, allowed: readonly string[]) =>
    new AppError({
      status: 405,
      message: `Not allowed to ${method} on ${path} (allowed: ${allowed.join(', ')})`,
      code: 'method_not_supported',
      headers: { allow: allowed.join(', ') },
    }),
  notJson: (hint: string) =>
    invalid(`We could not parse the JSON body of your request. (HINT: ${hint})`),
  bodyTooLarge: (limitBytes: number) =>
    new AppError({
      status: 413,
      message: `Request body is too large. The limit of this server is ${limitBytes} bytes.`,
      code: 'request_too_large',
    }),

  fileTooLarge: (limitBytes: number) =>
    new AppError({
      status: 413,
      message: `File is too large. The limit is ${limitBytes} bytes.`,
      param: 'file',
      code: 'file_too_large',
    }),

  noSuchFile,
  noFileInStore: (id: string, storeId: string) =>
    new AppError({
      status: 404,
      message: `No file found with id '${id}' in vector store '${storeId}'.`,
    }),
  badPurpose: (purpose: string, purposes: readonly string[]) =>
    new AppError({
      status: 400,
      message: `'${purpose}' is not one of ${pythonList(purposes)} - 'purpose'`,
      param: 'purpose',
      detail: true,
    }),
  downloadRefused: (purpose: string) =>
    new AppError({
      status: 400,
      message: `Not allowed to download files of purpose: ${purpose}`,
      detail: true,
    }),
  wrongMediaType: (sent: string, taken: string) =>
    new AppError({
      status: 415,
      message: `Unsupported content type: '${sent}'. This API method only accepts '${taken}' requests.`,
      code: 'unsupported_content_type',
    }),

  /** @param kind `file` (whose text is another), `assistant`, `thread`, `message`, `run`, `run step`, `plugin` */
  notFound: (kind: string, id: string) =>
    kind === 'file'
      ? noSuchFile(id)
      : new AppError({ status: 404, message: `No ${kind} found with id '${id}'.` }),
  /** One text for a link that is wrong, used, taken back or over, so that guessing tells nothing. */
  deadLink: () => new AppError({ status: 404, message: 'This link is wrong, used or over.' }),
  noSuchModel: (model: string) =>
    new AppError({
      status: 404,
      message: `The model '${model}' does not exist`,
      param: 'model',
      code: 'model_not_found',
    }),

  unsupported: (message: string, param: string) => invalid(message, param, 'unsupported_parameter'),

  messageOnLockedThread: (threadId: string, runId: string) =>
    invalid(`Can't add messages to ${threadId} while a run ${runId} is active.`),
  runOnLockedThread: (threadId: string, runId: string) =>
    invalid(`Thread ${threadId} already has an active run ${runId}.`),
  /** The SDKs come again by themselves. */
  lineIsFull: (threadId: string, longest: number) =>
    new AppError({
      status: 429,
      message: `Thread ${threadId} has a full line: at most ${longest} messages and runs can wait for their turn. Please retry after some have had it.`,
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: { 'retry-after': '5' },
    }),
  nothingToSay: () =>
    invalid(
      'Run creation requires a Thread with a user message or an assistant with instructions.',
      null,
      'invalid_thread',
    ),
  submitInWrongState: (status: string) =>
    invalid(`Runs in status "${status}" do not accept tool outputs.`),
  submitMismatch: (expected: readonly string[], got: readonly string[]) =>
    invalid(`Expected tool outputs for call_ids ${pythonList(expected)}, got ${pythonList(got)}`),
  cancelInWrongState: (status: string) => invalid(`Cannot cancel run with status '${status}'.`),

  /** Somebody who tries secrets. */
  tooManyAttempts: (retryAfterSeconds: number) =>
    new AppError({
      status: 429,
      message: `Too many attempts. Please try again in ${retryAfterSeconds} seconds.`,
      code: 'too_many_attempts',
      headers: { 'retry-after': String(retryAfterSeconds) },
    }),
  /** @param whose requests are limited, as the text names it */
  tooManyRequests: (whose: string, allowance: Allowance) => {
    const seconds = Math.max(1, Math.ceil(allowance.resetMs / 1000))
    return new AppError({
      status: 429,
      message: `Rate limit reached for requests of ${whose}: ${allowance.limit} per minute. Please try again in ${seconds}s.`,
      type: 'requests',
      code: 'rate_limit_exceeded',
      headers: { ...allowanceHeaders('requests', allowance), 'retry-after': String(seconds) },
    })
  },

  /** The server is stopping or over its limit; the SDKs retry a 503 by themselves. */
  unavailable: (message: string, retryAfterSeconds: number) =>
    new AppError({
      status: 503,
      message,
      type: 'server_error',
      headers: { 'retry-after': String(retryAfterSeconds) },
    }),
  internal: (requestId: string) =>
    new AppError({
      status: 500,
      message: `The server had an error processing your request. Sorry about that! Please retry, and tell the operator of this server if it happens again. (Please include the request ID ${requestId} in your message.)`,
      type: 'server_error',
    }),
} as const

/** First eight characters, asterisks, last four (behaviour.md 2); a key too short for that is all asterisks. */
export const maskKey = (key: string): string =>
  key.length < 16
    ? '*'.repeat(Math.min(key.length, 16))
    : `${key.slice(0, 8)}${'*'.repeat(16)}${key.slice(-4)}`
