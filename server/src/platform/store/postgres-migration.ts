import { connectPostgres } from './postgres-connection.ts'
import type { MigrationTarget } from './migrator.ts'
import { readPortableSql } from './portable-sql.ts'

/** Any number, the same in every Melzi: what nodes that start at once wait on. */
const LOCK = 7_763_528_913
const OLDEST_SERVER = 150_000
/**
 * What `id_text` in a migration stands for. Ids compare bytewise whatever the database's collation is, so that their order is the order
 * of creation. No domain of that name: a parameter that is inserted into a column of a domain and compared with one in the same
 * statement is refused ("inconsistent types deduced"), and the portable statements do that with workspace_id all the time.
 */
const ID_TEXT = 'text collate "C"'

/** Migrates a PostgreSQL database through a connection of its own, which has no statement timeout. */
export const postgresMigration = (url: string): MigrationTarget => ({
  engine: 'postgres',
  async exclusively(work) {
    const client = await connectPostgres(url, { statement_timeout: 0 })
    let failure: Error | undefined
    client.on('error', (error) => (failure = error))
    try {
      const { rows } = await client.query<{ version: string; encoding: string }>(
        "select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding",
      )
      const server = rows[0]
      if (server === undefined || Number(server.version) < OLDEST_SERVER)
        throw new Error('Melzi needs PostgreSQL 15 or newer.')
      if (server.encoding !== 'UTF8')
        throw new Error(
          `Melzi needs a database with encoding UTF8; this one has ${server.encoding}.`,
        )

      await client.query('begin')
      await client.query('select pg_advisory_xact_lock($1)', [LOCK])
      const result = await work({
        script: async (sql) => void (await client.query(sql.replaceAll(/\bid_text\b/g, ID_TEXT))),
        all: async (sql, params = []) =>
          (await client.query(readPortableSql(sql).dollar, [...params])).rows,
      })
      await client.query('commit')
      return result
    } catch (error) {
      throw failure ?? error
    } finally {
      // Ending the connection rolls back what was not committed.
      await client.end()
    }
  },
})
