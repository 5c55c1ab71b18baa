/** Signing in: what a browser sends to the addresses below /api/auth. They lie beside the wire and speak the dialect of the library behind them. */
import * as z from 'zod/mini'

const MAX_EMAIL = 254
const MAX_PASSWORD = 1_024
const MAX_PATH = 2_048
const MAX_CODE = 64
const MAX_TOKEN = 4_096

/** A path of this server, never another site: no scheme, no host, nothing a browser would read as one. */
export const isOwnPath = (path: string): boolean =>
  path.length <= MAX_PATH &&
  // eslint-disable-next-line no-control-regex -- browsers leave some of them out, and then see another address
  /^\/(?![/\\])[^\\\u0000-\u0020\u007F]*$/.test(path)

const OwnPath = z.string().check(
  z.superRefine((path, context) => {
    if (isOwnPath(path)) return
    context.addIssue({ code: 'invalid_format', format: 'path of this server', input: path })
  }),
)
const Email = z.email().check(z.maxLength(MAX_EMAIL))
const Password = z.string().check(z.minLength(1), z.maxLength(MAX_PASSWORD))
const Code = z.string().check(z.minLength(1), z.maxLength(MAX_CODE))
const Token = z.string().check(z.minLength(1), z.maxLength(MAX_TOKEN))

export const SignInEmailRequest = z.strictObject({ email: Email, password: Password })
export const SignInProviderRequest = z.strictObject({
  providerId: z.literal('oidc'),
  callbackURL: z.optional(OwnPath),
  errorCallbackURL: z.optional(OwnPath),
})
export const EmptyRequest = z.strictObject({})
export const RevokeSessionRequest = z.strictObject({ id: z.string() })
export const ChangePasswordRequest = z.strictObject({
  currentPassword: Password,
  newPassword: Password,
})
export const ChangeEmailRequest = z.strictObject({
  newEmail: Email,
  password: Password,
  callbackURL: z.optional(OwnPath),
})
export const RequestPasswordResetRequest = z.strictObject({ email: Email })
export const ResetPasswordRequest = z.strictObject({ token: Token, newPassword: Password })
export const ConfirmPasswordRequest = z.strictObject({ password: Password })
export const VerifyCodeRequest = z.strictObject({ code: Code })

export const VerifyEmailQuery = z.strictObject({
  token: Token,
  callbackURL: z.optional(OwnPath),
})
/** What a provider sends along is its own business; only what is known is read. */
export const CallbackQuery = z.object({
  code: z.optional(Token),
  state: z.optional(Token),
  error: z.optional(z.string()),
  error_description: z.optional(z.string()),
  iss: z.optional(z.string()),
})

const isoTime = z.iso.datetime()

/** Whoever is signed in, as the library says it. */
export const SignedInUser = z.object({
  id: z.string(),
  name: z.string(),
  email: z.nullable(z.string()),
  emailVerified: z.boolean(),
  twoFactorEnabled: z.boolean(),
  image: z.nullish(z.string()),
  createdAt: isoTime,
  updatedAt: z.nullish(isoTime),
})
const session = {
  id: z.string(),
  createdAt: isoTime,
  updatedAt: isoTime,
  expiresAt: isoTime,
  ipAddress: z.nullable(z.string()),
  userAgent: z.nullable(z.string()),
}
export const ListedSession = z.object({ ...session, current: z.boolean() })
export const SessionList = z.array(ListedSession)
export const CurrentSession = z.nullable(
  z.object({ session: z.object({ ...session, userId: z.string() }), user: SignedInUser }),
)
export const SignInReply = z.union([
  z.object({ redirect: z.literal(false), user: SignedInUser }),
  z.object({ twoFactorRedirect: z.literal(true), twoFactorMethods: z.array(z.string()) }),
])
export const Done = z.object({ status: z.literal(true) })
export const MailOnItsWay = z.object({ status: z.literal(true), message: z.string() })
export const SignedOut = z.object({ success: z.literal(true) })
export const ProviderUrl = z.object({ url: z.url(), redirect: z.literal(false) })
export const SignInProviders = z.object({
  providers: z.array(z.object({ id: z.literal('oidc'), name: z.string() })),
})
export const UserReply = z.object({ user: SignedInUser })
export const TotpSetUp = z.object({
  method: z.literal('totp'),
  totpURI: z.string(),
  backupCodes: z.array(z.string()),
})
export const TotpUri = z.object({ totpURI: z.string() })
export const BackupCodes = z.object({ status: z.literal(true), backupCodes: z.array(z.string()) })
