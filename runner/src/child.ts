/**
 * What Deno runs beside untrusted code: boots Pyodide, puts up the walls, says `ready`, takes one job, prints one result, ends.
 * In mode `snapshot` it prints the memory snapshot of a booted interpreter instead.
 */
import type { ChildOptions } from './child-options.ts'
import { HttpBridge } from './http-bridge.ts'
import { lockDown } from './lock-down.ts'
import type { AnswerMessage, ChildMessage, HttpReplyMessage, JobMessage } from './protocol.ts'
import { QuestionBridge } from './question-bridge.ts'
import { withMemoryLimits } from './wasm-memory.ts'

interface PythonFunction {
  (...values: unknown[]): unknown
  callPromising(...values: unknown[]): Promise<unknown>
}
interface Pyodide {
  FS: { mkdirTree(path: string): void; writeFile(path: string, data: Uint8Array): void }
  globals: { get(name: string): PythonFunction }
  runPython(code: string): unknown
  pyimport(name: string): Record<string, PythonFunction>
  setStdout(options: { write(bytes: Uint8Array): number }): void
  setStderr(options: { write(bytes: Uint8Array): number }): void
  setStdin(options: { error: boolean }): void
  makeMemorySnapshot(): Uint8Array
}

const SITE = '/lib/melzi'
const PRELUDE = [
  'melzi_capture.py',
  'melzi_deno.py',
  'melzi_host.py',
  'melzi_http.py',
  'melzi_model.py',
  'melzi_packages.py',
  'melzi_params.py',
  'melzi_run.py',
  'pictures.py',
]
const RAW_CAPTURE_LIMIT = 65536
/** Takes the way of a call once before the first one does: WebAssembly compiles what it meets for the first time. */
const REHEARSAL: JobMessage = {
  t: 'job',
  source:
    'import sys\nprint(json.loads(json.dumps({"a": [1.5]})), ARGUMENTS)\nawait infer_params(parameters={})\nraise ValueError(1)',
  arguments: { rehearsal: 1 },
  customizedParams: { a: 'b' },
  conversation: [],
  userCookie: null,
  modelTokenLimit: 1000,
  secrets: {},
  files: [],
  stdoutBytes: 1024,
  resultBytes: 1024,
  pictures: { count: 1, totalBytes: 1024 },
  missing: {},
}
const encoder = new TextEncoder()

const writeAll = (bytes: Uint8Array): void => {
  for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent))
}
const send = (message: ChildMessage): void =>
  writeAll(encoder.encode(`${JSON.stringify(message)}\n`))

const limitMemory = (minimumBytes: number, maximumBytes: number): void => {
  const instantiate = WebAssembly.instantiate.bind(WebAssembly)
  const limited = (source: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports) => {
    const smaller = withMemoryLimits(source, minimumBytes, maximumBytes)
    // Pyodide first instantiates a helper without a memory of its own.
    if (smaller === null) return instantiate(source, imports)
    Object.assign(WebAssembly, { instantiate })
    return instantiate(smaller, imports)
  }
  Object.assign(WebAssembly, { instantiate: limited })
}

const fileName = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** The snapshot holds memory, not files: what is on `sys.path` is written again after every boot. */
const writeFiles = (python: Pyodide, options: ChildOptions): void => {
  python.FS.mkdirTree(SITE)
  for (const name of PRELUDE)
    python.FS.writeFile(`${SITE}/${name}`, Deno.readFileSync(options.preludeDir + name))
  for (const wheel of options.wheels)
    python.FS.writeFile(`${SITE}/${fileName(wheel)}`, Deno.readFileSync(wheel))
}

const boot = async (options: ChildOptions, snapshot: Uint8Array | null): Promise<Pyodide> => {
  limitMemory(snapshot?.length ?? 0, options.memoryMiB * 1024 * 1024)
  const module = (await import(`file://${options.pyodideDir}pyodide.mjs`)) as {
    loadPyodide(options: Record<string, unknown>): Promise<Pyodide>
  }
  const python = await module.loadPyodide({
    indexURL: options.pyodideDir,
    env: { HOME: '/home/pyodide' },
    ...(snapshot === null ? { _makeSnapshot: true } : { _loadSnapshot: snapshot }),
  })
  writeFiles(python, options)
  return python
}

const makeSnapshot = async (options: ChildOptions): Promise<void> => {
  const python = await boot(options, null)
  const paths = [SITE, ...options.wheels.map((wheel) => `${SITE}/${fileName(wheel)}`)]
  python.runPython(`import sys; sys.path[:0] = ${JSON.stringify(paths)}`)
  python.runPython('import melzi_deno, melzi_run; melzi_run.prepare()')
  writeAll(python.makeMemorySnapshot())
}

/** Keeps a little of what goes to file descriptors 1 and 2 past Python's own streams. */
class RawCapture {
  readonly #decoder = new TextDecoder()
  #text = ''
  write = (bytes: Uint8Array): number => {
    if (this.#text.length < RAW_CAPTURE_LIMIT)
      this.#text += this.#decoder.decode(bytes.slice(), { stream: true })
    return bytes.length
  }
  text(): string {
    return this.#text
  }
}

/** Lines of stdin, without a limit: the host writes them. */
async function* lines(): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of Deno.stdin.readable) {
    let text = decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield parts.join('') + text.slice(0, end)
      parts = []
      text = text.slice(end + 1)
    }
    if (text !== '') parts.push(text)
  }
}

const serve = async (options: ChildOptions): Promise<void> => {
  const bridge = new HttpBridge(send)
  // Before the boot: the snapshot's references to JavaScript globals are resolved there.
  globalThis.fetch = bridge.fetch
  const python = await boot(options, Deno.readFileSync(options.snapshotFile))
  const runner = python.pyimport('melzi_deno')
  python.setStdin({ error: true })
  const raw = { stdout: new RawCapture(), stderr: new RawCapture() }
  python.setStdout(raw.stdout)
  python.setStderr(raw.stderr)
  const run = runner['run']
  if (run === undefined) throw new Error('the prelude has no run')
  const request = bridge.request.bind(bridge)
  const questions = new QuestionBridge(send)
  await run.callPromising(JSON.stringify(REHEARSAL), request, questions.ask, raw)
  if (options.mode === 'warm') return
  const walls = lockDown(options.keepDenoPermissions)
  send({ t: 'ready', walls })
  const input = lines()
  const first = await input.next()
  if (first.done === true) return
  const answers = (async () => {
    for await (const line of input) {
      const message = JSON.parse(line) as HttpReplyMessage | AnswerMessage
      if (message.t === 'answer') questions.settle(message)
      else bridge.settle(message)
    }
  })()
  answers.catch(() => Deno.exit(1))
  const result = await run.callPromising(first.value, request, questions.ask, raw)
  writeAll(encoder.encode(`${String(result)}\n`))
}

const options = JSON.parse(Deno.args[0] ?? '{}') as ChildOptions
try {
  await (options.mode === 'snapshot' ? makeSnapshot(options) : serve(options))
} catch (error) {
  send({ t: 'fail', message: error instanceof Error ? error.message : String(error) })
  Deno.exit(1)
}
// In `warm` the process must end by itself: Deno writes its code cache then.
if (options.mode !== 'warm') Deno.exit(0)
