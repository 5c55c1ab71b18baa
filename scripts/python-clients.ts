import { spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/**
 * The virtual environments in which the guide's Python programs run, one for each client generation, and the S3 server of the tests. They are made once, outside the
 * checkout (`npm ci` empties node_modules), and found again by their requirements and the Python they were made with.
 */
const REQUIREMENTS = path.join(import.meta.dirname, '../server/tests/support/python')

/** Each is a file of pinned requirements. The last three are no clients but servers to test against, of S3, of MCP and with OpenAPI documents. */
export const PYTHON_CLIENTS = [
  'openai-1.39',
  'openai-1',
  'openai-2',
  'openai-3',
  'gradio-4.44',
  'moto-5',
  'mcp-2',
  'openapi-servers',
] as const
/** An embedding model to judge search with: 100 MB to fetch, and only the bench asks for it. */
type OnDemand = 'minilm-numpy'
export type PythonClient = (typeof PYTHON_CLIENTS)[number] | OnDemand

const python = (...args: string[]): string => run('python3', args)

const run = (program: string, args: string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`)
  return stdout
}

const cacheFolder = (): string =>
  path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'melzi-tests')

const folderOf = (name: PythonClient): string => {
  const key = createHash('sha256')
    .update(readFileSync(requirementsOf(name)))
    .update(python('-c', 'import sys; print(sys.version, sys.base_prefix)'))
    .digest('hex')
    .slice(0, 12)
  return path.join(cacheFolder(), `${name}-${key}`)
}

const requirementsOf = (name: PythonClient): string => path.join(REQUIREMENTS, `${name}.txt`)

const isComplete = (folder: string): boolean => existsSync(path.join(folder, 'complete'))

/** Whether an environment has been made. */
export const hasPythonClient = (name: PythonClient): boolean => isComplete(folderOf(name))

/**
 * The Python interpreter of a client's environment, which is made first where it is missing (10 to 40 s, from the configured package
 * index). Several processes may ask at once.
 * @throws Error with pip's own words when it cannot be made
 */
export const pythonClient = (name: PythonClient): string => {
  const folder = folderOf(name)
  const interpreter = path.join(folder, 'bin/python')
  if (isComplete(folder)) return interpreter
  const made = `${folder}.${randomUUID()}`
  mkdirSync(cacheFolder(), { recursive: true })
  try {
    python('-m', 'venv', made)
    run(path.join(made, 'bin/python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '-r',
      requirementsOf(name),
    ])
    writeFileSync(path.join(made, 'complete'), '')
    if (!isComplete(folder)) {
      rmSync(folder, { recursive: true, force: true })
      renameSync(made, folder)
    }
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  return interpreter
}

if (import.meta.main)
  for (const name of PYTHON_CLIENTS) console.log(`${name}: ${pythonClient(name)}`)
