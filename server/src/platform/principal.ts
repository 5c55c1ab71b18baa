import { errors } from './errors.ts'

/** What a person is in a workspace. A guest has nothing there but what was shared with it. */
export type Role = 'owner' | 'admin' | 'member' | 'guest'

/** Rights on an assistant, the smaller first: each holds all before it (design 5). */
export const RIGHTS = ['use', 'view', 'edit', 'own'] as const
export type Right = (typeof RIGHTS)[number]

/** What a limited key may at most. It sees only what it made itself. */
export interface Scope {
  /** The key. */
  readonly keyId: string
  /** The only assistants it reaches; null: all that its person may use. */
  readonly assistantIds: readonly string[] | null
  /** The most it may on any assistant. */
  readonly most: 'use' | 'own'
  /** Made to hand an assistant to others: whoever has it must not see what another with it made, so it lists nothing. */
  readonly shared: boolean
}

/** How much somebody may ask: requests of a minute, tokens of a UTC day. Null: as many as one likes. */
export interface CallerLimit {
  readonly kind: 'key' | 'person' | 'workspace'
  readonly id: string
  readonly requestsPerMinute: number | null
  readonly tokensPerDay: number | null
}

/** Who calls: a person in one workspace, by a key, a panel session or the command line. Every route asks what it may do with the object named. */
export interface Principal {
  readonly workspaceId: string
  readonly personId: string
  readonly role: Role
  /** The key it called with; null otherwise. */
  readonly keyId: string | null
  /** The panel session it called with; null otherwise. */
  readonly sessionId: string | null
  /** Address of the client, for the audit log; null for the command line. */
  readonly from: string | null
  /** Null: everything its person may. */
  readonly scope: Scope | null
  /** Whatever of these is set for its key, person and workspace; absent where nobody has looked: without a key. */
  readonly limits?: readonly CallerLimit[]
  /** Whether its key ends, is for some origins only, or has limits of its own. */
  readonly isBound?: boolean
}

/** Whose something is or will be: a principal, or the person of a thread or run. */
export interface Owner {
  readonly workspaceId: string
  readonly personId: string
  /** The key with which it makes things. */
  readonly keyId?: string | null
  readonly scope?: Scope | null
}

/** What belongs to a person. */
export interface Owned {
  ownerId: string
  /** The key it was made with; null: by a session, the command line or the server. */
  madeBy: string | null
}

/** Whether a thing is the caller's: its person's, and for a limited key also made with that key. */
export const isOwn = (owner: Owner, record: Owned): boolean =>
  record.ownerId === owner.personId && (owner.scope == null || record.madeBy === owner.scope.keyId)

/** {@link isOwn} as a condition on rows with `workspace_id`, `owner_id` and `made_by`; its parameters come first. */
export const ownRows = (owner: Owner): { where: string; params: string[] } => {
  const where = 'workspace_id = ?1 and owner_id = ?2'
  const params = [owner.workspaceId, owner.personId]
  if (owner.scope == null) return { where, params }
  return { where: `${where} and made_by = ?3`, params: [...params, owner.scope.keyId] }
}

/** The key by which a thing is remembered as made. */
export const makerOf = (owner: Owner): string | null => owner.keyId ?? null

export const atLeast = (right: Right | null, needed: Right): boolean =>
  right !== null && RIGHTS.indexOf(right) >= RIGHTS.indexOf(needed)

/** The smaller of two rights. */
export const lesser = (one: Right, other: Right): Right => (atLeast(one, other) ? other : one)

/** @throws AppError 403 for limited keys and guests: they reach what they were given and nothing else */
export const requireFull = (principal: Principal): void => {
  if (principal.role === 'guest') throw errors.forbidden('Guests are not allowed to do this.')
  if (principal.scope !== null) {
    throw errors.forbidden('This API key is limited and not allowed to do this.')
  }
}

/** @throws AppError 403 for guests and keys that only use: they make nothing that lasts but threads, messages and their files */
export const requireMaker = (principal: Principal): void => {
  if (principal.scope?.most !== 'own') requireFull(principal)
}

/**
 * Keys and limits are set with nothing held back: a key that ends, is for some origins, or is counted could else make one that is not,
 * or many that are each counted alone.
 * @throws AppError 403 for limited and bound keys, and guests
 */
export const requireUnbound = (principal: Principal): void => {
  requireFull(principal)
  if (principal.isBound === true)
    throw errors.forbidden(
      'This API key has an end, origins or limits of its own and is not allowed to do this.',
    )
}

/** Whether a person may see and set what is the workspace's. */
export const isAdmin = ({ role }: Pick<Principal, 'role'>): boolean =>
  role === 'admin' || role === 'owner'

/**
 * @throws AppError 403 unless an admin or the owner of the workspace calls, with nothing held back
 */
export const requireAdmin = (principal: Principal): void => {
  requireFull(principal)
  if (!isAdmin(principal)) {
    throw errors.forbidden('Only admins of the workspace are allowed to do this.')
  }
}

/** @throws AppError 403 for keys that are in many hands: they list nothing */
export const requireOwnList = (principal: Principal): void => {
  if (principal.scope?.shared === true) {
    throw errors.forbidden('This API key was made to share an assistant and lists nothing.')
  }
}
