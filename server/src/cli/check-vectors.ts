import type { Config } from '../config/config.ts'
import { findExtension } from '../features/vector-stores/pgvector-store.ts'
import { createLog } from '../platform/log.ts'
import { openStore } from '../platform/store/open-store.ts'
import { note, ok, type Check } from './check.ts'

const NAME = 'Search of vectors'

/** Says by what vectors are searched: pgvector, or a worker thread of the server. Asked only of a store that is in order. */
export const checkVectors = async (config: Config): Promise<Check> => {
  const log = createLog('silent')
  await using store = await openStore(config.store, { migrate: false, exclusive: false, log })
  const found = await findExtension(store)
  switch (found.state) {
    case 'ready':
      return ok(NAME, `by pgvector ${found.version}`)
    case 'creatable':
      return note(
        NAME,
        `by a worker thread until pgvector ${found.version} is created, which the server tries at its start`,
        'if the log of the server says that it may not, run `create extension vector` in its database as an administrator, and start it again',
      )
    case 'unusable':
      return ok(NAME, `by a worker thread, each one looked at; no pgvector: ${found.why}`)
  }
}
