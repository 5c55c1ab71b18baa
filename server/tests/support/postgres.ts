import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { postgresBinaries, systemUser } from './components.ts'

const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 10_000
/** Tells a test file of the server that scripts/test.ts started for the whole run. */
const SHARED = 'MELZI_TEST_POSTGRES_URL'

const run = promisify(execFile)

export interface PostgresServer extends AsyncDisposable {
  /** Superuser's address of the database `postgres`. */
  readonly url: string
  /** A fresh, empty database; disposing of it drops it with whatever is still connected. */
  createDatabase(): Promise<TestDatabase>
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/** The server of this test run where scripts/test.ts gave one, else one of this file's own. */
export const usePostgres = async (): Promise<PostgresServer> => {
  const url = process.env[SHARED]
  if (url === undefined) return startPostgres()
  return {
    url,
    createDatabase: () => createDatabase(url),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/**
 * Starts a throw-away server from the system's programs, with fsync on, on a free port of 127.0.0.1 and a socket in its own temp
 * folder. Its default collation is not bytewise, so that tests see what a usual installation does. As root it runs as `postgres` or
 * `nobody`, since PostgreSQL refuses root.
 * @throws Error when PostgreSQL is not installed or does not start; its log is in the message
 */
export const startPostgres = async (): Promise<PostgresServer> => {
  const bin = postgresBinaries()
  if (bin === null)
    throw new Error('PostgreSQL is not installed; install it with: apt-get install postgresql')
  const user = process.getuid?.() === 0 ? (systemUser('postgres') ?? systemUser('nobody')) : null
  const folder = await mkdtemp(join(tmpdir(), 'melzi-postgres-'))
  try {
    if (user !== null) await chown(folder, user.uid, user.gid)
    const data = join(folder, 'data')
    const as = { ...user, cwd: folder }
    await run(
      join(bin, 'initdb'),
      [
        '-D',
        data,
        '-U',
        'melzi',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C',
        '--locale-provider=icu',
        '--icu-locale=und',
        '--no-sync',
      ],
      as,
    )
    const port = await freePort()
    // The shell waits for its input to end, which it also does when this process is killed, and then stops the server
    // and clears the folder away.
    const server = spawn(
      'sh',
      [
        '-c',
        '"$@" </dev/null & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid; rm -rf -- "$0"',
        folder,
      ]
        .concat(join(bin, 'postgres'), '-D', data, '-p', String(port), '-k', folder)
        .concat('-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=on', '-c', 'max_connections=200'),
      { ...as, stdio: ['pipe', 'ignore', 'pipe'] },
    )
    let log = ''
    server.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000)))
    const stop = async () => {
      const exited = server.exitCode === null ? once(server, 'exit') : null
      server.stdin.end()
      const late = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await exited
      clearTimeout(late)
      await rm(folder, { recursive: true, force: true })
    }
    const url = `postgres://melzi@127.0.0.1:${port}/postgres`
    try {
      await answers(url)
    } catch (cause) {
      await stop()
      throw new Error(`PostgreSQL did not start:\n${log}`, { cause })
    }
    return { url, createDatabase: () => createDatabase(url), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

const createDatabase = async (server: string): Promise<TestDatabase> => {
  const name = `melzi_${randomBytes(8).toString('hex')}`
  await execute(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => execute(server, `drop database if exists ${name} with (force)`),
  }
}

const execute = async (url: string, sql: string): Promise<void> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** @throws the last refusal after START_TIMEOUT_MS */
const answers = async (url: string): Promise<void> => {
  const until = Date.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      return await execute(url, 'select 1')
    } catch (error) {
      if (Date.now() > until) throw error
      await sleep(50)
    }
  }
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
