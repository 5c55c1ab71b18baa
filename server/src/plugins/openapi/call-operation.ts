/** One call of an operation: arguments checked, request built and sent, the answer as text for a model. */
import { AppError } from '../../platform/errors.ts'
import type { SafeFetchPolicy, SafeRequest, SafeResponse } from '../../platform/safe-fetch.ts'
import type { PluginCredentials } from '../auth-headers.ts'
import { secretHider } from '../hide-secrets.ts'
import type { PluginApi } from '../manifest.ts'
import type { PluginJob } from '../plugin-kind.ts'
import { failedResult } from '../python/sandbox-result.ts'
import type { SandboxErrorKind, SandboxResult } from '../python/sandbox-driver.ts'
import { buildRequest } from './build-request.ts'
import { checkArguments } from './check-arguments.ts'
import {
  checkSecrets,
  MissingSecret,
  valuesOf,
  withCredentials,
  withHeader,
} from './credentials.ts'
import type { DocumentPlan, OperationPlan, RequestPlan } from './document-plan.ts'
import type { Reach } from './load-document.ts'
import { readAnswer } from './read-answer.ts'
import { sendRequest, type HttpUsage } from './send-request.ts'

type OpenApi = Extract<PluginApi, { kind: 'openapi' }>

/** Characters of an answer, and of a failure's, that a model is told. */
const LONGEST_ANSWER = 16_000
const LONGEST_FAILURE = 4_000

const KINDS: Readonly<Record<string, SandboxErrorKind>> = {
  address_refused: 'egress',
  fetch_timeout: 'timeout',
  body_too_large: 'output',
}

interface Outcome {
  ok: boolean
  output: string
  truncated: boolean
  error: SandboxResult['error']
}

/** Resolves for every outcome; rejects only when the signal aborts. */
export const callOperation = async (
  job: PluginJob,
  api: OpenApi,
  plan: DocumentPlan,
  deps: { reach: Reach; credentials: PluginCredentials },
  signal: AbortSignal,
): Promise<SandboxResult> => {
  const started = performance.now()
  const http: HttpUsage = []
  const deadline = AbortSignal.timeout(job.limits.wallMs)
  const either = AbortSignal.any([signal, deadline])
  const secrets = Object.values(job.secrets).map((value) => value.trim())
  let outcome: Outcome
  try {
    outcome = await attempt({ job, api, plan, ...deps, http, secrets, signal: either })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (deadline.aborted) {
      outcome = failed('timeout', `The API did not answer within ${job.limits.wallMs / 1000} s.`)
    } else if (error instanceof MissingSecret) outcome = failed('unavailable', error.message)
    else if (error instanceof AppError)
      outcome = failed(KINDS[error.code ?? ''] ?? 'upstream', error.message)
    else throw error
  }
  const ms = Math.round(performance.now() - started)
  const usage = { ms, cpuMs: 0, peakMiB: 0, http }
  // Whatever place of an answer the API says them back in: its reason, its type.
  const hide = secretHider({}, secrets)
  const { ok, output, truncated } = outcome
  const error = outcome.error && { ...outcome.error, message: hide(outcome.error.message) }
  return { ...failedResult('upstream', ''), ok, output: hide(output), truncated, error, usage }
}

interface Call {
  job: PluginJob
  api: OpenApi
  plan: DocumentPlan
  reach: Reach
  credentials: PluginCredentials
  http: HttpUsage
  /** Values that no text may hold. */
  secrets: string[]
  signal: AbortSignal
}

const attempt = async (call: Call): Promise<Outcome> => {
  const { job, api } = call
  const operation = findOperation(call)
  if (operation === null) {
    const name = job.operation ?? job.functionName
    return failed('unavailable', `The plugin has no operation '${name}' that is switched on.`)
  }
  const isOpen = operation.request.body?.isOpen === true
  const checked = checkArguments(operation.parameters, job.arguments, isOpen)
  if (checked.problems.length > 0) {
    const problems = checked.problems.join('; ')
    return failed('arguments', `The arguments do not fit, so the API was not called: ${problems}.`)
  }
  let request: SafeRequest
  try {
    request = buildRequest(operation, checked.arguments, job.files)
  } catch (error) {
    if (error instanceof AppError) return failed('arguments', error.message)
    throw error
  }
  if (api.userHeader !== null) call.secrets.push(job.userCookie)
  const named =
    api.userHeader === null ? request : withHeader(request, api.userHeader, job.userCookie)
  const response = await authorized(call, named)
  return outcomeOf(call, response)
}

/** Sends it with the credentials; once more with new ones, where those that were held have come to their end. */
const authorized = async (call: Call, request: SafeRequest): Promise<SafeResponse> => {
  const { job, api, http, credentials, signal } = call
  const policy = policyOf(call)
  const trimmed = Object.fromEntries(
    Object.entries(job.secrets).map(([name, value]) => [name, value.trim()]),
  )
  checkSecrets(api.auth, trimmed)
  const send = async () => {
    const parts = await credentials.partsOf(api.auth, trimmed, signal).catch((error: unknown) => {
      if (error instanceof AppError && api.auth.type === 'oauth2') {
        const host = new URL(api.auth.tokenUrl).hostname
        http.push({ host, status: null, refused: error.message })
      }
      throw error
    })
    call.secrets.push(...valuesOf(parts))
    return sendRequest(withCredentials(request, parts), policy, http, signal)
  }
  const response = await send()
  return response.status === 401 && credentials.forget(api.auth, trimmed) ? send() : response
}

const policyOf = (call: Call): SafeFetchPolicy => {
  const { job, reach } = call
  const { hosts } = job.manifest
  const servers = new Set(operationsOf(call).map(({ request }) => request.server))
  const own = [...servers].map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''))
  return {
    ...reach,
    // `public` gives no more here: every request goes to a server of the document.
    hosts: hosts === null || hosts === 'public' ? own : hosts,
    maxUpBytes: job.limits.http.upBytes,
    maxDownBytes: job.limits.http.downBytes,
    timeoutMs: job.limits.wallMs,
  }
}

const outcomeOf = async (call: Call, response: SafeResponse): Promise<Outcome> => {
  const { status } = response
  const isGood = status >= 200 && status < 300
  const { text, isCut, bytes } = await readAnswer(response, {
    limit: isGood ? LONGEST_ANSWER : LONGEST_FAILURE,
    bytes: call.job.limits.http.downBytes,
    secrets: call.secrets,
  })
  const line = `${status} ${reasonOf(response)}`.trim()
  if (isGood) {
    const output = text === '' ? `[The API answered ${line}, with nothing more.]` : text
    return { ok: true, output, truncated: isCut, error: null }
  }
  const wait = response.headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  const later = wait !== undefined && /^\d{1,6}$/.test(wait) ? ` Try again in ${wait} s.` : ''
  const cut = isCut ? `\n[This is the start of an answer of ${bytes} bytes.]` : ''
  return failed(
    'upstream',
    `The API answered ${line}.${later}${text === '' ? '' : `\n${text}${cut}`}`,
  )
}

const reasonOf = ({ reason }: SafeResponse) => reason.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 100)

const failed = (kind: SandboxErrorKind, message: string): Outcome => ({
  ok: false,
  output: '',
  truncated: false,
  error: { kind, message, traceback: null },
})

type Planned = OperationPlan & { request: RequestPlan }

/** Operations that are ticked. */
const operationsOf = ({ job, plan }: Call): Planned[] => {
  const { functions } = job.manifest
  return plan.operations.filter(
    (one): one is Planned =>
      one.request !== null && (functions === null || functions.includes(one.operation)),
  )
}

/** A plugin with one operation needs no name for it. */
const findOperation = (call: Call): Planned | null => {
  const operations = operationsOf(call)
  const name = call.job.operation
  if (name === null) return operations.length === 1 ? (operations[0] ?? null) : null
  return operations.find(({ operation }) => operation === name) ?? null
}
