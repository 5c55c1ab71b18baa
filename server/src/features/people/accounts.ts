import type { Reader, Tx } from '../../platform/store/store.ts'

/** Where a request came from, for the list of sessions. */
export interface Caller {
  address: string | null
  userAgent: string | null
}

/** What this feature needs of whoever keeps passwords and sessions. */
export interface Accounts {
  /** @throws AppError 400 for a password that nobody should have */
  hashPassword(password: string): Promise<string>
  /**
   * Gives a person, whose row is there, an address and a password to sign in with.
   * @throws AppError 400 when the address is somebody else's
   */
  giveAccount(
    tx: Tx,
    personId: string,
    account: { email: string; passwordHash: string | null; emailVerified: boolean },
  ): Promise<void>
  findPersonByEmail(db: Reader, email: string): Promise<{ id: string; name: string } | null>
  /** @returns values of `set-cookie` */
  startSession(personId: string, from: Caller): Promise<string[]>
  endSessions(tx: Tx, personId: string, except?: string | null): Promise<void>
  hasAccount(db: Reader, personId: string): Promise<boolean>
}

/** Sends e-mail, or prints it where there is no mail server. */
export interface Mailer {
  /** Whether mails leave; otherwise they are printed to the log. */
  readonly sends: boolean
  send(mail: { to: string; subject: string; text: string }): Promise<void>
}
