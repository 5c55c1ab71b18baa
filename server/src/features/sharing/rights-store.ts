import type { Principal } from '../../platform/principal.ts'
import type { Reader, SqlValue } from '../../platform/store/store.ts'

export type Access = 'use' | 'view' | 'edit'

/**
 * Shares that reach a person, as a condition on rows `s` of `shares`, not yet over. "The whole workspace" are its members: guests have only
 * what was given to them. Each part is an SQL
 * expression, in which no table may be called `s`, `belonging` or `taken_up`.
 */
export const reaching = (of: {
  workspace: string
  person: string
  /** Whether the person is a guest. */
  isGuest: string
  /** Unix seconds. */
  now: string
}): string => `s.workspace_id = ${of.workspace}
  and (s.expires_at is null or s.expires_at > ${of.now})
  and ((s.grantee_kind = 'workspace' and not (${of.isGuest})) or (s.grantee_kind = 'person' and s.grantee_id = ${of.person})
    or (s.grantee_kind = 'group' and exists (select 1 from group_members belonging
      where belonging.workspace_id = ${of.workspace} and belonging.group_id = s.grantee_id and belonging.person_id = ${of.person}))
    or (s.grantee_kind = 'link' and exists (select 1 from share_redemptions taken_up
      where taken_up.workspace_id = ${of.workspace} and taken_up.share_id = s.id and taken_up.person_id = ${of.person})))`

/**
 * Whether any share of an assistant reaches a person: the same as {@link reaching}, one look into an index for each kind, so that many can be
 * asked about at once whose assistant has many shares.
 */
export const isReached = (of: {
  workspace: string
  assistant: string
  person: string
  isGuest: string
  now: string
  /** Only shares that let people look into it. */
  looksInto?: boolean
}): string => {
  const access = of.looksInto === true ? " and s.access <> 'use'" : ''
  const ofKind = (
    kind: string,
  ) => `s.workspace_id = ${of.workspace} and s.assistant_id = ${of.assistant}
    and s.grantee_kind = '${kind}' and (s.expires_at is null or s.expires_at > ${of.now})${access}`
  return `(exists (select 1 from shares s where ${ofKind('person')} and s.grantee_id = ${of.person})
    or (not (${of.isGuest}) and exists (select 1 from shares s where ${ofKind('workspace')}))
    or exists (select 1 from group_members belonging join shares s on s.grantee_id = belonging.group_id
      where belonging.workspace_id = ${of.workspace} and belonging.person_id = ${of.person} and ${ofKind('group')})
    or exists (select 1 from share_redemptions taken_up join shares s on s.grantee_id = taken_up.share_id
      where taken_up.workspace_id = ${of.workspace} and taken_up.person_id = ${of.person} and ${ofKind('link')}))`
}

/** {@link reaching} for a principal; parameters `?1` workspace, `?2` person, `?3` Unix seconds. */
const reachingPrincipal = (role: Principal['role']): string =>
  reaching({
    workspace: '?1',
    person: '?2',
    isGuest: role === 'guest' ? '1 = 1' : '1 = 0',
    now: '?3',
  })

/** Everything an assistant is shared with the principal as. @param now Unix seconds */
export const sharedAs = async (
  db: Reader,
  principal: Pick<Principal, 'workspaceId' | 'personId' | 'role'>,
  assistantId: string,
  now: number,
): Promise<Access[]> => {
  const rows = await db.all<{ access: Access }>(
    `select s.access from shares s where ${reachingPrincipal(principal.role)} and s.assistant_id = ?4`,
    [principal.workspaceId, principal.personId, now, assistantId],
  )
  return rows.map(({ access }) => access)
}

/** Whether nobody can sign in as this person: it came by a link, without an address. */
export const isAnonymous = async (db: Reader, personId: string): Promise<boolean> =>
  (await db.get('select 1 as found from people where id = ?1 and email is null', [personId])) !==
  null

/** The assistants a principal has any right on, as a condition on rows of `assistants`. @param now Unix seconds */
export const usableRows = (
  principal: Principal,
  now: number,
): { where: string; params: SqlValue[] } => {
  const params: SqlValue[] = [principal.workspaceId, principal.personId, now]
  const where = `workspace_id = ?1 and (owner_id = ?2 or id in (select s.assistant_id from shares s where ${reachingPrincipal(principal.role)}))`
  const only = principal.scope?.assistantIds ?? null
  if (only === null) return { where, params }
  const places = only.map((id) => `?${params.push(id)}`)
  // a key for nothing reaches nothing
  return { where: `${where} and id in (${places.length > 0 ? places.join(', ') : "''"})`, params }
}
