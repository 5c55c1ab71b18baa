import type { Principal } from '../../platform/principal.ts'
import type { Reader, SqlValue } from '../../platform/store/store.ts'

export type Access = 'use' | 'view' | 'edit'

/**
 * Shares that reach a principal, as a condition on rows `s` of `shares` (of its workspace, not yet over); parameters `?1` workspace, `?2`
 * person, `?3` Unix seconds. "The whole workspace" are its members: guests have only what was given to them.
 */
const reaching = (role: Principal['role']): string => `s.workspace_id = ?1
  and (s.expires_at is null or s.expires_at > ?3)
  and (${role === 'guest' ? '' : "s.grantee_kind = 'workspace' or "}(s.grantee_kind = 'person' and s.grantee_id = ?2)
    or (s.grantee_kind = 'group' and exists (select 1 from group_members g
      where g.workspace_id = ?1 and g.group_id = s.grantee_id and g.person_id = ?2))
    or (s.grantee_kind = 'link' and exists (select 1 from share_redemptions r
      where r.workspace_id = ?1 and r.share_id = s.id and r.person_id = ?2)))`

/** Everything an assistant is shared with the principal as. @param now Unix seconds */
export const sharedAs = async (
  db: Reader,
  principal: Pick<Principal, 'workspaceId' | 'personId' | 'role'>,
  assistantId: string,
  now: number,
): Promise<Access[]> => {
  const rows = await db.all<{ access: Access }>(
    `select s.access from shares s where ${reaching(principal.role)} and s.assistant_id = ?4`,
    [principal.workspaceId, principal.personId, now, assistantId],
  )
  return rows.map(({ access }) => access)
}

/** The assistants a principal has any right on, as a condition on rows of `assistants`. @param now Unix seconds */
export const usableRows = (
  principal: Principal,
  now: number,
): { where: string; params: SqlValue[] } => {
  const params: SqlValue[] = [principal.workspaceId, principal.personId, now]
  const where = `workspace_id = ?1 and (owner_id = ?2 or id in (select s.assistant_id from shares s where ${reaching(principal.role)}))`
  const only = principal.scope?.assistantIds ?? null
  if (only === null) return { where, params }
  const places = only.map((id) => `?${params.push(id)}`)
  // a key for nothing reaches nothing
  return { where: `${where} and id in (${places.length > 0 ? places.join(', ') : "''"})`, params }
}
