import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pythonClient, type PythonClient } from '../../../scripts/python-clients.ts'
import type { Quickstart } from './boot.ts'
import { skipUnless } from './components.ts'

/** The guide's client programs, run unchanged as their reader would. */

const FOLDER =
  process.env['MELZI_TEST_GUIDE_CLIENTS'] ??
  path.join(import.meta.dirname, '../../../../shared/guide/clients')
const PROGRAM_TIMEOUT_MS = 60_000
const GRADIO_START_MS = 60_000

/** Skips a suite where the programs or what they need are missing. @throws Error instead when CI=true */
export const skipUnlessGuide = (): { skip?: string } => {
  if (existsSync(FOLDER)) return skipUnless('curl', 'jq', 'python3', 'python3-venv')
  const reason = `the guide's clients are missing; name their folder in MELZI_TEST_GUIDE_CLIENTS`
  if (process.env['CI'] === 'true') throw new Error(reason)
  return { skip: reason }
}

export interface Settings {
  INPUT_MSG?: string
  IMAGE_URL?: string
  CUSTOMIZED_PARAMS?: string
}

const environment = (server: Quickstart, settings: Settings): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  LANG: 'C.UTF-8',
  MELZI_TEST_RUN: process.env['MELZI_TEST_RUN'] ?? '',
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONUNBUFFERED: '1',
  ...settings,
  // What `. quickstart.env` gives.
  BASE_URL: server.baseUrl,
  ASSISTANT_API: server.baseUrl,
  API_KEY: server.apiKey,
  ASSISTANT_ID: server.assistantId,
})

const output = async (
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<string> => {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const late = setTimeout(() => child.kill('SIGKILL'), PROGRAM_TIMEOUT_MS)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(late)
  if (code !== 0) throw new Error(`${args[0]} ended with ${code ?? signal}:\n${stdout}\n${stderr}`)
  return stdout
}

/** What a shell program of the guide prints. */
export const runShell = (
  program: 'chat.sh' | 'chat_image.sh' | 'curl_examples.sh',
  server: Quickstart,
  settings: Settings,
): Promise<string> => output('bash', [path.join(FOLDER, program)], environment(server, settings))

/** What a Python program of the guide prints with one generation of the openai package. */
export const runPython = (
  program: 'chat.py' | 'chat_stream.py',
  client: PythonClient,
  server: Quickstart,
  settings: Settings,
): Promise<string> =>
  output(pythonClient(client), [path.join(FOLDER, program)], environment(server, settings))

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

/** Starts the guide's Gradio program, asks it turn by turn through its web API, and gives its answers. */
export const gradioAnswers = (
  server: Quickstart,
  settings: Settings,
  turns: readonly string[],
): Promise<string[]> =>
  runGradio(path.join(FOLDER, 'gradio_chat.py'), environment(server, settings), turns)

/** The same for any Gradio program that chats. @param settings of its environment */
export const runGradio = async (
  program: string,
  settings: Record<string, string>,
  turns: readonly string[],
): Promise<string[]> => {
  const python = pythonClient('gradio-4.44')
  const port = await freePort()
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    PYTHONUNBUFFERED: '1',
    ...settings,
    GRADIO_SERVER_PORT: String(port),
    GRADIO_ANALYTICS_ENABLED: 'False',
    HF_HUB_OFFLINE: '1',
    NO_PROXY: '127.0.0.1,localhost',
  }
  const child = spawn(python, [program], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const exited = once(child, 'exit')
  try {
    const until = Date.now() + GRADIO_START_MS
    while (!log.includes('Running on local URL')) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`Gradio: ${log}`)
      await sleep(100)
    }
    const ask = path.join(import.meta.dirname, 'python/gradio_turns.py')
    const answers = await output(python, [ask, `http://127.0.0.1:${port}`, ...turns], env)
    return JSON.parse(answers) as string[]
  } catch (error) {
    throw new Error(`Gradio wrote:\n${log}`, { cause: error })
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}
