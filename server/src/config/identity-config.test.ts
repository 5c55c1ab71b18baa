import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from './config.ts'
import { ConfigError } from './settings.ts'

const OIDC = {
  MELZI_OIDC_ISSUER: 'https://login.example.org/realms/x/',
  MELZI_OIDC_CLIENT_ID: 'melzi',
  MELZI_OIDC_CLIENT_SECRET: 's',
}

describe('settings of signing in', () => {
  it('are passwords alone, and mails in the log, when nothing is said', () => {
    const { oidc, mail } = readConfig({ MELZI_DATA: '/data' }).identity
    assert.equal(oidc, null)
    assert.equal(mail.smtpUrl, null)
  })

  it('name a provider, and the domains that it lets in', () => {
    assert.deepEqual(
      readConfig({ ...OIDC, MELZI_OIDC_DOMAINS: 'Example.org, b.test' }).identity.oidc,
      {
        issuer: 'https://login.example.org/realms/x',
        clientId: 'melzi',
        clientSecret: 's',
        domains: ['example.org', 'b.test'],
        name: 'Single sign-on',
      },
    )
  })

  it('are whole or refused', () => {
    for (const name of Object.keys(OIDC)) {
      assert.throws(() => readConfig({ ...OIDC, [name]: '' }), ConfigError)
    }
    assert.throws(
      () => readConfig({ ...OIDC, MELZI_OIDC_DOMAINS: 'a@b.test' }),
      /MELZI_OIDC_DOMAINS/,
    )
    assert.throws(() => readConfig({ MELZI_SMTP_URL: 'mail.example.org' }), /MELZI_SMTP_URL/)
  })
})
