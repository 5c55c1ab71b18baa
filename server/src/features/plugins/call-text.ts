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

/** Failures in words of this server's; what is missing here may tell of the servers behind a plugin, or of its text. */
const PLAIN: Readonly<Record<Exclude<PluginCallError['kind'], 'python' | 'arguments'>, string>> = {
  timeout: 'The plugin took too long.',
  memory: 'The plugin used more memory than it may.',
  output: 'The plugin gave more than it may, or what cannot be shown.',
  crash: 'The plugin broke off.',
  egress: 'The service behind this plugin failed.',
  unavailable: 'The service behind this plugin failed.',
  upstream: 'The service behind this plugin failed.',
  busy: 'Too many calls of this plugin are running; try again in a moment.',
  gone: 'The plugin has been deleted.',
}

/** `NameError: name 'x' is not defined`, `json.decoder.JSONDecodeError: ...`, `OrderError`. */
const EXCEPTION = /^([A-Za-z_][\w.]*)(?::|$)/

/** Exceptions that Python raises by itself and whose text quotes the program: its names, its lines, its files and addresses. */
const QUOTES_PROGRAM =
  /^(?:Name|UnboundLocal|Attribute|Type|Key|Syntax|Indentation|Tab|Import|ModuleNotFound|OS|FileNotFound|FileExists|Permission|IsADirectory|NotADirectory|Connection|ConnectionRefused|ConnectionReset|ConnectionAborted|BrokenPipe|Timeout|BlockingIO)Error$|ExceptionGroup$/

/**
 * Of an exception that nobody caught: the text, where the plugin raised it to say something (plugins.md 1); only the class where Python or a
 * library did, whose classes are named with their module.
 */
const outsideException = (message: string): string => {
  const text = parted(message).rest
  const name = EXCEPTION.exec(text)?.[1]
  if (name === undefined) return 'The plugin failed.'
  const isOfPlugin = !name.includes('.') && !QUOTES_PROGRAM.test(name)
  return isOfPlugin ? text : `The plugin failed: ${name}.`
}

const outsideError = ({ kind, message }: PluginCallError): string => {
  if (kind === 'python') return outsideException(message)
  // What is wrong with the arguments is for whoever wrote them.
  return kind === 'arguments' ? message : PLAIN[kind]
}

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
}): string => (error === null ? text : storable(outsideError(error)))

/**
 * Why somebody else's call failed, as the plugin's owner sees it: of an exception its class and the lines that led there, not its text, which may
 * quote what was said.
 */
export const ownersError = ({ kind, message, traceback }: PluginCallError): PluginCallError => {
  if (kind !== 'python') {
    return {
      kind,
      message: kind === 'arguments' ? 'The arguments do not fit.' : PLAIN[kind],
      traceback: null,
    }
  }
  const name = EXCEPTION.exec(parted(message).rest)?.[1] ?? 'Exception'
  const frames = traceback === null ? null : `${parted(traceback).frames}\n${name}`.trimStart()
  return { kind, message: name, traceback: frames }
}

const TRACEBACK = 'Traceback (most recent call last):'

/** What Python says of an exception: the lines that led there, which a syntax error has too, and what comes after them. */
const parted = (text: string): { frames: string; rest: string } => {
  const lines = text.trimEnd().split('\n')
  const end = lines.findIndex((line) => line !== TRACEBACK && !line.startsWith(' '))
  const at = end === -1 ? lines.length : end
  return { frames: lines.slice(0, at).join('\n'), rest: lines.slice(at).join('\n').trim() }
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
