import type { Readable } from 'node:stream'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { requireAdmin, requireFull, type Principal } from '../../platform/principal.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { Members } from '../people/service.ts'
import {
  deleteKeys,
  deleteSome,
  emptyCalls,
  finishErasure,
  forgetName,
  insertErasure,
  isMemberSomewhere,
  openErasures,
  OWNED_TABLES,
  type Erasure,
  type OwnedTable,
} from './erase-store.ts'
import { personArchive, type ArchiveDeps } from './person-archive.ts'
import {
  deleteOldThreads,
  emptyOldCalls,
  findRetention,
  retainingWorkspaces,
  updateRetention,
  type Retention,
} from './retention-store.ts'

export type { Retention } from './retention-store.ts'

/** Rows that go in one unit: other writers wait no longer than for these. */
const BATCH = 100
const DAY_SECONDS = 86_400
/** Erasures that a sweep goes on with. */
const OPEN_AT_ONCE = 20

export interface DataRightsDeps extends ArchiveDeps {
  store: Store
  clock: Clock
  audit: AuditLog
  members: Pick<Members, 'checkGoing' | 'giveAway' | 'deleteMembership' | 'get'>
  /** Takes away what a person signs in with, inside the unit. */
  forgetAccount: (tx: Tx, personId: string) => Promise<void>
}

export type DataRights = ReturnType<typeof createDataRights>

/** How much of each kind went. */
export type Erased = Record<OwnedTable | 'keys', number>

/** What the law of many places gives people: to have all that is theirs, to be forgotten, and not to be kept for longer than was said. */
export const createDataRights = (deps: DataRightsDeps) => {
  const { store, clock, audit, members } = deps
  const now = () => seconds(clock.now())

  /** Repeats a unit until it finds nothing more. */
  const inBatches = async (name: string, unit: (tx: Tx) => Promise<number>): Promise<number> => {
    let total = 0
    for (;;) {
      const done = await store.write(name, unit)
      total += done
      if (done < BATCH) return total
    }
  }

  /** Goes on with an erasure until nothing is left. It can be broken off anywhere and begun again. */
  const finish = async (who: Pick<Erasure, 'workspaceId' | 'personId'>) => {
    const erased = {} as Record<OwnedTable, number>
    for (const table of OWNED_TABLES) {
      erased[table] = await inBatches(`erase.${table}`, (tx) => deleteSome(tx, table, who, BATCH))
    }
    await inBatches('erase.calls', (tx) => emptyCalls(tx, who, BATCH))
    await store.write('erase.finish', async (tx) => {
      if (!(await isMemberSomewhere(tx, who.personId))) {
        await deps.forgetAccount(tx, who.personId)
        await forgetName(tx, who.personId)
      }
      await finishErasure(tx, who, now())
    })
    return erased
  }

  return {
    /**
     * Everything a person has in the workspace, as a zip. For the person, and for owners of the workspace, who answer such requests; the audit
     * log says so.
     * @throws AppError 403, 404
     */
    async export(principal: Principal, personId: string): Promise<Readable> {
      if (principal.scope !== null) requireFull(principal)
      if (personId !== principal.personId) {
        if (principal.role !== 'owner') requireAdmin(principal)
        await members.get(principal, personId)
        if (principal.role !== 'owner') {
          throw errors.forbidden(
            'Only the person and owners of the workspace are allowed to do this.',
          )
        }
      }
      await store.write('person.export', (tx) =>
        audit.note(tx, principal, { action: 'person.export', kind: 'person', id: personId }),
      )
      return personArchive(deps, principal.workspaceId, personId)
    },

    /**
     * Takes a person out of the workspace with all it has, for good. Keys and membership are gone in the first unit, so that nothing new comes;
     * the rest follows in small units, and is gone on with by the next sweep when this server dies.
     * @param request.assistantsTo who gets its assistants; null: they are deleted
     * @throws AppError 400 without the id again, and for the only owner; 403, 404
     */
    async erase(
      principal: Principal,
      personId: string,
      request: { confirm: string; assistantsTo: string | null },
    ): Promise<Erased> {
      if (request.confirm !== personId) {
        throw errors.invalid(
          "Nothing brings back what is erased. Repeat the person's id in 'confirm'.",
          'confirm',
          'invalid_value',
        )
      }
      const who = { workspaceId: principal.workspaceId, personId }
      const keys = await store.write('person.erase', async (tx) => {
        await members.checkGoing(tx, principal, personId)
        const { assistantsTo } = request
        if (assistantsTo !== null) await members.giveAway(tx, principal, personId, assistantsTo)
        const ended = await deleteKeys(tx, who)
        await members.deleteMembership(tx, who.workspaceId, personId)
        await insertErasure(tx, { ...who, requestedBy: principal.personId, createdAt: now() })
        const details = { assistants_to: assistantsTo }
        const deed = { action: 'person.erase', kind: 'person', id: personId, details }
        await audit.note(tx, principal, deed)
        return ended
      })
      return { ...(await finish(who)), keys }
    },

    /** @throws AppError 403 unless an admin asks */
    async retention(principal: Principal): Promise<Retention> {
      requireAdmin(principal)
      return findRetention(store, principal.workspaceId)
    },

    /** Changes what is named. @throws AppError 403 unless an admin asks */
    async setRetention(principal: Principal, change: Partial<Retention>): Promise<Retention> {
      requireAdmin(principal)
      const { workspaceId } = principal
      return store.write('retention.update', async (tx) => {
        const retention = { ...(await findRetention(tx, workspaceId)), ...change }
        await updateRetention(tx, workspaceId, retention)
        const details = { ...change }
        const deed = { action: 'retention.update', kind: 'workspace', id: workspaceId, details }
        await audit.note(tx, principal, deed)
        return retention
      })
    },

    /** Goes on with what was begun, and lets go of what is older than its workspace keeps. To be called now and then. */
    async sweep(): Promise<void> {
      for (const who of await openErasures(store, OPEN_AT_ONCE)) await finish(who)
      for (const { workspaceId, ...retention } of await retainingWorkspaces(store)) {
        const { threadsDays, pluginCallsDays } = retention
        if (threadsDays !== null) {
          const before = now() - threadsDays * DAY_SECONDS
          await inBatches('retention.threads', (tx) =>
            deleteOldThreads(tx, workspaceId, before, BATCH),
          )
        }
        if (pluginCallsDays !== null) {
          const beforeMs = clock.now() - pluginCallsDays * DAY_SECONDS * 1000
          await inBatches('retention.calls', (tx) =>
            emptyOldCalls(tx, workspaceId, beforeMs, BATCH),
          )
        }
      }
    },
  }
}
