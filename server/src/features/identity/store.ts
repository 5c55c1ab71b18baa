import type { Role } from '../../platform/principal.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'

/** A person as signing in sees it. */
export interface AccountPerson {
  id: string
  name: string
  email: string | null
}

/** @param email lower case */
export const findPersonByEmail = (db: Reader, email: string): Promise<AccountPerson | null> =>
  db.get<AccountPerson & object>(
    'select id, name, email from people where email = ?1 and erased_at is null',
    [email],
  )

export const findForAdmission = async (
  db: Reader,
  personId: string,
): Promise<{ email: string | null; waits: boolean; erased: boolean } | null> => {
  const row = await db.get<{
    email: string | null
    awaits_admission: number
    erased_at: number | null
  }>('select email, awaits_admission, erased_at from people where id = ?1', [personId])
  if (row === null) return null
  return {
    email: row.email,
    waits: row.awaits_admission === 1,
    erased: row.erased_at !== null,
  }
}

export const clearAdmission = async (tx: Tx, personId: string): Promise<void> => {
  await tx.run('update people set awaits_admission = 0 where id = ?1', [personId])
}

/** Gives a person its address; false when it is another person's. @param email lower case */
export const setEmail = async (
  tx: Tx,
  person: { id: string; email: string; verified: boolean; now: number },
): Promise<boolean> => {
  const other = await tx.get('select id from people where email = ?1 and id <> ?2', [
    person.email,
    person.id,
  ])
  if (other !== null) return false
  await tx.run('update people set email = ?2, email_verified = ?3, updated_at = ?4 where id = ?1', [
    person.id,
    person.email,
    person.verified ? 1 : 0,
    person.now,
  ])
  return true
}

/** The password of a person, in place of an earlier one. @param at Unix ms */
export const putPassword = async (
  tx: Tx,
  account: { id: string; personId: string; hash: string; at: number },
): Promise<void> => {
  await tx.run(
    `insert into accounts (id, person_id, provider, subject, password_hash, created_ms, updated_ms)
     values (?1, ?2, 'credential', ?2, ?3, ?4, ?4)
     on conflict (provider, subject) do update set password_hash = excluded.password_hash, updated_ms = excluded.updated_ms`,
    [account.id, account.personId, account.hash, account.at],
  )
}

export const findPasswordHash = async (db: Reader, personId: string): Promise<string | null> => {
  const row = await db.get<{ password_hash: string | null }>(
    `select password_hash from accounts where provider = 'credential' and subject = ?1`,
    [personId],
  )
  return row?.password_hash ?? null
}

export const hasAccount = async (db: Reader, personId: string): Promise<boolean> =>
  (await db.get('select 1 as found from accounts where person_id = ?1 limit 1', [personId])) !==
  null

export interface SessionRecord {
  id: string
  personId: string
  /** Unix ms. */
  createdMs: number
  updatedMs: number
  expiresMs: number
  address: string | null
  userAgent: string | null
}

interface SessionRow {
  id: string
  person_id: string
  created_ms: number
  updated_ms: number
  expires_ms: number
  address: string | null
  user_agent: string | null
}

const toSession = (row: SessionRow): SessionRecord => ({
  id: row.id,
  personId: row.person_id,
  createdMs: row.created_ms,
  updatedMs: row.updated_ms,
  expiresMs: row.expires_ms,
  address: row.address,
  userAgent: row.user_agent,
})

export const insertSession = async (
  tx: Tx,
  session: SessionRecord & { tokenSha256: string },
): Promise<void> => {
  await tx.run(
    `insert into sessions (id, person_id, token_sha256, created_ms, updated_ms, expires_ms, address, user_agent)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
    [
      session.id,
      session.personId,
      session.tokenSha256,
      session.createdMs,
      session.updatedMs,
      session.expiresMs,
      session.address,
      session.userAgent,
    ],
  )
}

/** A live session. @param now Unix ms */
export const findSession = async (
  db: Reader,
  tokenSha256: string,
  now: number,
): Promise<SessionRecord | null> => {
  const row = await db.get<SessionRow>(
    `select s.id, s.person_id, s.created_ms, s.updated_ms, s.expires_ms, s.address, s.user_agent
     from sessions s join people p on p.id = s.person_id
     where s.token_sha256 = ?1 and s.expires_ms > ?2 and p.erased_at is null`,
    [tokenSha256, now],
  )
  return row === null ? null : toSession(row)
}

/** What a person is in a workspace; in its first one when none is named. */
export const findMembership = async (
  db: Reader,
  personId: string,
  workspaceId: string | null,
): Promise<{ workspaceId: string; role: Role } | null> => {
  const columns = 'select workspace_id, role from memberships where person_id = ?1'
  const row = await (workspaceId === null
    ? db.get<{ workspace_id: string; role: Role }>(
        `${columns} order by created_at, workspace_id limit 1`,
        [personId],
      )
    : db.get<{ workspace_id: string; role: Role }>(`${columns} and workspace_id = ?2`, [
        personId,
        workspaceId,
      ]))
  return row === null ? null : { workspaceId: row.workspace_id, role: row.role }
}

/** Ids of the workspaces a person is in. */
export const findWorkspaces = async (db: Reader, personId: string): Promise<string[]> => {
  const rows = await db.all<{ workspace_id: string }>(
    'select workspace_id from memberships where person_id = ?1 order by workspace_id',
    [personId],
  )
  return rows.map((row) => row.workspace_id)
}

export const extendSession = async (
  tx: Tx,
  id: string,
  now: number,
  expiresMs: number,
): Promise<void> => {
  await tx.run(
    'update sessions set expires_ms = ?2, updated_ms = ?3 where id = ?1 and expires_ms < ?2',
    [id, expiresMs, now],
  )
}

/** Live sessions, the newest first. */
export const listSessions = async (
  db: Reader,
  personId: string,
  now: number,
): Promise<SessionRecord[]> => {
  const rows = await db.all<SessionRow>(
    'select * from sessions where person_id = ?1 and expires_ms > ?2 order by created_ms desc, id desc',
    [personId, now],
  )
  return rows.map(toSession)
}

/** True when it was there. */
/** Those of these sessions that are not over. @param ids at most some hundred @param now Unix milliseconds */
export const liveSessions = async (
  db: Reader,
  ids: readonly string[],
  now: number,
): Promise<ReadonlySet<string>> => {
  if (ids.length === 0) return new Set()
  const places = ids.map((_, at) => `?${at + 2}`)
  const rows = await db.all<{ id: string }>(
    `select id from sessions where expires_ms > ?1 and id in (${places.join(', ')})`,
    [now, ...ids],
  )
  return new Set(rows.map(({ id }) => id))
}

/** Deletes all by which a person signs in. @param now Unix seconds */
export const forgetPerson = async (tx: Tx, personId: string, now: number): Promise<void> => {
  for (const table of ['sessions', 'accounts', 'two_factors']) {
    await tx.run(`delete from ${table} where person_id = ?1`, [personId])
  }
  await tx.run(
    'update people set image = null, two_factor_enabled = 0, awaits_admission = 0, erased_at = ?2 where id = ?1',
    [personId, now],
  )
}

export const deleteSession = async (tx: Tx, personId: string, id: string): Promise<boolean> =>
  (await tx.run('delete from sessions where person_id = ?1 and id = ?2', [personId, id])) === 1

/** Ends the sessions of a person. @param except id of one that stays */
export const deleteSessions = async (
  tx: Tx,
  personId: string,
  except: string | null,
): Promise<void> => {
  await tx.run('delete from sessions where person_id = ?1 and id <> ?2', [personId, except ?? ''])
}

/** What is over: sessions, links, counts. Each statement is short, for little is over between two sweeps. */
export const deleteExpired = async (tx: Tx, now: number): Promise<void> => {
  await tx.run('delete from sessions where expires_ms <= ?1', [now])
  await tx.run('delete from verifications where expires_ms <= ?1', [now])
  await tx.run('delete from sign_in_attempts where window_ends_ms <= ?1', [now])
}

/** Counts one more attempt in the running window, or begins one. @returns attempts in it, and its end in Unix ms */
export const countAttempt = async (
  tx: Tx,
  counted: string,
  now: number,
  windowMs: number,
): Promise<{ attempts: number; endsMs: number }> => {
  const row = await tx.get<{ attempts: number; window_ends_ms: number }>(
    `insert into sign_in_attempts (counted, attempts, window_ends_ms) values (?1, 1, ?3)
     on conflict (counted) do update set
       attempts = case when sign_in_attempts.window_ends_ms <= ?2 then 1 else sign_in_attempts.attempts + 1 end,
       window_ends_ms = case when sign_in_attempts.window_ends_ms <= ?2 then ?3 else sign_in_attempts.window_ends_ms end
     returning attempts, window_ends_ms`,
    [counted, now, now + windowMs],
  )
  return { attempts: row?.attempts ?? 1, endsMs: row?.window_ends_ms ?? now + windowMs }
}

export const forgetAttempts = async (tx: Tx, counted: string): Promise<void> => {
  await tx.run('delete from sign_in_attempts where counted = ?1', [counted])
}
