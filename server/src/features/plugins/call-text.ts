import type { SandboxErrorKind, SandboxResult } from '../../plugins/python/sandbox-driver.ts'

/** Why a call failed. `arguments`: the model's arguments could not be read; `gone`: the plugin was deleted. */
export interface PluginCallError {
  kind: SandboxErrorKind | 'arguments' | 'gone'
  /** One sentence; for Python the exception's last line. */
  message: string
  /** The plugin's own frames, for `python`. */
  traceback: string | null
}

/** What the model and the client see of a result: the output or, for a failure, what went wrong, so that a model can react. */
export const textOf = (result: SandboxResult, limitBytes: number): string => {
  if (result.error !== null) return cutUtf8(textOfError(result.error), limitBytes)
  const text = storable(result.output)
  const cut = cutUtf8(text, limitBytes)
  const leftOut = result.picturesLeftOut ?? 0
  return [
    cut,
    ...(result.truncated || cut.length < text.length
      ? ['[The output was longer and has been cut here.]']
      : []),
    ...(leftOut > 0
      ? [`[The plugin showed more pictures than it may hand over; left out: ${leftOut}.]`]
      : []),
  ].join('\n')
}

export const textOfError = (error: PluginCallError): string => {
  const { message, traceback } = error
  return storable(
    traceback === null || message.includes(traceback) ? message : `${message}\n${traceback}`,
  )
}

/** Failures whose sentence tells of the servers behind a plugin. */
const TELLS_OF_SERVERS: ReadonlySet<PluginCallError['kind']> = new Set([
  'egress',
  'unavailable',
  'upstream',
])

/**
 * What those see of a call who may use its assistant and no more: the output, or a failure without the plugin's own lines and without the
 * servers behind it.
 */
export const outsideTextOf = ({
  text,
  error,
}: {
  text: string
  error: PluginCallError | null
}): string => {
  if (error === null) return text
  if (TELLS_OF_SERVERS.has(error.kind)) return 'The service behind this plugin failed.'
  return storable(error.message.trim().split('\n').at(-1) ?? '')
}

/** PostgreSQL's text holds no NUL, and UTF-8 no lone surrogates. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

/** The longest start of a text of at most `limit` UTF-8 bytes that splits no character. */
export const cutUtf8 = (text: string, limit: number): string => {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}
