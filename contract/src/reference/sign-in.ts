import {
  BackupCodes,
  ChangeEmailRequest,
  ChangePasswordRequest,
  ConfirmPasswordRequest,
  CurrentSession,
  Done,
  EmptyRequest,
  MailOnItsWay,
  ProviderUrl,
  RequestPasswordResetRequest,
  ResetPasswordRequest,
  RevokeSessionRequest,
  SessionList,
  SignedInUser,
  SignedOut,
  SignInEmailRequest,
  SignInReply,
  SignInProviderRequest,
  SignInProviders,
  TotpSetUp,
  TotpUri,
  UserReply,
  VerifyCodeRequest,
} from '../sign-in.ts'
import { json, type ErrorStatus, type Operation, type Part, type Schema } from './operation.ts'

const PASSWORD = 'correct horse battery'

const get = (
  id: string,
  path: `/${string}`,
  words: [string, string],
  reply: Schema,
  errors: ErrorStatus[] = [],
): Operation => ({
  id,
  method: 'get',
  path: `/api/auth${path}`,
  summary: words[0],
  description: words[1],
  reply: json(reply),
  errors,
  place: 'root',
  open: true,
})

const post = (
  id: string,
  path: `/${string}`,
  words: [string, string],
  body: { schema: Schema; example: Readonly<Record<string, unknown>> },
  reply: Schema,
  errors: ErrorStatus[],
): Operation => ({
  ...get(id, path, words, reply, [...new Set<ErrorStatus>([400, 403, ...errors])]),
  method: 'post',
  body: { type: 'json', ...body },
})

const confirm = { schema: ConfirmPasswordRequest, example: { password: PASSWORD } }
const nothing = { schema: EmptyRequest, example: {} }

export const signInPart: Part = {
  tag: 'Signing in',
  description:
    'How a browser signs in and stays so: by a cookie that no script can read. With it, calls of the API need no key; the header `melzi-workspace` says in which workspace, else it is your first. Whatever changes something must come from a page of this server. These addresses stand beside the API, and take no key. One password may be tried ten times in a quarter of an hour, from one address sixty.',
  operations: [
    get(
      'listSignInProviders',
      '/providers',
      ['Ways to sign in', 'Single sign-on and what it is called; an empty list without it.'],
      SignInProviders,
    ),
    post(
      'signInEmail',
      '/sign-in/email',
      [
        'Sign in',
        'An address nobody has is answered like a wrong password. Whoever has two-factor on gets `twoFactorRedirect` and sends a code next.',
      ],
      {
        schema: SignInEmailRequest,
        example: { email: 'ada@example.org', password: PASSWORD },
      },
      SignInReply,
      [401, 429],
    ),
    post(
      'signInProvider',
      '/sign-in/oauth2',
      [
        'Sign in elsewhere',
        'The address of the provider of single sign-on, to which the page then goes. It comes back to `callbackURL`, or to `errorCallbackURL` with `error` in the query. Whoever has no account yet needs an invitation, or an address of a domain that the operator lets in, and the provider must have verified it.',
      ],
      {
        schema: SignInProviderRequest,
        example: { providerId: 'oidc', callbackURL: '/' },
      },
      ProviderUrl,
      [404, 429],
    ),
    post('signOut', '/sign-out', ['Sign out', 'Ends this session.'], nothing, SignedOut, []),
    get(
      'getSession',
      '/get-session',
      ['Who is signed in?', 'This session and its person; null for nobody.'],
      CurrentSession,
    ),
    get(
      'listSessions',
      '/list-sessions',
      [
        'List sessions',
        'Where you are signed in, the newest first. A session ends 30 days after its last use, and after 90 days in any case.',
      ],
      SessionList,
      [401],
    ),
    post(
      'revokeSession',
      '/revoke-session',
      ['End a session', 'Its very next request is refused.'],
      { schema: RevokeSessionRequest, example: { id: 'session_abc123' } },
      Done,
      [401, 404],
    ),
    post(
      'revokeOtherSessions',
      '/revoke-other-sessions',
      ['End all other sessions', 'Only this one stays.'],
      nothing,
      Done,
      [401],
    ),
    post(
      'changePassword',
      '/change-password',
      ['Change the password', 'All other sessions end.'],
      {
        schema: ChangePasswordRequest,
        example: { currentPassword: PASSWORD, newPassword: 'a longer one than before' },
      },
      UserReply,
      [401, 429],
    ),
    post(
      'changeEmail',
      '/change-email',
      [
        'Change the e-mail address',
        'Two mails, one after the other: the address that was verified must agree, then the new one. Nobody is told whether the new address is somebody’s already.',
      ],
      {
        schema: ChangeEmailRequest,
        example: { newEmail: 'lovelace@example.org', password: PASSWORD, callbackURL: '/' },
      },
      Done,
      [401, 429],
    ),
    post(
      'requestPasswordReset',
      '/request-password-reset',
      [
        'Forgot the password',
        'Sends a link that is good once, for an hour. The answer is the same whether anybody has this address.',
      ],
      { schema: RequestPasswordResetRequest, example: { email: 'ada@example.org' } },
      MailOnItsWay,
      [429],
    ),
    post(
      'resetPassword',
      '/reset-password',
      ['Set a new password', 'With the token of the link. All sessions end.'],
      {
        schema: ResetPasswordRequest,
        example: { token: 'the token of the link', newPassword: 'a longer one than before' },
      },
      Done,
      [429],
    ),
    post(
      'enableTwoFactor',
      '/two-factor/enable',
      [
        'Set two-factor up',
        'The address for an authenticator app, and backup codes, each good once. It holds from the first code that is verified.',
      ],
      confirm,
      TotpSetUp,
      [401, 429],
    ),
    post(
      'verifyTotp',
      '/two-factor/verify-totp',
      [
        'Send a code of the app',
        'Ends signing in, or setting up. Each code signs in once; ten wrong ones lock the account for a quarter of an hour.',
      ],
      { schema: VerifyCodeRequest, example: { code: '123456' } },
      UserReply,
      [401, 429],
    ),
    post(
      'verifyBackupCode',
      '/two-factor/verify-backup-code',
      ['Send a backup code', 'In place of a code of the app.'],
      { schema: VerifyCodeRequest, example: { code: 'AbCdE-fGhIj' } },
      UserReply,
      [401, 409, 429],
    ),
    post(
      'generateBackupCodes',
      '/two-factor/generate-backup-codes',
      ['New backup codes', 'They take the place of all before.'],
      confirm,
      BackupCodes,
      [401, 429],
    ),
    post(
      'getTotpUri',
      '/two-factor/get-totp-uri',
      ['See the app’s address again', 'For another authenticator app.'],
      confirm,
      TotpUri,
      [401, 429],
    ),
    post(
      'disableTwoFactor',
      '/two-factor/disable',
      ['Give two-factor up', 'From then on the password is enough.'],
      confirm,
      Done,
      [401, 429],
    ),
  ],
  schemas: { SignedInUser },
}
