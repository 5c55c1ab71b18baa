import { seconds, type Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import { errors } from '../../platform/errors.ts'
import { requireAdmin, type Principal } from '../../platform/principal.ts'
import { everyPage } from '../../platform/store/every-page.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import { findEntry, insertEntry, listEntries, type AuditEntry, type AuditFilter } from './store.ts'

export type { AuditEntry, AuditFilter } from './store.ts'

/** What was done to one object. */
export interface Deed {
  /** `kind.verb`, e.g. `key.delete`. */
  action: string
  /** The object's kind, as in its `object` on the wire. */
  kind: string
  id: string
  /** What helps to understand it later: names of changed fields, a role, a right. Never a secret, never what people wrote. */
  details?: Readonly<Record<string, unknown>>
}

/** Who did it: a principal, or as much as is known. */
export type Actor = Pick<Principal, 'workspaceId'> &
  Partial<Pick<Principal, 'personId' | 'keyId' | 'sessionId' | 'from'>>

export type AuditLog = ReturnType<typeof createAuditLog>

/** The audit log: what managed things were changed by whom, from where. */
export const createAuditLog = ({ clock }: { clock: Clock }) => ({
  /** Notes a deed in the write unit that does it, so that neither is there without the other. */
  note: (tx: Tx, actor: Actor, deed: Deed): Promise<void> =>
    insertEntry(tx, {
      workspaceId: actor.workspaceId,
      id: newId('audit_'),
      at: seconds(clock.now()),
      personId: actor.personId ?? null,
      keyId: actor.keyId ?? null,
      sessionId: actor.sessionId ?? null,
      address: actor.from ?? null,
      action: deed.action,
      kind: deed.kind,
      objectId: deed.id,
      details: deed.details ?? {},
    }),
})

export type AuditReader = ReturnType<typeof createAuditReader>

/** What admins read of the audit log. Reading as a whole is itself a deed. */
export const createAuditReader = (deps: { store: Store; audit: AuditLog }) => {
  const { store, audit } = deps

  return {
    /** @throws AppError 403 unless an admin asks; 404 for an unknown cursor */
    async list(
      principal: Principal,
      filter: AuditFilter,
      query: PageQuery,
    ): Promise<Page<AuditEntry>> {
      requireAdmin(principal)
      return listEntries(store, principal.workspaceId, filter, query)
    },

    /** @throws AppError 403, 404 */
    async get(principal: Principal, id: string): Promise<AuditEntry> {
      requireAdmin(principal)
      const entry = await findEntry(store, principal.workspaceId, id)
      if (entry === null) throw errors.notFound('audit entry', id)
      return entry
    },

    /** All entries of a filter, the oldest first, page by page. @throws AppError 403 */
    async export(principal: Principal, filter: AuditFilter): Promise<AsyncIterable<AuditEntry>> {
      requireAdmin(principal)
      const { workspaceId } = principal
      await store.write('audit.export', (tx) =>
        audit.note(tx, principal, {
          action: 'audit.export',
          kind: 'workspace',
          id: workspaceId,
        }),
      )
      return everyPage((query) => listEntries(store, workspaceId, filter, query))
    },
  }
}
