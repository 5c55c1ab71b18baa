import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export interface InvitationRecord {
  workspaceId: string
  id: string
  /** In lower case. */
  email: string
  role: 'admin' | 'member' | 'guest'
  /** An assistant that is shared with whoever accepts, and how. */
  assistantId: string | null
  access: 'use' | 'view' | 'edit' | null
  invitedBy: string
  /** Unix seconds. */
  createdAt: number
  expiresAt: number
  acceptedAt: number | null
}

const toRecord = (row: Row): InvitationRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  email: row['email'] as string,
  role: row['role'] as InvitationRecord['role'],
  assistantId: row['assistant_id'] as string | null,
  access: row['access'] as InvitationRecord['access'],
  invitedBy: row['invited_by'] as string,
  createdAt: row['created_at'] as number,
  expiresAt: row['expires_at'] as number,
  acceptedAt: row['accepted_at'] as number | null,
})

export const insertInvitation = async (
  tx: Tx,
  record: InvitationRecord,
  tokenSha256: string,
): Promise<void> => {
  await tx.run(
    `insert into invitations (workspace_id, id, email, role, assistant_id, access, token_sha256, invited_by, created_at, expires_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
    [
      record.workspaceId,
      record.id,
      record.email,
      record.role,
      record.assistantId,
      record.access,
      tokenSha256,
      record.invitedBy,
      record.createdAt,
      record.expiresAt,
    ],
  )
}

export const findInvitation = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<InvitationRecord | null> => {
  const row = await db.get('select * from invitations where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toRecord(row)
}

/** The invitation of a link that can still be accepted. @param now Unix seconds */
export const findOpenByToken = async (
  db: Reader,
  tokenSha256: string,
  now: number,
): Promise<InvitationRecord | null> => {
  const row = await db.get(
    'select * from invitations where token_sha256 = ?1 and accepted_at is null and expires_at > ?2',
    [tokenSha256, now],
  )
  return row === null ? null : toRecord(row)
}

/** All that an address can still accept, in whatever workspace. @param now Unix seconds */
export const openFor = async (
  db: Reader,
  email: string,
  now: number,
): Promise<InvitationRecord[]> => {
  const rows = await db.all(
    'select * from invitations where email = ?1 and accepted_at is null and expires_at > ?2 order by id',
    [email, now],
  )
  return rows.map(toRecord)
}

/** What is open to an assistant, the oldest first. @param now Unix seconds */
export const openOfAssistant = async (
  db: Reader,
  workspaceId: string,
  assistantId: string,
  now: number,
): Promise<InvitationRecord[]> => {
  const rows = await db.all(
    `select * from invitations where workspace_id = ?1 and assistant_id = ?2 and accepted_at is null and expires_at > ?3
     order by id`,
    [workspaceId, assistantId, now],
  )
  return rows.map(toRecord)
}

export const listInvitations = async (
  db: Reader,
  workspaceId: string,
  query: PageQuery,
): Promise<Page<InvitationRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'invitations',
      where: 'workspace_id = ?1',
      params: [workspaceId],
      orderBy: 'id',
      kind: 'invitation',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/** Whether this call accepted it: of two at once one does. @param now Unix seconds */
export const markAccepted = async (
  tx: Tx,
  { workspaceId, id }: Pick<InvitationRecord, 'workspaceId' | 'id'>,
  personId: string,
  now: number,
): Promise<boolean> =>
  (await tx.run(
    `update invitations set accepted_at = ?4, accepted_by = ?3
     where workspace_id = ?1 and id = ?2 and accepted_at is null and expires_at > ?4`,
    [workspaceId, id, personId, now],
  )) > 0

/** A new link for it; the old one is dead. */
export const renewInvitation = async (
  tx: Tx,
  { workspaceId, id, expiresAt }: Pick<InvitationRecord, 'workspaceId' | 'id' | 'expiresAt'>,
  tokenSha256: string,
): Promise<void> => {
  await tx.run(
    'update invitations set token_sha256 = ?3, expires_at = ?4 where workspace_id = ?1 and id = ?2',
    [workspaceId, id, tokenSha256, expiresAt],
  )
}

/** Open invitations of an address to the workspace, for the same assistant or for none, give way to a newer one. */
export const deleteOpenFor = async (
  tx: Tx,
  {
    workspaceId,
    email,
    assistantId,
  }: Pick<InvitationRecord, 'workspaceId' | 'email' | 'assistantId'>,
): Promise<void> => {
  await tx.run(
    `delete from invitations where workspace_id = ?1 and email = ?2 and coalesce(assistant_id, '') = ?3 and accepted_at is null`,
    [workspaceId, email, assistantId ?? ''],
  )
}

export const deleteInvitation = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from invitations where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

/** A grant that came with an invitation. */
export const insertInvitedShare = async (
  tx: Tx,
  share: {
    workspaceId: string
    id: string
    assistantId: string
    personId: string
    access: string
    createdBy: string
    createdAt: number
  },
): Promise<void> => {
  await tx.run(
    `insert into shares (workspace_id, id, assistant_id, grantee_kind, grantee_id, access, created_by, created_at)
     values (?1, ?2, ?3, 'person', ?4, ?5, ?6, ?7)
     on conflict (workspace_id, assistant_id, grantee_kind, grantee_id) do nothing`,
    [
      share.workspaceId,
      share.id,
      share.assistantId,
      share.personId,
      share.access,
      share.createdBy,
      share.createdAt,
    ],
  )
}

export const replaceSetupLink = async (tx: Tx, tokenSha256: string, now: number): Promise<void> => {
  await tx.run(
    `insert into setup_links (id, token_sha256, created_at) values (1, ?1, ?2)
     on conflict (id) do update set token_sha256 = excluded.token_sha256, created_at = excluded.created_at`,
    [tokenSha256, now],
  )
}

/** Takes the link away; whether it was this one. */
export const takeSetupLink = async (tx: Tx, tokenSha256: string): Promise<boolean> =>
  (await tx.run('delete from setup_links where token_sha256 = ?1', [tokenSha256])) > 0
