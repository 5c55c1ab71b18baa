import {
  CallbackQuery,
  ChangeEmailRequest,
  ChangePasswordRequest,
  ConfirmPasswordRequest,
  EmptyRequest,
  RequestPasswordResetRequest,
  ResetPasswordRequest,
  SignInEmailRequest,
  SignInProviderRequest,
  VerifyCodeRequest,
  VerifyEmailQuery,
} from '@melzi/contract/sign-in.ts'

/** What is counted for an attempt, and against whom: the client's address, the account that is typed, or the one that is signed in. */
type Count = 'address' | 'link' | 'typed account' | 'own account' | 'mailbox'

export interface Endpoint {
  method: 'GET' | 'POST'
  path: string
  /** What may be sent: nothing else reaches the library. */
  body?: { safeParse: unknown } & Schema
  query?: { safeParse: unknown } & Schema
  counts?: readonly Count[]
  /** What the audit log says of success, and what instead for somebody who was signed in already. */
  done?: readonly [action: string, whenSignedIn?: string]
  /** Answered at once, and worked on afterwards: neither answer nor time tell what was found. */
  blind?: true
}

type Schema =
  | typeof CallbackQuery
  | typeof ChangeEmailRequest
  | typeof ChangePasswordRequest
  | typeof ConfirmPasswordRequest
  | typeof EmptyRequest
  | typeof RequestPasswordResetRequest
  | typeof ResetPasswordRequest
  | typeof SignInEmailRequest
  | typeof SignInProviderRequest
  | typeof VerifyCodeRequest
  | typeof VerifyEmailQuery

const SIGN_IN = 'person.sign_in'

const confirmed = (path: string, done?: string): Endpoint => ({
  method: 'POST',
  path,
  body: ConfirmPasswordRequest,
  counts: ['address', 'own account'],
  ...(done === undefined ? {} : { done: [done] }),
})

/** The only endpoints of the library that can be reached, below /api/auth. Sessions are listed and ended by routes of our own. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/sign-in/email',
    body: SignInEmailRequest,
    counts: ['address', 'typed account'],
    done: [SIGN_IN],
  },
  { method: 'POST', path: '/sign-in/oauth2', body: SignInProviderRequest, counts: ['link'] },
  { method: 'GET', path: '/callback/oidc', query: CallbackQuery, done: [SIGN_IN] },
  { method: 'POST', path: '/sign-out', body: EmptyRequest, done: ['person.sign_out'] },
  { method: 'GET', path: '/get-session' },
  {
    method: 'POST',
    path: '/change-password',
    body: ChangePasswordRequest,
    counts: ['address', 'own account'],
    done: ['person.change_password'],
  },
  {
    method: 'POST',
    path: '/change-email',
    body: ChangeEmailRequest,
    counts: ['link', 'mailbox', 'own account'],
  },
  {
    method: 'GET',
    path: '/verify-email',
    query: VerifyEmailQuery,
    counts: ['link'],
    done: ['person.confirm_email'],
  },
  {
    method: 'POST',
    path: '/request-password-reset',
    body: RequestPasswordResetRequest,
    counts: ['link', 'mailbox'],
    blind: true,
  },
  {
    method: 'POST',
    path: '/reset-password',
    body: ResetPasswordRequest,
    counts: ['link'],
    done: ['person.reset_password'],
  },
  confirmed('/two-factor/enable'),
  confirmed('/two-factor/disable', 'person.disable_two_factor'),
  confirmed('/two-factor/get-totp-uri'),
  confirmed('/two-factor/generate-backup-codes', 'person.renew_backup_codes'),
  {
    method: 'POST',
    path: '/two-factor/verify-totp',
    body: VerifyCodeRequest,
    counts: ['address'],
    done: [SIGN_IN, 'person.enable_two_factor'],
  },
  {
    method: 'POST',
    path: '/two-factor/verify-backup-code',
    body: VerifyCodeRequest,
    counts: ['address'],
    done: [SIGN_IN],
  },
]
