import { seconds, type Clock } from '../../platform/clock.ts'
import type { Reader, Store } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import { deleteGuest, idleGuests } from './guest-store.ts'
import { deleteOldAttempts } from './redemption-store.ts'

/** A guest who has nothing and has not signed in for so long is forgotten. */
const KEEP_GUESTS_SECONDS = 30 * 86_400
/** Longer than any window in which attempts are counted. */
const KEEP_ATTEMPTS_SECONDS = 86_400

/**
 * Ends the memberships of guests with whom nothing is shared any more and who are not signed in anywhere, thirty days after they came at
 * the earliest.
 * @param hasSession whether a person is signed in
 * @returns how many
 */
export const createGuestSweep =
  ({
    store,
    clock,
    audit,
    hasSession,
  }: {
    store: Store
    clock: Clock
    audit: AuditLog
    hasSession: (db: Reader, personId: string) => Promise<boolean>
  }) =>
  async (): Promise<number> => {
    const now = seconds(clock.now())
    await store.write('share.sweep-attempts', (tx) =>
      deleteOldAttempts(tx, now - KEEP_ATTEMPTS_SECONDS),
    )
    let swept = 0
    for (const guest of await idleGuests(store, now, now - KEEP_GUESTS_SECONDS)) {
      const { workspaceId, personId } = guest
      const isGone = await store.write('guest.sweep', async (tx) => {
        if (await hasSession(tx, personId)) return false
        if (!(await deleteGuest(tx, guest, now))) return false
        const deed = { action: 'guest.sweep', kind: 'person', id: personId }
        await audit.note(tx, { workspaceId }, deed)
        return true
      })
      if (isGone) swept += 1
    }
    return swept
  }
