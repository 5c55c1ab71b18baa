import type { Clock } from '../../platform/clock.ts'
import { LeaseHolder } from '../../platform/lease-holder.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store } from '../../platform/store/store.ts'
import type { EntryRecord } from './entry-store.ts'
import { claimEntry, hasDueEntry, letEntryGo, releaseEntries, renewEntries } from './job-store.ts'

export interface IndexerOptions {
  store: Store
  clock: Clock
  log: Logger
  /** Indexes a claimed entry; never rejects. */
  work: (entry: EntryRecord, signal: AbortSignal) => Promise<void>
  leaseMs: number
  pollMs: number
  /** Files this node works on at a time. */
  concurrency: number
}

/** Gives this node its files to index. */
export class Indexer extends LeaseHolder<EntryRecord> {
  constructor({ work, ...options }: IndexerOptions) {
    super({
      ...options,
      name: 'indexing',
      statements: {
        isDue: async (db, nowMs, room) => room && (await hasDueEntry(db, nowMs)),
        claim: claimEntry,
        renew: renewEntries,
        letGo: letEntryGo,
        release: releaseEntries,
        rowOf: ({ workspaceId, entryId, attempt }) => ({ workspaceId, id: entryId, attempt }),
      },
      work: (entry, hold) => work(entry, hold.signal),
    })
  }
}
