import { connectSqlite } from './sqlite-connection.ts'
import type { MigrationTarget } from './migrator.ts'
import type { Row } from './store.ts'

/** Migrates a database file through a connection of its own. */
export const sqliteMigration = (file: string): MigrationTarget => ({
  engine: 'sqlite',
  async exclusively(work) {
    const db = connectSqlite(file)
    try {
      // A table can be rebuilt only with the keys unchecked; they are checked as a whole before the commit.
      db.exec('pragma foreign_keys = off; begin exclusive')
      const result = await work({
        script: async (sql) => db.exec(sql),
        all: async (sql, params = []) => db.prepare(sql).all(...params) as Row[],
      })
      const broken = db.prepare('pragma foreign_key_check').all()
      if (broken.length > 0)
        throw new Error(
          `${broken.length} rows point to rows that are not there: ${JSON.stringify(broken[0])}`,
        )
      db.exec('commit')
      return result
    } finally {
      // Closing rolls back what was not committed.
      db.close()
    }
  },
})
