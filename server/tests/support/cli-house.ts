import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { runCli } from '../../src/cli/run-cli.ts'

/** The command line in this process, on a data folder of its own that is gone afterwards. */
export const openCliHouse = async (env: Record<string, string> = {}) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-cli-'))
  const dataDir = path.join(dir, 'data')
  /** With what stands in standard input, and what interrupts it. */
  const cliWith = async (
    given: { input?: string; interrupted?: AbortSignal; said?: (out: string) => void },
    ...argv: string[]
  ) => {
    const said = { out: '', err: '' }
    const code = await runCli(argv, {
      env: { MELZI_DATA: dataDir, MELZI_SANDBOX: 'off', MELZI_MODEL: 'demo', ...env },
      out: (text) => {
        said.out += text
        given.said?.(said.out)
      },
      err: (text) => void (said.err += text),
      serve: () => Promise.reject(new Error('served')),
      input: () => Promise.resolve(given.input ?? ''),
      interrupted: () => Promise.resolve(given.interrupted ?? new AbortController().signal),
    })
    return { code, ...said }
  }
  const cli = (...argv: string[]) => cliWith({}, ...argv)
  const json = async <T = Record<string, unknown>>(...argv: string[]): Promise<T> => {
    const { code, out, err } = await cli(...argv, '--json')
    assert.equal(code, 0, err)
    return JSON.parse(out) as T
  }
  return {
    dir,
    dataDir,
    file: (name: string) => path.join(dir, name),
    cli,
    cliWith,
    json,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}
