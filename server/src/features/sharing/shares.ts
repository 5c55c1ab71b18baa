import type { CreateShareRequest, ModifyShareRequest } from '@melzi/contract/share.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { requireFull, type Principal } from '../../platform/principal.ts'
import type { Sealer } from '../../platform/sealing.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AssistantService, UsableAssistant } from '../assistants/service.ts'
import type { AuditLog } from '../audit/service.ts'
import type { GuestInvitations, Invited, SentMail } from './invited.ts'
import { newSecretToken, secretHash } from '../../platform/secret-token.ts'
import { hashLinkPassword, sealPlace } from './link-secrets.ts'
import { deleteGuestRedemptions } from './redemption-store.ts'
import { isAnonymous } from './rights-store.ts'
import {
  countShares,
  deleteShare,
  findGroupName,
  findInsider,
  findInsiderByEmail,
  findShare,
  findShareOfGrantee,
  insertShare,
  sharesOf,
  updateShare,
  type LinkRecord,
  type NamedShare,
  type ShareRecord,
} from './store.ts'

/** Shares of one assistant: every check of a right looks through them. */
const MAX_SHARES = 500

/** A share as its assistant's owner sees it: with the text of its link. */
export type ShownShare = NamedShare & { token: string | null }
export type Listed = { share: ShownShare } | { invited: Invited; assistantId: string }
export type NewlyShared = Listed & { sent?: SentMail }

export interface SharesDeps {
  store: Store
  clock: Clock
  sealer: Sealer
  audit: AuditLog
  assistants: Pick<AssistantService, 'getUsable'>
  invitations: GuestInvitations
  /** Told in its unit that an assistant is shared, or no longer: what webhooks tell on. */
  noteShare?: (tx: Tx, share: NotedShare) => Promise<void>
}

/** What is told of a share. */
interface NotedShare {
  type: 'assistant.shared' | 'assistant.unshared'
  workspaceId: string
  assistantId: string
  id: string
  granteeKind: ShareRecord['granteeKind']
  granteeId: string
  access: ShareRecord['access']
  /** Who did it. */
  by: string
}

export type Shares = ReturnType<typeof createShares>

/**
 * Shares of assistants. Only the owner sees and changes them: who edits an assistant does not decide who else has it. They are asked at
 * every request, so what is withdrawn is gone at the next one; streams are ended by the right watch.
 */
export const createShares = (deps: SharesDeps) => {
  const { store, clock, sealer, audit, invitations } = deps
  const now = () => seconds(clock.now())

  /** @throws AppError 404 without any right on the assistant, 403 with too little, or by a limited key */
  const getManaged = async (
    db: Reader,
    principal: Principal,
    id: string,
  ): Promise<UsableAssistant> => {
    const assistant = await deps.assistants.getUsable(db, principal, id, 'own')
    requireFull(principal)
    return assistant
  }

  const getShare = async (
    db: Reader,
    assistant: UsableAssistant,
    id: string,
  ): Promise<NamedShare> => {
    const share = await findShare(db, assistant, id)
    if (share === null) throw errors.notFound('share', id)
    return share
  }

  const shown = (share: NamedShare): ShownShare => ({
    ...share,
    token: share.link === null ? null : sealer.open(share.link.tokenSealed, sealPlace(share.id)),
  })

  /** The one place where what happens to shares is told to others: the audit log, and webhooks. */
  const tell = async (
    tx: Tx,
    principal: Principal,
    verb: 'create' | 'update' | 'delete',
    share: ShareRecord,
  ) => {
    const { workspaceId, id, assistantId, granteeKind, granteeId, access, expiresAt } = share
    await audit.note(tx, principal, {
      action: `share.${verb}`,
      kind: 'assistant.share',
      id: share.id,
      details: {
        assistant_id: assistantId,
        grantee: granteeKind,
        grantee_id: granteeId,
        access,
        expires_at: expiresAt,
      },
    })
    if (verb === 'update') return
    const type = verb === 'create' ? 'assistant.shared' : 'assistant.unshared'
    const by = principal.personId
    const what = { type, workspaceId, assistantId, id, granteeKind, granteeId, access, by } as const
    await deps.noteShare?.(tx, what)
  }

  const checkEnd = (expiresAt: number | null | undefined): void => {
    if (expiresAt == null || expiresAt > now()) return
    throw errors.invalid("Invalid 'expires_at': it has passed.", 'expires_at', 'invalid_value')
  }

  /** Whom a request names. @throws AppError 404 for people and groups of elsewhere; null: an address from outside */
  const granteeOf = async (
    tx: Tx,
    assistant: UsableAssistant,
    request: CreateShareRequest,
  ): Promise<string | null> => {
    const { workspaceId } = assistant
    if (request.type === 'workspace' || request.type === 'link') return ''
    if (request.type === 'group') {
      const id = request.group_id ?? missing('group_id')
      if ((await findGroupName(tx, workspaceId, id)) === null) throw errors.notFound('group', id)
      return id
    }
    const { person_id: id, email } = request
    if (id === undefined) {
      const found = await findInsiderByEmail(tx, workspaceId, email ?? missing('person_id'))
      if (found?.personId === assistant.ownerId) throw sharedWithOwner()
      return found?.personId ?? null
    }
    if ((await findInsider(tx, workspaceId, id)) === null) throw errors.notFound('person', id)
    if (id === assistant.ownerId) throw sharedWithOwner()
    return id
  }

  const checkAccess = async (tx: Tx, share: ShareRecord): Promise<void> => {
    if (share.access === 'use') return
    const open = share.link?.guests === true
    if (!open && (share.granteeKind !== 'person' || !(await isAnonymous(tx, share.granteeId))))
      return
    const member =
      share.granteeKind === 'person' &&
      (await findInsider(tx, share.workspaceId, share.granteeId))?.role !== 'guest'
    if (!member) {
      throw errors.invalid(
        "Invalid 'access': guests without an account can only use an assistant.",
        'access',
        'invalid_value',
      )
    }
  }

  /** Inserts, or changes the one that this grantee has. */
  const put = async (tx: Tx, principal: Principal, share: ShareRecord): Promise<NamedShare> => {
    const known = share.granteeKind === 'link' ? null : await findShareOfGrantee(tx, { ...share })
    await checkAccess(tx, share)
    if (known === null) {
      if ((await countShares(tx, share.workspaceId, share.assistantId)) >= MAX_SHARES) {
        throw errors.invalid(
          `An assistant can be shared ${MAX_SHARES} times at most; share it with a group instead.`,
          'type',
          'too_many_shares',
        )
      }
      await insertShare(tx, share)
      await tell(tx, principal, 'create', share)
    } else {
      const { access, expiresAt } = share
      const changed = { ...known, access, expiresAt }
      await updateShare(tx, changed)
      await tell(tx, principal, 'update', changed)
    }
    return getShare(
      tx,
      { workspaceId: share.workspaceId, id: share.assistantId } as UsableAssistant,
      known?.id ?? share.id,
    )
  }

  const newLink = (id: string, guests: boolean, passwordHash: string | null): LinkRecord => {
    const token = newSecretToken()
    return {
      tokenSha256: secretHash(token),
      tokenSealed: sealer.seal(token, sealPlace(id)),
      passwordHash,
      guests,
    }
  }

  return {
    getManaged,
    put,

    /** Everything an assistant is shared as, and who was invited to it; oldest first. */
    async list(principal: Principal, assistantId: string): Promise<Listed[]> {
      const { workspaceId } = await getManaged(store, principal, assistantId)
      const shares = await sharesOf(store, workspaceId, assistantId)
      const invited = await invitations.ofAssistant(store, workspaceId, assistantId)
      return [
        ...shares.map((share) => ({ share: shown(share) })),
        ...invited.map((one) => ({ invited: one, assistantId })),
      ]
    },

    /**
     * Shares an assistant. Who has it already gets what is asked for now.
     * @throws AppError 404 for people and groups that are not of the workspace, 400 for the owner, an end that has passed, guests with more
     *   than use
     */
    async create(
      principal: Principal,
      assistantId: string,
      request: CreateShareRequest,
    ): Promise<NewlyShared> {
      const { access, expires_at: expiresAt } = request
      await getManaged(store, principal, assistantId)
      refuseForeignFields(request)
      checkEnd(expiresAt)
      const passwordHash =
        request.password === null ? null : await hashLinkPassword(request.password)
      const made = await store.write('share.create', async (tx) => {
        const assistant = await getManaged(tx, principal, assistantId)
        const granteeId = await granteeOf(tx, assistant, request)
        if (granteeId === null) return null
        const id = newId('share_')
        const isLink = request.type === 'link'
        return put(tx, principal, {
          workspaceId: assistant.workspaceId,
          id,
          assistantId,
          granteeKind: request.type,
          granteeId: isLink ? id : granteeId,
          access,
          createdBy: principal.personId,
          createdAt: now(),
          expiresAt,
          link: isLink ? newLink(id, request.guests, passwordHash) : null,
        })
      })
      if (made !== null) return { share: shown(made) }
      if (expiresAt !== null) {
        throw errors.unsupported(
          "'expires_at' is not possible for somebody who is not in the workspace yet; set it when they have come.",
          'expires_at',
        )
      }
      const email = request.email ?? ''
      const sent = await invitations.inviteGuest(principal, { email, assistantId, access })
      return { invited: sent.record, assistantId, sent }
    },

    /** @throws AppError 404 for a share of another assistant */
    async get(principal: Principal, assistantId: string, id: string): Promise<Listed> {
      const assistant = await getManaged(store, principal, assistantId)
      const invited = await findInvited(store, assistant, id)
      if (invited !== null) return { invited, assistantId }
      return { share: shown(await getShare(store, assistant, id)) }
    },

    /** Changes what the request names. Guests of a link that is no longer for guests lose it. */
    async update(
      principal: Principal,
      assistantId: string,
      id: string,
      request: ModifyShareRequest,
    ): Promise<Listed> {
      await getManaged(store, principal, assistantId)
      checkEnd(request.expires_at)
      const passwordHash =
        request.password == null ? request.password : await hashLinkPassword(request.password)
      const share = await store.write('share.update', async (tx) => {
        const assistant = await getManaged(tx, principal, assistantId)
        const before = await getShare(tx, assistant, id)
        const changed = merge(before, request, passwordHash)
        await checkAccess(tx, changed)
        await updateShare(tx, changed)
        if (before.link?.guests === true && changed.link?.guests === false) {
          await deleteGuestRedemptions(tx, changed)
        }
        await tell(tx, principal, 'update', changed)
        return changed
      })
      return { share: shown(share) }
    },

    /** Takes a share, or an invitation, back: gone at the next request, and on open streams within a second. */
    async delete(principal: Principal, assistantId: string, id: string): Promise<void> {
      await store.write('share.delete', async (tx) => {
        const assistant = await getManaged(tx, principal, assistantId)
        if ((await findInvited(tx, assistant, id)) !== null) {
          return invitations.withdraw(tx, principal, id)
        }
        const share = await getShare(tx, assistant, id)
        await deleteShare(tx, share.workspaceId, id)
        await tell(tx, principal, 'delete', share)
      })
    },
  }

  async function findInvited(db: Reader, assistant: UsableAssistant, id: string) {
    if (!id.startsWith('invite_')) return null
    const all = await invitations.ofAssistant(db, assistant.workspaceId, assistant.id)
    return all.find((one) => one.id === id) ?? null
  }
}

const merge = (
  before: NamedShare,
  request: ModifyShareRequest,
  passwordHash: string | null | undefined,
): NamedShare => {
  const { access, expires_at: expiresAt, guests } = request
  const { link } = before
  if (link === null && (passwordHash !== undefined || guests !== undefined)) throw onlyLinks()
  return {
    ...before,
    access: access ?? before.access,
    expiresAt: expiresAt === undefined ? before.expiresAt : expiresAt,
    link: link && {
      ...link,
      guests: guests ?? link.guests,
      passwordHash: passwordHash === undefined ? link.passwordHash : passwordHash,
    },
  }
}

/** What belongs to another kind of share is a mistake, not to be ignored. */
const refuseForeignFields = (request: CreateShareRequest): void => {
  const { type, person_id: personId, email, group_id: groupId } = request
  if (type !== 'link' && (request.password !== null || request.guests)) throw onlyLinks()
  const foreign =
    type !== 'person' && (personId !== undefined || email !== undefined)
      ? 'person_id'
      : type !== 'group' && groupId !== undefined
        ? 'group_id'
        : null
  if (foreign !== null) {
    throw errors.invalid(
      `Invalid '${foreign}': a share of type '${type}' has none.`,
      foreign,
      'invalid_value',
    )
  }
  if (personId !== undefined && email !== undefined) {
    throw errors.invalid("Send either 'person_id' or 'email'.", 'email', 'invalid_value')
  }
}

const onlyLinks = () =>
  errors.invalid('Only links have a password and are open to guests.', 'password', 'invalid_value')

const sharedWithOwner = () =>
  errors.invalid('The assistant is this person’s own.', 'person_id', 'invalid_value')

const missing = (param: string): never => {
  throw errors.invalid(
    `Missing required parameter: '${param}'.`,
    param,
    'missing_required_parameter',
  )
}
