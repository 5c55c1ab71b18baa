import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Mailer } from '../../platform/mail.ts'
import {
  requireAdmin,
  requireFull,
  requireUnbound,
  type Principal,
} from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { Accounts, Caller } from '../identity/service.ts'
import { invitationMail } from './invitation-mail.ts'
import {
  deleteInvitation,
  deleteOpenFor,
  findInvitation,
  findOpenByToken,
  insertInvitation,
  insertInvitedShare,
  listInvitations,
  markAccepted,
  openFor,
  openOfAssistant,
  renewInvitation,
  type InvitationRecord,
} from './invitation-store.ts'
import { newSecretToken, secretHash } from '../../platform/secret-token.ts'
import {
  findMemberById,
  findWorkspace,
  insertPerson,
  joinWorkspace,
  type WorkspaceRecord,
} from './member-store.ts'

export type { InvitationRecord } from './invitation-store.ts'

const DAYS = 7
const DAY_SECONDS = 86_400

export interface InvitationsDeps {
  store: Store
  clock: Clock
  log: Logger
  audit: AuditLog
  accounts: Accounts
  mailer: Mailer
  /** Where people open links, without a slash at the end. */
  origin: () => string
}

/** Somebody from outside who was invited to an assistant and has not come yet. */
export interface Invited {
  id: string
  email: string
  access: Access
  invitedBy: string
  /** Unix seconds. */
  createdAt: number
  expiresAt: number
}

type Access = 'use' | 'view' | 'edit'

/** What became of an invitation's mail, and its link where its reader has to be given it by hand. */
export interface SentInvitation {
  record: InvitationRecord
  mail: 'sent' | 'printed' | 'failed'
  link: string | null
}

export type Invitations = ReturnType<typeof createInvitations>

/**
 * Invitations: the only way into a workspace beside single sign-on. A link is good for seven days and one person; kept of it is a hash. Where
 * mail leaves by a mail server, only the mailbox has the link, so whoever comes with it owns the address; where it does not, the inviter hands
 * the link over, and the address stays unproven.
 */
export const createInvitations = (deps: InvitationsDeps) => {
  const { store, clock, log, audit, accounts, mailer } = deps
  const now = () => seconds(clock.now())

  const getInvitation = async (
    db: Reader,
    principal: Principal,
    id: string,
  ): Promise<InvitationRecord> => {
    const record = await findInvitation(db, principal.workspaceId, id)
    if (record === null) throw errors.notFound('invitation', id)
    return record
  }

  const workspaceOf = async (db: Reader, id: string): Promise<WorkspaceRecord> => {
    const workspace = await findWorkspace(db, id)
    if (workspace === null) throw errors.notFound('workspace', id)
    return workspace
  }

  const nameOf = async (workspaceId: string, personId: string): Promise<string> =>
    (await findMemberById(store, workspaceId, personId))?.name ?? 'Melzi'

  const send = async (record: InvitationRecord, token: string): Promise<SentInvitation> => {
    const link = `${deps.origin()}/invitation#${token}`
    const { name: workspace } = await workspaceOf(store, record.workspaceId)
    const inviter = await nameOf(record.workspaceId, record.invitedBy)
    try {
      await mailer.send(invitationMail({ to: record.email, workspace, inviter, link, days: DAYS }))
      return mailer.sends ? { record, mail: 'sent', link: null } : { record, mail: 'printed', link }
    } catch (error) {
      log.error({ err: error, invitationId: record.id }, 'an invitation could not be sent')
      return { record, mail: 'failed', link: null }
    }
  }

  /** Inside another feature's unit as well: {@link send} follows the commit. */
  const insert = async (
    tx: Tx,
    principal: Principal,
    about: Pick<InvitationRecord, 'email' | 'role' | 'assistantId' | 'access'>,
    token: string,
  ): Promise<InvitationRecord> => {
    const known = await accounts.findPersonByEmail(tx, about.email)
    const member = known === null ? null : await findMemberById(tx, principal.workspaceId, known.id)
    if (member !== null && (member.role !== 'guest' || about.role === 'guest')) {
      throw errors.invalid(
        `${about.email} is in this workspace already.`,
        'email',
        'already_a_member',
      )
    }
    const createdAt = now()
    const record: InvitationRecord = {
      ...about,
      workspaceId: principal.workspaceId,
      id: newId('invite_'),
      invitedBy: principal.personId,
      createdAt,
      expiresAt: createdAt + DAYS * DAY_SECONDS,
      acceptedAt: null,
    }
    await deleteOpenFor(tx, record)
    await insertInvitation(tx, record, secretHash(token))
    const details = { role: record.role, assistant_id: record.assistantId }
    const deed = { action: 'invitation.create', kind: 'invitation', id: record.id, details }
    await audit.note(tx, principal, deed)
    return record
  }

  /** What accepting gives: the role, and the assistant that was shared. */
  const enter = async (tx: Tx, record: InvitationRecord, personId: string, from: Caller) => {
    const at = now()
    if (!(await markAccepted(tx, record, personId, at))) throw errors.deadLink()
    const { workspaceId, role, assistantId, access } = record
    await joinWorkspace(tx, { workspaceId, id: personId, role, createdAt: at })
    if (assistantId !== null && access !== null) {
      await insertInvitedShare(tx, {
        workspaceId,
        id: newId('share_'),
        assistantId,
        personId,
        access,
        createdBy: record.invitedBy,
        createdAt: at,
      })
    }
    const deed = { action: 'invitation.accept', kind: 'invitation', id: record.id }
    await audit.note(tx, { workspaceId, personId, from: from.address }, deed)
  }

  const getOpen = async (db: Reader, token: string): Promise<InvitationRecord> => {
    const record = await findOpenByToken(db, secretHash(token), now())
    if (record === null) throw errors.deadLink()
    return record
  }

  /** Takes one back inside the unit: its link is dead. The caller has checked the right on it. @throws AppError 404 */
  const withdraw = async (tx: Tx, principal: Principal, id: string): Promise<void> => {
    await getInvitation(tx, principal, id)
    await deleteInvitation(tx, principal.workspaceId, id)
    await audit.note(tx, principal, { action: 'invitation.delete', kind: 'invitation', id })
  }

  return {
    async list(principal: Principal, query: PageQuery): Promise<Page<InvitationRecord>> {
      requireAdmin(principal)
      return listInvitations(store, principal.workspaceId, query)
    },

    async get(principal: Principal, id: string): Promise<InvitationRecord> {
      requireAdmin(principal)
      return getInvitation(store, principal, id)
    },

    /**
     * Invites somebody; an open invitation of the same address gives way.
     * @throws AppError 403 unless an admin calls, and for admins who invite admins; 400 for who is in already
     */
    async create(
      principal: Principal,
      about: Pick<InvitationRecord, 'email' | 'role'>,
    ): Promise<SentInvitation> {
      requireAdmin(principal)
      requireUnbound(principal)
      checkRank(principal, about.role)
      const token = newSecretToken()
      const record = await store.write('invitation.create', (tx) =>
        insert(tx, principal, { ...about, assistantId: null, access: null }, token),
      )
      return send(record, token)
    },

    /**
     * Invites somebody from outside as a guest with whom an assistant is shared. The caller has checked the right to share it.
     * @throws AppError 400 for who is in the workspace already
     */
    async inviteGuest(
      principal: Principal,
      about: { email: string; assistantId: string; access: Access },
    ): Promise<Omit<SentInvitation, 'record'> & { record: Invited }> {
      requireFull(principal)
      const token = newSecretToken()
      const record = await store.write('invitation.guest', (tx) =>
        insert(tx, principal, { ...about, role: 'guest' }, token),
      )
      const { mail, link } = await send(record, token)
      return { mail, link, record: asInvited(record) }
    },

    /** Open invitations to an assistant, the oldest first. */
    ofAssistant: async (db: Reader, workspaceId: string, assistantId: string): Promise<Invited[]> =>
      (await openOfAssistant(db, workspaceId, assistantId, now())).map(asInvited),

    withdraw,

    /**
     * Sends it again with a new link and another seven days; the old link is dead. Where no mail leaves, the link is given to who calls: it must
     * lead to no more than who calls could give.
     * @throws AppError 404, 400 when it is accepted, 403 for an admin's and for one to an assistant that somebody else has shared
     */
    async resend(principal: Principal, id: string): Promise<SentInvitation> {
      requireAdmin(principal)
      requireUnbound(principal)
      const token = newSecretToken()
      const record = await store.write('invitation.resend', async (tx) => {
        const before = await getInvitation(tx, principal, id)
        checkRank(principal, before.role)
        if (before.assistantId !== null && before.invitedBy !== principal.personId) {
          throw errors.forbidden('Only who shared the assistant sends this invitation again.')
        }
        if (before.acceptedAt !== null) throw errors.invalid('The invitation was accepted already.')
        const renewed = { ...before, expiresAt: now() + DAYS * DAY_SECONDS }
        await renewInvitation(tx, renewed, secretHash(token))
        await audit.note(tx, principal, { action: 'invitation.resend', kind: 'invitation', id })
        return renewed
      })
      return send(record, token)
    },

    /** Takes an invitation back: its link is dead. */
    async delete(principal: Principal, id: string): Promise<void> {
      requireAdmin(principal)
      await store.write('invitation.delete', (tx) => withdraw(tx, principal, id))
    },

    /** What whoever holds the link may know. @throws AppError 404 for a link that is wrong, used, taken back or over */
    async look(token: string) {
      const record = await getOpen(store, token)
      const workspace = await workspaceOf(store, record.workspaceId)
      const person = await accounts.findPersonByEmail(store, record.email)
      return {
        record,
        workspace,
        inviterName: await nameOf(record.workspaceId, record.invitedBy),
        hasAccount: person !== null,
      }
    },

    /**
     * Accepts an invitation: as the person who is signed in, when the address is theirs, else as somebody new.
     * @param signedIn who holds a session, or null
     * @returns values of `set-cookie`: none for who is signed in already
     * @throws AppError 404 for a link that is wrong, used or over; 403 when the address has an account and somebody else, or nobody, is
     *   signed in; 400 for a missing name or a password that nobody should have
     */
    async accept(
      request: { token: string; name: string | null; password: string | null },
      signedIn: string | null,
      from: Caller,
    ): Promise<{ workspaceId: string; personId: string; cookies: string[] }> {
      const record = await getOpen(store, request.token)
      const { workspaceId, email } = record
      const known = await accounts.findPersonByEmail(store, email)
      if (known !== null) {
        if (known.id !== signedIn) {
          throw errors.forbidden(`Sign in as ${email} first, and open the link again.`)
        }
        await store.write('invitation.accept', (tx) => enter(tx, record, known.id, from))
        return { workspaceId, personId: known.id, cookies: [] }
      }
      const { name, password } = request
      if (name === null) throw missing('name')
      if (password === null) throw missing('password')
      const passwordHash = await accounts.hashPassword(password)
      const personId = newId('person_')
      await store.write('invitation.accept', async (tx) => {
        await insertPerson(tx, { id: personId, name, createdAt: now() })
        // first, for it locks the invitation: a second one with the same link waits for it, and finds it used
        await enter(tx, record, personId, from)
        const account = { email, passwordHash, emailVerified: mailer.sends }
        await accounts.giveAccount(tx, personId, account)
      })
      return { workspaceId, personId, cookies: await accounts.startSession(personId, from) }
    },

    /** Whether an address was invited somewhere: asked before single sign-on makes an account. */
    isInvited: async (email: string): Promise<boolean> =>
      (await openFor(store, email.toLowerCase(), now())).length > 0,

    /** Accepts all that a proven address was invited to. */
    async acceptAll(personId: string, email: string, from: Caller): Promise<void> {
      for (const record of await openFor(store, email.toLowerCase(), now())) {
        await store.write('invitation.accept', (tx) => enter(tx, record, personId, from))
      }
    },
  }
}

const asInvited = (record: InvitationRecord): Invited => ({
  ...record,
  access: record.access ?? 'use',
})

/** @throws AppError 403 when an admin means to make an admin */
const checkRank = (principal: Principal, role: InvitationRecord['role']): void => {
  if (role === 'admin' && principal.role !== 'owner') {
    throw errors.forbidden('Only owners of the workspace invite admins.', 'role')
  }
}

const missing = (param: string) =>
  errors.invalid(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')
