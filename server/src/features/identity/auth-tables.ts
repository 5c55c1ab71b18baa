/** Where the library's models stand in our tables, and in what form their fields are kept. */

/**
 * - `text`, `count`: as they are
 * - `flag`: 0 or 1
 * - `seconds`, `ms`: a date as Unix time
 * - `hashed`: SHA-256 of a token that is random, so that who reads the store cannot use it
 * - `sealed`: readable only with the key of this server
 * - `dropped`: not kept, for nothing asks for it
 */
export type Kind = 'text' | 'count' | 'flag' | 'seconds' | 'ms' | 'hashed' | 'sealed' | 'dropped'

interface Column {
  name: string
  kind: Kind
}

export interface Table {
  name: string
  columns: Readonly<Record<string, Column>>
}

const column = (name: string, kind: Kind = 'text'): Column => ({ name, kind })
/** A provider's tokens would let a thief of the store act there; nobody is asked anything after the sign-in. */
const DROPPED = column('', 'dropped')
const TIMES = { createdAt: column('created_ms', 'ms'), updatedAt: column('updated_ms', 'ms') }

export const TABLES: Readonly<Record<string, Table>> = {
  user: {
    name: 'people',
    columns: {
      id: column('id'),
      name: column('name'),
      email: column('email'),
      emailVerified: column('email_verified', 'flag'),
      image: column('image'),
      createdAt: column('created_at', 'seconds'),
      updatedAt: column('updated_at', 'seconds'),
      twoFactorEnabled: column('two_factor_enabled', 'flag'),
    },
  },
  session: {
    name: 'sessions',
    columns: {
      ...TIMES,
      id: column('id'),
      userId: column('person_id'),
      token: column('token_sha256', 'hashed'),
      expiresAt: column('expires_ms', 'ms'),
      ipAddress: column('address'),
      userAgent: column('user_agent'),
    },
  },
  account: {
    name: 'accounts',
    columns: {
      ...TIMES,
      id: column('id'),
      userId: column('person_id'),
      providerId: column('provider'),
      accountId: column('subject'),
      password: column('password_hash'),
      accessToken: DROPPED,
      refreshToken: DROPPED,
      idToken: DROPPED,
      accessTokenExpiresAt: DROPPED,
      refreshTokenExpiresAt: DROPPED,
      scope: DROPPED,
    },
  },
  verification: {
    name: 'verifications',
    columns: {
      ...TIMES,
      id: column('id'),
      identifier: column('identifier'),
      value: column('value_sealed', 'sealed'),
      expiresAt: column('expires_ms', 'ms'),
    },
  },
  twoFactor: {
    name: 'two_factors',
    columns: {
      id: column('id'),
      userId: column('person_id'),
      secret: column('secret_sealed'),
      backupCodes: column('backup_codes_sealed'),
      verified: column('verified', 'flag'),
      failedVerificationCount: column('failures', 'count'),
      lockedUntil: column('locked_until_ms', 'ms'),
    },
  },
}

const ID_PREFIXES = {
  user: 'person_',
  session: 'session_',
  account: 'account_',
  verification: 'verification_',
  twoFactor: 'factor_',
} as const

/** What ids of a model begin with. */
export const prefixOf = (model: string): (typeof ID_PREFIXES)[keyof typeof ID_PREFIXES] => {
  if (!(model in ID_PREFIXES)) throw new Error(`there are no ids for "${model}"`)
  return ID_PREFIXES[model as keyof typeof ID_PREFIXES]
}
