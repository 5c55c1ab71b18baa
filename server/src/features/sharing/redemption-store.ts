import type { Tx } from '../../platform/store/store.ts'
import type { ShareRecord } from './store.ts'

type Link = Pick<ShareRecord, 'workspaceId' | 'id'>

/** Notes that a person took a link up; again changes nothing. @returns whether it is new */
export const insertRedemption = async (
  tx: Tx,
  link: Link,
  personId: string,
  at: number,
): Promise<boolean> =>
  (await tx.run(
    `insert into share_redemptions (workspace_id, share_id, person_id, redeemed_at) values (?1, ?2, ?3, ?4)
     on conflict (workspace_id, share_id, person_id) do nothing`,
    [link.workspaceId, link.id, personId, at],
  )) === 1

/** Takes a link from all who came without an account. */
export const deleteGuestRedemptions = async (tx: Tx, link: Link): Promise<void> => {
  await tx.run(
    `delete from share_redemptions where workspace_id = ?1 and share_id = ?2 and person_id in (
       select m.person_id from memberships m join people p on p.id = m.person_id
       where m.workspace_id = ?1 and m.role = 'guest' and p.email is null)`,
    [link.workspaceId, link.id],
  )
}

/** Makes a person a guest, unless it is in the workspace already. */
export const insertGuest = async (
  tx: Tx,
  workspaceId: string,
  personId: string,
  at: number,
): Promise<boolean> =>
  (await tx.run(
    `insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, 'guest', ?3)
     on conflict (workspace_id, person_id) do nothing`,
    [workspaceId, personId, at],
  )) === 1

/** A person without an address. */
export const insertNobody = async (
  tx: Tx,
  person: { id: string; name: string; at: number },
): Promise<void> => {
  await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, null, ?3)', [
    person.id,
    person.name,
    person.at,
  ])
}

export interface Counted {
  kind: 'password' | 'guest'
  /** Of the client; '' counts the whole link. */
  address: string
}

/**
 * Counts one more in a window that begins with the first. In one statement, so that of many at once each is counted.
 * @returns how many there are now, and since when (Unix seconds)
 */
export const countAttempt = async (
  tx: Tx,
  link: Link,
  { kind, address }: Counted,
  at: { now: number; windowSeconds: number },
): Promise<{ attempts: number; since: number }> => {
  const row = await tx.get<{ attempts: number; since: number }>(
    `insert into share_attempts (workspace_id, share_id, kind, address, since, attempts) values (?1, ?2, ?3, ?4, ?5, 1)
     on conflict (workspace_id, share_id, kind, address) do update set
       attempts = case when share_attempts.since <= ?6 then 1 else share_attempts.attempts + 1 end,
       since = case when share_attempts.since <= ?6 then excluded.since else share_attempts.since end
     returning attempts, since`,
    [link.workspaceId, link.id, kind, address, at.now, at.now - at.windowSeconds],
  )
  if (row === null) throw new Error('an attempt that was counted is not there')
  return row
}

/** A right password was no attempt. */
export const takeAttemptBack = async (
  tx: Tx,
  link: Link,
  { kind, address }: Counted,
): Promise<void> => {
  await tx.run(
    `update share_attempts set attempts = attempts - 1
     where workspace_id = ?1 and share_id = ?2 and kind = ?3 and address = ?4 and attempts > 0`,
    [link.workspaceId, link.id, kind, address],
  )
}

/** @param before Unix seconds: counts that began earlier are over */
export const deleteOldAttempts = async (tx: Tx, before: number): Promise<void> => {
  await tx.run('delete from share_attempts where since < ?1', [before])
}
