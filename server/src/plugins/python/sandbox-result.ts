/** What all drivers make of a job and of the message of its end. */
import type { DoneMessage, JobMessage } from '@melzi/runner/protocol.ts'
import type { EgressBroker } from './egress-broker.ts'
import type { SandboxErrorKind, SandboxJob, SandboxResult } from './sandbox-driver.ts'

/** @param missing import names that are not there, with the sentence that says how to get them */
export const toJobMessage = (job: SandboxJob, missing: Record<string, string>): JobMessage => ({
  t: 'job',
  source: job.source,
  arguments: job.arguments,
  customizedParams: job.customizedParams,
  conversation: job.conversation,
  userCookie: job.userCookie,
  modelTokenLimit: job.modelTokenLimit,
  secrets: { ...job.secrets },
  files: job.files.map(({ title, type, data }) => ({
    title,
    type,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  })),
  stdoutBytes: job.limits.stdoutBytes,
  resultBytes: job.limits.resultBytes,
  pictures: job.limits.pictures,
  missing,
})

const PNG_START = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** What is no PNG on the face of it is no picture: people and later runs would be shown it. */
const isPicture = (bytes: Buffer) => bytes.subarray(0, PNG_START.length).equals(PNG_START)

/** The result of a call that came to its end, whose sizes are checked. */
export const toResult = (
  done: DoneMessage,
  broker: EgressBroker,
  usage: SandboxResult['usage'],
): SandboxResult => {
  const pictures = done.pictures.map((text) => Buffer.from(text, 'base64'))
  if (!pictures.every(isPicture)) {
    const message = 'The plugin handed over a picture that is no PNG file.'
    return { ...failedResult('output', message), usage }
  }
  const { ok, output, stdout, stderr, truncated, error } = done
  return {
    ok,
    output,
    stdout,
    stderr,
    truncated: truncated || done.picturesLeftOut > 0,
    error: error && { ...error, kind: blame(error, broker) },
    pictures,
    usage,
  }
}

/** An exception that carries the broker's refusal is the network policy's, not the plugin's. */
const blame = (
  error: { kind: 'python' | 'memory'; message: string },
  broker: EgressBroker,
): SandboxErrorKind =>
  broker.usage.some(({ refused }) => refused !== null && error.message.includes(refused))
    ? 'egress'
    : error.kind

/** A call that gave no result. */
export const failedResult = (kind: SandboxErrorKind, message: string): SandboxResult => ({
  ok: false,
  output: '',
  stdout: '',
  stderr: '',
  truncated: false,
  error: { kind, message, traceback: null },
  pictures: [],
  usage: { ms: 0, cpuMs: 0, peakMiB: 0, http: [] },
})
