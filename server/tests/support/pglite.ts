import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import type { StoreConfig } from '../../src/platform/store/open-store.ts'

const CONNECTIONS = 10

export interface PgliteServer extends AsyncDisposable {
  readonly url: string
  /** One connection: PGlite does one thing at a time. */
  readonly config: StoreConfig
  /** Runs statements beside all connections, which are one session: what one has prepared, the next finds. */
  exec(sql: string): Promise<void>
}

/**
 * A PostgreSQL 18 compiled to WebAssembly that has pgvector, on a free port of 127.0.0.1, in memory: no Debian package brings pgvector for
 * the PostgreSQL 15 that the other tests use. Takes seconds to start and some 500 MB.
 * @param extensions false leaves pgvector away
 */
export const startPglite = async (extensions = true): Promise<PgliteServer> => {
  const db = await PGlite.create(extensions ? { extensions: { vector } } : {})
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const server = new PGLiteSocketServer({
    db,
    host: '127.0.0.1',
    port,
    maxConnections: CONNECTIONS,
  })
  await server.start()
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres?sslmode=disable`
  return {
    url,
    config: { kind: 'postgres', url, poolSize: 1 },
    exec: async (sql) => void (await db.exec(sql)),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await db.close()
    },
  }
}
