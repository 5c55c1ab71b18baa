import type { Principal } from '../../platform/principal.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'
import type { Caller } from '../identity/service.ts'
import type { Access } from './rights-store.ts'

/** Somebody from outside who was invited to an assistant and has not come yet. */
export interface Invited {
  id: string
  email: string
  /** Null: to none in particular. */
  access: Access | null
  invitedBy: string
  /** Unix seconds. */
  createdAt: number
  expiresAt: number
}

/** What became of an invitation's mail, and its link where it has to be handed over by hand. */
export interface SentMail {
  mail: 'sent' | 'printed' | 'failed'
  link: string | null
}

/** What this feature needs of whoever invites people (people/invitations.ts). */
export interface GuestInvitations {
  /**
   * Invites somebody from outside as a guest with whom an assistant is shared. What it says is the same for addresses that have an
   * account here and that have none.
   */
  inviteGuest(
    principal: Principal,
    about: { email: string; assistantId: string; access: Access },
  ): Promise<SentMail & { record: Invited }>
  /** Open invitations to an assistant, oldest first. */
  ofAssistant(db: Reader, workspaceId: string, assistantId: string): Promise<Invited[]>
  /** Takes one back: its link is dead. */
  withdraw(tx: Tx, principal: Principal, id: string): Promise<void>
}

/** What this feature needs of whoever keeps sessions. */
export interface GuestSessions {
  /** @returns values of `set-cookie` */
  startSession(personId: string, from: Caller): Promise<string[]>
}
