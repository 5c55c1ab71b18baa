import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  linkIn,
  openIdentity,
  PASSWORD,
  type IdentityHouse,
} from '../../../tests/support/identity-house.ts'
import { startSmtp } from '../../../tests/support/smtp-server.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { createLog } from '../../platform/log.ts'
import { createMailer } from '../../platform/mail.ts'

const ADA = 'ada@example.org'
const NEW = 'quite another one'
const AUTH = '/api/auth'

const askReset = async (house: IdentityHouse, email: string, headers = {}) => {
  const { status, body } = await house
    .browser()
    .post(`${AUTH}/request-password-reset`, { email }, headers)
  return { status, body }
}

const resetToken = async (house: IdentityHouse): Promise<string> => {
  const link = linkIn((await house.mails()).at(-1))
  assert.equal(link.pathname, '/reset-password')
  return link.hash.slice(1)
}

onEachEngine('links by mail', (engine) => {
  it('lead to a new password, once, and end all sessions', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const before = house.browser()
    await before.post(`${AUTH}/sign-in/email`, { email: ADA, password: PASSWORD })
    const [known, unknown] = [
      await askReset(house, 'ADA@example.org'),
      await askReset(house, 'nobody@example.org'),
    ]
    assert.deepEqual(known, unknown)
    assert.equal(known.status, 200)
    const mails = await house.mails()
    assert.equal(mails.length, 1)
    assert.match(mails[0] ?? '', /Mail to ada@example\.org[\s\S]*重設[\s\S]*new password/)
    assert.equal(linkIn(mails[0]).origin, house.origin)
    const token = await resetToken(house)
    const rows = JSON.stringify(await house.store.all('select * from verifications'))
    assert.ok(!rows.includes(token), 'kept in the clear')

    const path = `${AUTH}/reset-password`
    const browser = house.browser()
    assert.equal((await browser.post(path, { token, newPassword: 'short' })).status, 400)
    assert.equal((await browser.post(path, { token: 'x', newPassword: NEW })).status, 400)
    const attempts = await Promise.all(
      [NEW, 'and a third one'].map((newPassword) => browser.post(path, { token, newPassword })),
    )
    assert.deepEqual(
      attempts.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 400],
    )
    assert.equal((await browser.post(path, { token, newPassword: NEW })).code, 'invalid_token')
    assert.deepEqual(await house.deeds(), ['person.sign_in', 'person.reset_password'])
    assert.equal((await before.get('/v1/whoami')).status, 401)
    const old = { email: ADA, password: PASSWORD }
    assert.equal((await browser.post(`${AUTH}/sign-in/email`, old)).status, 401)
    const set = attempts[0]?.status === 200 ? NEW : 'and a third one'
    assert.equal(
      (await browser.post(`${AUTH}/sign-in/email`, { email: ADA, password: set })).status,
      200,
    )
  })

  it('are over after an hour', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    await askReset(house, ADA)
    const token = await resetToken(house)
    const [row] = await house.store.all<{ expires_ms: number }>('select * from verifications')
    assert.ok(Math.abs((row?.expires_ms ?? 0) - Date.now() - 3_600_000) < 60_000)
    await house.store.write('test.time', (tx) =>
      tx.run('update verifications set expires_ms = ?1', [Date.now() - 1]),
    )
    const reply = await house.browser().post(`${AUTH}/reset-password`, { token, newPassword: NEW })
    assert.deepEqual([reply.status, reply.code], [400, 'invalid_token'])
  })

  it('lead to this server, whatever a request calls it', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const lies = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', origin: null }
    await askReset(house, ADA, lies)
    assert.equal(linkIn((await house.mails())[0]).origin, house.origin)
    const elsewhere = { email: ADA, redirectTo: 'https://evil.example/' }
    const reply = await house.browser().post(`${AUTH}/request-password-reset`, elsewhere)
    assert.equal(reply.status, 400)
  })

  it('go to one mailbox four times in a quarter of an hour, known or not', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    for (const email of [ADA, 'nobody@example.org']) {
      const statuses = []
      for (let i = 0; i < 5; i += 1) statuses.push((await askReset(house, email)).status)
      assert.deepEqual(statuses, [200, 200, 200, 200, 429], email)
    }
    assert.equal((await house.mails()).length, 4)
  })

  it('change an address when both the old and the new one agree', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    await house.person('bob@example.org')
    const browser = house.browser()
    await browser.post(`${AUTH}/sign-in/email`, { email: ADA, password: PASSWORD })
    const path = `${AUTH}/change-email`
    const newEmail = 'Lovelace@Example.org'
    const password = PASSWORD
    const guessed = await browser.post(path, { newEmail, password: 'wrong password' })
    assert.deepEqual([guessed.status, guessed.code], [400, 'invalid_password'])
    const [taken, free] = [
      await browser.post(path, { newEmail: 'bob@example.org', password }),
      await browser.post(path, { newEmail, password, callbackURL: '/account' }),
    ]
    assert.deepEqual([taken.status, taken.body], [free.status, free.body])
    let mails = await house.mails()
    assert.equal(mails.length, 1, 'an address of somebody else gets no mail, and nobody is told')
    assert.match(mails[0] ?? '', /^\nMail to ada@example\.org/)
    const emails = async () =>
      (await house.store.all<{ email: string }>('select email from people order by email')).map(
        ({ email }) => email,
      )
    const first = linkIn(mails[0])
    assert.equal(first.origin, house.origin)
    const confirmed = await browser.get(first.pathname + first.search)
    assert.deepEqual([confirmed.status, confirmed.headers.get('location')], [302, '/account'])
    mails = await house.mails()
    assert.match(mails[1] ?? '', /^\nMail to lovelace@example\.org/)
    assert.deepEqual(await emails(), [ADA, 'bob@example.org'])
    const second = linkIn(mails[1])
    assert.equal((await browser.get(second.pathname + second.search)).status, 302)
    assert.deepEqual(await emails(), ['bob@example.org', 'lovelace@example.org'])
    // used again it changes nothing
    const again = await browser.get(second.pathname + second.search)
    assert.match(again.headers.get('location') ?? '', /^\/account\?error=/)
    const account = { email: 'lovelace@example.org', password: PASSWORD }
    assert.equal((await house.browser().post(`${AUTH}/sign-in/email`, account)).status, 200)
    assert.equal((await house.browser().post(path, { newEmail, password })).status, 401)
  })

  it('lead to pages of this server only', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const browser = house.browser()
    await browser.post(`${AUTH}/sign-in/email`, { email: ADA, password: PASSWORD })
    const evil = [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      'javascript:alert(1)',
      'evil.example',
      `${house.origin}@evil.example`,
      '',
    ]
    for (const callbackURL of evil) {
      const body = { newEmail: 'new@example.org', password: PASSWORD, callbackURL }
      const reply = await browser.post(`${AUTH}/change-email`, body)
      assert.equal(reply.status, 400, callbackURL)
      const query = new URLSearchParams({ token: 'x', callbackURL })
      const verify = await browser.get(`${AUTH}/verify-email?${query.toString()}`)
      assert.equal(verify.status, 400, callbackURL)
      const social = { providerId: 'oidc', callbackURL }
      assert.equal((await browser.post(`${AUTH}/sign-in/oauth2`, social)).status, 400)
      const error = { providerId: 'oidc', errorCallbackURL: callbackURL }
      assert.equal((await browser.post(`${AUTH}/sign-in/oauth2`, error)).status, 400)
    }
    const good = new URLSearchParams({ token: 'x', callbackURL: '/account?tab=mail' })
    const wrong = await browser.get(`${AUTH}/verify-email?${good.toString()}`)
    assert.equal(wrong.headers.get('location'), '/account?tab=mail&error=INVALID_TOKEN')
  })

  it('are tried again when the mail server will not take them, and nobody waits', async () => {
    await using smtp = await startSmtp()
    const log = createLog('silent')
    using mailer = createMailer({ smtpUrl: smtp.url, from: 'melzi@example.org' }, log)
    await using house = await openIdentity(engine, { mailer })
    await house.person(ADA)
    smtp.state.refuse = 2
    assert.equal((await askReset(house, ADA)).status, 200)
    await house.identity.signIn.idle()
    assert.equal(smtp.taken.length, 1)
    assert.equal(smtp.state.refuse, 0)
  })
})
