import type { Role } from '../../platform/principal.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'
import type { Access } from './rights-store.ts'

export type GranteeKind = 'person' | 'group' | 'workspace' | 'link'

export interface ShareRecord {
  workspaceId: string
  id: string
  assistantId: string
  granteeKind: GranteeKind
  /** A person or a group; '' for the workspace; the share's own id for a link. */
  granteeId: string
  access: Access
  createdBy: string
  /** Unix seconds. */
  createdAt: number
  /** Unix seconds; null: never. */
  expiresAt: number | null
  link: LinkRecord | null
}

export interface LinkRecord {
  tokenSha256: string
  tokenSealed: string
  passwordHash: string | null
  /** Whether it opens for people who are not signed in. */
  guests: boolean
}

/** A share with what its grantee is called. */
export interface NamedShare extends ShareRecord {
  name: string | null
  email: string | null
}

const linkOf = (row: Row): LinkRecord | null =>
  typeof row['token_sha256'] === 'string'
    ? {
        tokenSha256: row['token_sha256'],
        tokenSealed: row['token_sealed'] as string,
        passwordHash: row['password_hash'] as string | null,
        guests: row['guests'] === 1,
      }
    : null

const toRecord = (row: Row): ShareRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  assistantId: row['assistant_id'] as string,
  granteeKind: row['grantee_kind'] as GranteeKind,
  granteeId: row['grantee_id'] as string,
  access: row['access'] as Access,
  createdBy: row['created_by'] as string,
  createdAt: row['created_at'] as number,
  expiresAt: row['expires_at'] as number | null,
  link: linkOf(row),
})

const toNamed = (row: Row): NamedShare => ({
  ...toRecord(row),
  name: row['name'] as string | null,
  email: row['email'] as string | null,
})

const NAMED = `select s.*, coalesce(p.name, g.name) as name, p.email from shares s
  left join people p on s.grantee_kind = 'person' and p.id = s.grantee_id
  left join person_groups g on s.grantee_kind = 'group' and g.workspace_id = s.workspace_id and g.id = s.grantee_id`

/** Oldest first. */
export const sharesOf = async (
  db: Reader,
  workspaceId: string,
  assistantId: string,
): Promise<NamedShare[]> => {
  const rows = await db.all(
    `${NAMED} where s.workspace_id = ?1 and s.assistant_id = ?2 order by s.id`,
    [workspaceId, assistantId],
  )
  return rows.map(toNamed)
}

export const findShare = async (
  db: Reader,
  { workspaceId, id: assistantId }: { workspaceId: string; id: string },
  id: string,
): Promise<NamedShare | null> => {
  const row = await db.get(
    `${NAMED} where s.workspace_id = ?1 and s.assistant_id = ?2 and s.id = ?3`,
    [workspaceId, assistantId, id],
  )
  return row === null ? null : toNamed(row)
}

export const findShareOfGrantee = async (
  db: Reader,
  share: Pick<ShareRecord, 'workspaceId' | 'assistantId' | 'granteeKind' | 'granteeId'>,
): Promise<NamedShare | null> => {
  const row = await db.get(
    `${NAMED} where s.workspace_id = ?1 and s.assistant_id = ?2 and s.grantee_kind = ?3 and s.grantee_id = ?4`,
    [share.workspaceId, share.assistantId, share.granteeKind, share.granteeId],
  )
  return row === null ? null : toNamed(row)
}

/** A link that is not over. Asked before any workspace is known. @param now Unix seconds */
export const findLink = async (
  db: Reader,
  tokenSha256: string,
  now: number,
): Promise<(ShareRecord & { name: string | null; description: string | null }) | null> => {
  const row = await db.get(
    `select s.*, a.name, a.description from shares s
     join assistants a on a.workspace_id = s.workspace_id and a.id = s.assistant_id
     where s.token_sha256 = ?1 and (s.expires_at is null or s.expires_at > ?2)`,
    [tokenSha256, now],
  )
  if (row === null) return null
  const name = row['name'] as string | null
  return { ...toRecord(row), name, description: row['description'] as string | null }
}

export const insertShare = async (tx: Tx, share: ShareRecord): Promise<void> => {
  await tx.run(
    `insert into shares (workspace_id, id, assistant_id, grantee_kind, grantee_id, access, created_by, created_at, expires_at,
       token_sha256, token_sealed, password_hash, guests)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
    [
      share.workspaceId,
      share.id,
      share.assistantId,
      share.granteeKind,
      share.granteeId,
      share.access,
      share.createdBy,
      share.createdAt,
      share.expiresAt,
      share.link?.tokenSha256 ?? null,
      share.link?.tokenSealed ?? null,
      share.link?.passwordHash ?? null,
      share.link?.guests === true ? 1 : 0,
    ],
  )
}

/** Writes what can be changed of a share. */
export const updateShare = async (tx: Tx, share: ShareRecord): Promise<void> => {
  await tx.run(
    `update shares set access = ?3, expires_at = ?4, password_hash = ?5, guests = ?6 where workspace_id = ?1 and id = ?2`,
    [
      share.workspaceId,
      share.id,
      share.access,
      share.expiresAt,
      share.link?.passwordHash ?? null,
      share.link?.guests === true ? 1 : 0,
    ],
  )
}

export const deleteShare = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from shares where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

export const countShares = async (
  db: Reader,
  workspaceId: string,
  assistantId: string,
): Promise<number> => {
  const row = await db.get<{ n: number }>(
    'select count(*) as n from shares where workspace_id = ?1 and assistant_id = ?2',
    [workspaceId, assistantId],
  )
  return row?.n ?? 0
}

/** Somebody in a workspace. */
export interface Insider {
  personId: string
  role: Role
  name: string
  email: string | null
}

const insiderWhere = async (
  db: Reader,
  workspaceId: string,
  where: string,
  value: SqlValue,
): Promise<Insider | null> => {
  const row = await db.get(
    `select m.person_id, m.role, p.name, p.email from memberships m join people p on p.id = m.person_id
     where m.workspace_id = ?1 and ${where}`,
    [workspaceId, value],
  )
  if (row === null) return null
  return {
    personId: row['person_id'] as string,
    role: row['role'] as Role,
    name: row['name'] as string,
    email: row['email'] as string | null,
  }
}

export const findInsider = (
  db: Reader,
  workspaceId: string,
  personId: string,
): Promise<Insider | null> => insiderWhere(db, workspaceId, 'm.person_id = ?2', personId)

/** @param email in lower case */
export const findInsiderByEmail = (
  db: Reader,
  workspaceId: string,
  email: string,
): Promise<Insider | null> => insiderWhere(db, workspaceId, 'lower(p.email) = ?2', email)

export const findGroupName = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<string | null> => {
  const row = await db.get<{ name: string }>(
    'select name from person_groups where workspace_id = ?1 and id = ?2',
    [workspaceId, id],
  )
  return row?.name ?? null
}
