import type { Reader, Tx } from '../../platform/store/store.ts'
import { reaching } from './rights-store.ts'

export interface Guest {
  workspaceId: string
  personId: string
}

/** Guests `m` with whom nothing is shared, and who have no key. `?1` is now, Unix seconds. */
const HAS_NOTHING = `m.role = 'guest'
  and not exists (select 1 from api_keys k where k.workspace_id = m.workspace_id and k.person_id = m.person_id)
  and not exists (select 1 from shares s where ${reaching({
    workspace: 'm.workspace_id',
    person: 'm.person_id',
    isGuest: '1 = 1',
    now: '?1',
  })})`

/** A hundred at a time; the next sweep finds the others. @param cameBefore Unix seconds */
export const idleGuests = async (db: Reader, now: number, cameBefore: number): Promise<Guest[]> => {
  const rows = await db.all<{ workspace_id: string; person_id: string }>(
    `select m.workspace_id, m.person_id from memberships m where m.created_at < ?2 and ${HAS_NOTHING}
     order by m.created_at limit 100`,
    [now, cameBefore],
  )
  return rows.map((row) => ({ workspaceId: row.workspace_id, personId: row.person_id }))
}

/** Ends a membership, unless something was shared with the guest in the meantime. @returns whether it did */
export const deleteGuest = async (tx: Tx, guest: Guest, now: number): Promise<boolean> =>
  (await tx.run(
    `delete from memberships where (workspace_id, person_id) in (
       select m.workspace_id, m.person_id from memberships m where m.workspace_id = ?2 and m.person_id = ?3 and ${HAS_NOTHING})`,
    [now, guest.workspaceId, guest.personId],
  )) === 1
