import { z } from 'zod'
import type { MailConfig } from '../platform/mail.ts'
import type { Env } from './env.ts'
import { address, ConfigError, list, reader } from './settings.ts'

export interface OidcConfig {
  /** Its document is at `…/.well-known/openid-configuration`. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Whoever has a verified address of these domains may come in without an invitation; lower case. */
  readonly domains: readonly string[]
  /** What the button says. */
  readonly name: string
}

export interface IdentityConfig {
  /** Single sign-on; null: passwords only. */
  readonly oidc: OidcConfig | null
  readonly mail: MailConfig
}

/** @throws {ConfigError} for half of what belongs together */
export const readIdentity = (env: Env): IdentityConfig => ({
  oidc: readOidc(env),
  mail: readMail(env),
})

const readOidc = (env: Env): OidcConfig | null => {
  const { optional, withDefault } = reader(env)
  const issuer = optional('MELZI_OIDC_ISSUER', {
    meaning: 'the OpenID provider for single sign-on, such as https://login.example.org',
    schema: address,
  })
  const clientId = optional('MELZI_OIDC_CLIENT_ID', {
    meaning: 'the name under which the OpenID provider knows this server',
    schema: z.string(),
  })
  const clientSecret = optional('MELZI_OIDC_CLIENT_SECRET', {
    meaning: 'the secret of this server at the OpenID provider',
    schema: z.string(),
  })
  const domains = withDefault('MELZI_OIDC_DOMAINS', [], {
    meaning:
      'the domains of e-mail addresses that may come in without an invitation, as example.org,example.net',
    schema: list.pipe(
      z.array(
        z
          .string()
          .toLowerCase()
          .regex(/^[^@\s]+\.[^@\s]+$/, 'must be domains'),
      ),
    ),
  })
  const name = withDefault('MELZI_OIDC_NAME', 'Single sign-on', {
    meaning: 'what the button for single sign-on says',
    schema: z.string().max(64),
  })
  if (issuer === undefined && clientId === undefined && clientSecret === undefined) return null
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) {
    throw new ConfigError(
      'MELZI_OIDC_ISSUER, MELZI_OIDC_CLIENT_ID and MELZI_OIDC_CLIENT_SECRET go together: set all three, or none for passwords only.',
    )
  }
  return { issuer, clientId, clientSecret, domains, name }
}

const readMail = (env: Env): MailConfig => {
  const { optional, withDefault } = reader(env)
  return {
    smtpUrl:
      optional('MELZI_SMTP_URL', {
        meaning:
          'the mail server, such as smtps://user:password@mail.example.org; without it mails are printed to the log',
        schema: z.string().regex(/^smtps?:\/\//, 'must begin with smtp:// or smtps://'),
      }) ?? null,
    from: withDefault('MELZI_MAIL_FROM', 'Melzi <melzi@localhost>', {
      meaning: 'who mails are from, such as Melzi <melzi@example.org>',
      schema: z.string(),
    }),
  }
}
