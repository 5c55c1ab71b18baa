import { open } from '../support/rights-callers.ts'
import type { Row } from './row.ts'

const PASSWORD = 'correct horse battery staple'

/**
 * What a page asks: a key is no session, so whoever has one is nobody here. Asked without a key and with one, since attempts of one address are
 * counted. What sessions may is tested beside features/identity.
 */
const page = (status: number, body?: object): Row => ({
  who: open(status),
  callers: ['nobody', 'owner'],
  ask: () => ({ params: {}, ...(body === undefined ? {} : { body }) }),
})

/** Signing in. */
export const SIGN_IN_ROWS: Readonly<Record<string, Row>> = {
  listSignInProviders: page(200),
  signInEmail: page(401, { email: 'ada@example.org', password: PASSWORD }),
  signInProvider: page(404, { providerId: 'oidc' }),
  signOut: page(200, {}),
  getSession: page(200),
  listSessions: page(401),
  revokeSession: page(401, { id: 'session_1' }),
  revokeOtherSessions: page(401, {}),
  changePassword: page(401, { currentPassword: PASSWORD, newPassword: `${PASSWORD} new` }),
  changeEmail: page(401, { newEmail: 'b@example.org', password: PASSWORD }),
  requestPasswordReset: page(200, { email: 'ada@example.org' }),
  resetPassword: page(400, { token: 'guessed', newPassword: PASSWORD }),
  enableTwoFactor: page(401, { password: PASSWORD }),
  verifyTotp: page(401, { code: '123456' }),
  verifyBackupCode: page(401, { code: 'AbCdE-fGhIj' }),
  generateBackupCodes: page(401, { password: PASSWORD }),
  getTotpUri: page(401, { password: PASSWORD }),
  disableTwoFactor: page(401, { password: PASSWORD }),
}
