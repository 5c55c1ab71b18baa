import { seconds, type Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Tx } from '../../platform/store/store.ts'
import { insertEntry } from './store.ts'

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
