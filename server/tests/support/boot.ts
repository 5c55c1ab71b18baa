import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { usePostgres } from './postgres.ts'

/** The real program, started as an operator starts it: what black-box suites talk to. */

const PROGRAM = path.join(import.meta.dirname, '../../bin/melzi.ts')
/** What sandboxes build and fetch, kept from boot to boot. */
export const SANDBOX_CACHE = path.join(
  import.meta.dirname,
  '../../../node_modules/.cache/melzi-sandbox',
)
/** As `npm start` and the program's first line have them. */
const NODE_OPTIONS = ['--max-semi-space-size=24', '--heap-growing-percent=70']
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 20_000
const BASE_PATH = '/api/assts/v1'
/** What a booted server may see of the test's environment: nothing that could configure it by accident. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_CACHE_HOME', 'MELZI_TEST_RUN', 'CI']

export interface BootOptions {
  /** Settings beside those that follow from the other options. */
  env?: Record<string, string>
  engine?: 'sqlite' | 'postgres'
  /** The built-in demo model (default), or the base URL of an OpenAI-compatible server. */
  model?: 'demo' | { url: string }
  /** Whether an empty data folder gets its sample assistant and key; default true. */
  quickstart?: boolean
  /** Whether plugins may run; default false, since warming the sandbox takes seconds of CPU. */
  sandbox?: boolean
  /** Whether code_interpreter may run; default false. Its data packages are kept from boot to boot. */
  interpreter?: boolean
}

export interface Key {
  baseUrl: string
  apiKey: string
}

export interface BootedServer extends Key, AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly origin: string
  /** `…/api/assts/v1` */
  readonly baseUrl: string
  /** Of the quickstart's owner; '' without a quickstart. */
  readonly apiKey: string
  /** The quickstart's sample assistant; '' without a quickstart. */
  readonly assistantId: string
  readonly dataDir: string
  /** Of the present process. */
  readonly pid: number
  /** Everything the program wrote so far, restarts included. */
  readonly logs: string
  /** Sends a signal and waits for the end; gives the exit code, null after a signal ended it. */
  kill(signal?: NodeJS.Signals): Promise<number | null>
  /** Starts the program again on the same data and the same port. */
  restart(): Promise<void>
  /** Runs a command of the CLI against the same store; gives its standard output. */
  cli(...args: string[]): Promise<string>
  /** A key of another person of the same workspace, made by the CLI. */
  keyOf(person: string): Promise<Key>
}

const run = promisify(execFile)

const settings = (options: BootOptions, dataDir: string, databaseUrl: string | null) => {
  const env: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return {
    ...env,
    MELZI_DATA: dataDir,
    HOST: '127.0.0.1',
    MELZI_QUICKSTART: options.quickstart === false ? 'off' : 'on',
    MELZI_SANDBOX: options.sandbox === true ? 'on' : 'off',
    ...(options.interpreter === true
      ? { MELZI_INTERPRETER: 'on', MELZI_SANDBOX_CACHE: SANDBOX_CACHE }
      : { MELZI_INTERPRETER: 'off' }),
    ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
    ...(typeof options.model === 'object'
      ? {
          MELZI_MODEL_BASE_URL: options.model.url,
          MELZI_MODEL_API_KEY: 'sk-scripted-model',
          MELZI_MODEL: 'scripted',
        }
      : {}),
    ...options.env,
  }
}

/** `NAME=value` lines as a shell reads them, single-quoted or bare. */
const readShellFile = async (file: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await readFile(file, 'utf8'))
      .split('\n')
      .map((line) => /^(?:export\s+)?(\w+)=(?:'([^']*)'|"([^"]*)"|(.*))$/.exec(line.trim()))
      .filter((match) => match !== null)
      .map(([, name, single, double, bare]) => [name, single ?? double ?? bare ?? '']),
  )

const get = async (url: string): Promise<number | null> => {
  try {
    return (await fetch(url)).status
  } catch {
    return null // nobody listens yet
  }
}

/** Where the program says that it listens. */
const listeningOrigin = (output: string): string | undefined => {
  for (const line of output.split('\n')) {
    if (!line.startsWith('{') || !line.includes('"msg":"listening"')) continue
    const { url } = JSON.parse(line) as { url?: string }
    if (url !== undefined) return new URL(url).origin
  }
  return undefined
}

/**
 * Boots the program on a fresh data folder and a free port and waits until it is ready.
 * @throws Error with everything it wrote when it is not ready in 30 s
 */
export const bootServer = async (options: BootOptions = {}): Promise<BootedServer> => {
  await using resources = new AsyncDisposableStack()
  const dataDir = await mkdtemp(path.join(tmpdir(), 'melzi-data-'))
  resources.defer(() => rm(dataDir, { recursive: true, force: true }))
  let databaseUrl: string | null = null
  if (options.engine === 'postgres') {
    const postgres = resources.use(await usePostgres())
    databaseUrl = resources.use(await postgres.createDatabase()).url
  }
  const env = settings(options, dataDir, databaseUrl)

  let child: ChildProcess | null = null
  let logs = ''
  let port = '0'
  const kill = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    const running = child
    if (running === null || running.exitCode !== null || running.signalCode !== null)
      return running?.exitCode ?? null
    const exited = once(running, 'exit')
    running.kill(signal)
    const late = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS)
    const [code] = (await exited) as [number | null]
    clearTimeout(late)
    return code
  }
  resources.defer(async () => {
    await kill()
  })

  const start = async (): Promise<string> => {
    const from = logs.length
    const process_ = spawn(process.execPath, [...NODE_OPTIONS, PROGRAM, 'serve'], {
      env: { ...env, PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = process_
    process_.stdout.on('data', (chunk: Buffer) => (logs += chunk.toString()))
    process_.stderr.on('data', (chunk: Buffer) => (logs += chunk.toString()))
    const until = Date.now() + START_TIMEOUT_MS
    for (;;) {
      const url = listeningOrigin(logs.slice(from))
      if (url !== undefined && (await get(`${url}/readyz`)) === 200) return url
      if (process_.exitCode !== null || process_.signalCode !== null || Date.now() > until)
        throw new Error(`the server did not become ready:\n${logs.slice(from)}`)
      await sleep(25)
    }
  }

  const cli = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [PROGRAM, ...args], { env })).stdout

  const origin = await start()
  port = new URL(origin).port
  const baseUrl = origin + BASE_PATH
  const quickstart =
    options.quickstart === false ? {} : await readShellFile(path.join(dataDir, 'quickstart.env'))
  const owned = resources.move()
  return {
    origin,
    baseUrl,
    apiKey: quickstart['API_KEY'] ?? '',
    assistantId: quickstart['ASSISTANT_ID'] ?? '',
    dataDir,
    get pid() {
      return child?.pid ?? 0
    },
    get logs() {
      return logs
    },
    kill,
    restart: async () => {
      await kill('SIGKILL')
      await start()
    },
    cli,
    keyOf: async (person) => {
      const made = JSON.parse(await cli('key', 'create', '--person', person, '--json')) as {
        key: string
      }
      return { baseUrl, apiKey: made.key }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A server with its sample assistant, as a reader of the guide has it. */
export interface Quickstart extends Key, AsyncDisposable {
  assistantId: string
}

/** The server MELZI_TEST_BASE_URL names (with MELZI_TEST_API_KEY, MELZI_TEST_ASSISTANT_ID), or one booted with the demo model and plugins. */
export const bootOrUseServer = async (): Promise<Quickstart> => {
  const external = process.env['MELZI_TEST_BASE_URL']
  if (external === undefined) return bootServer({ sandbox: true })
  return {
    baseUrl: external.replace(/\/+$/, ''),
    apiKey: process.env['MELZI_TEST_API_KEY'] ?? '',
    assistantId: process.env['MELZI_TEST_ASSISTANT_ID'] ?? '',
    [Symbol.asyncDispose]: async () => undefined,
  }
}
