import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  openIdentity,
  PASSWORD,
  type Browser,
  type IdentityHouse,
} from '../../../tests/support/identity-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { totpOf } from '../../../tests/support/totp.ts'

const account = { email: 'ada@example.org', password: PASSWORD }
const AUTH = '/api/auth'

const half = async (house: IdentityHouse): Promise<Browser> => {
  const browser = house.browser()
  const reply = await browser.post(`${AUTH}/sign-in/email`, account)
  assert.equal(reply.status, 200, reply.message)
  assert.equal((reply.body as { twoFactorRedirect?: boolean }).twoFactorRedirect, true)
  assert.equal((await browser.get('/v1/whoami')).status, 401, 'half signed in is not signed in')
  return browser
}

/** Ada with an authenticator app, signed in. */
const withApp = async (house: IdentityHouse) => {
  await house.person(account.email)
  const browser = house.browser()
  await browser.post(`${AUTH}/sign-in/email`, account)
  const enable = `${AUTH}/two-factor/enable`
  assert.equal((await browser.post(enable, { password: 'wrong password' })).status, 400)
  const { totpURI, backupCodes } = (await browser.post(enable, { password: PASSWORD })).body as {
    totpURI: string
    backupCodes: string[]
  }
  // nothing is asked for before the app has proved that it works
  assert.equal((await house.browser().post(`${AUTH}/sign-in/email`, account)).code, null)
  assert.equal((await house.store.all('select id from sessions')).length, 2)
  const before = new Map(browser.cookies)
  const verified = await browser.post(`${AUTH}/two-factor/verify-totp`, {
    code: totpOf(totpURI),
  })
  assert.equal(verified.status, 200, verified.message)
  assert.equal((await browser.get('/v1/whoami')).status, 200)
  const old = house.browser()
  for (const [name, value] of before) old.cookies.set(name, value)
  assert.equal((await old.get('/v1/whoami')).status, 401, 'the session is another one from here on')
  return { browser, totpURI, backupCodes }
}

onEachEngine('two-factor', (engine) => {
  it('asks for a code of the app, which is good once', async () => {
    await using house = await openIdentity(engine)
    const { totpURI, backupCodes } = await withApp(house)
    const rows = JSON.stringify(await house.store.all('select * from two_factors'))
    const secret = new URL(totpURI).searchParams.get('secret') ?? ''
    assert.ok(!rows.includes(secret) && !rows.includes(backupCodes[0] ?? ''), 'kept in the clear')

    const verify = `${AUTH}/two-factor/verify-totp`
    const browser = await half(house)
    const code = totpOf(totpURI, 1)
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
    const refused = await browser.post(verify, { code: wrong })
    assert.deepEqual([refused.status, refused.code], [401, 'invalid_code'])
    assert.equal((await browser.post(verify, { code })).status, 200)
    assert.equal((await browser.get('/v1/whoami')).status, 200)

    const second = await half(house)
    const replayed = await second.post(verify, { code })
    assert.deepEqual([replayed.status, replayed.code], [401, 'invalid_code'])
    assert.equal((await second.get('/v1/whoami')).status, 401)
    // a code alone, without the password before it
    assert.equal((await house.browser().post(verify, { code: totpOf(totpURI, 1) })).status, 401)
  })

  it('takes each backup code once, also from two at the same time', async () => {
    await using house = await openIdentity(engine)
    const { browser: ada, backupCodes } = await withApp(house)
    const verify = `${AUTH}/two-factor/verify-backup-code`
    const [code = ''] = backupCodes
    const [one, other] = [await half(house), await half(house)]
    const statuses = await Promise.all(
      [one, other].map(async (browser) => (await browser.post(verify, { code })).status),
    )
    assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses))
    const third = await half(house)
    assert.equal((await third.post(verify, { code })).status, 401)
    assert.equal((await third.post(verify, { code: backupCodes[1] })).status, 200)
    // new ones take the place of all before
    const made = await ada.post(`${AUTH}/two-factor/generate-backup-codes`, { password: PASSWORD })
    const { backupCodes: fresh } = made.body as { backupCodes: string[] }
    const fourth = await half(house)
    assert.equal((await fourth.post(verify, { code: backupCodes[2] })).status, 401)
    assert.equal((await fourth.post(verify, { code: fresh[2] })).status, 200)
  })

  it('locks the account after ten wrong codes, however often the password was right', async () => {
    await using house = await openIdentity(engine)
    const { totpURI } = await withApp(house)
    const verify = `${AUTH}/two-factor/verify-totp`
    const right = new Set([-1, 0, 1, 2].map((ahead) => totpOf(totpURI, ahead)))
    const wrong = ['000000', '111111', '222222', '333333', '444444'].find((c) => !right.has(c))
    for (let round = 0; round < 2; round += 1) {
      const browser = await half(house)
      for (let i = 0; i < 5; i += 1) {
        assert.equal((await browser.post(verify, { code: wrong })).status, 401)
      }
      assert.equal((await browser.post(verify, { code: wrong })).status, round === 0 ? 400 : 429)
    }
    const locked = await (await half(house)).post(verify, { code: totpOf(totpURI, 1) })
    assert.equal(locked.status, 429)
    assert.match(locked.headers.get('retry-after') ?? '', /^\d+$/)
  })

  it('is given up with the password', async () => {
    await using house = await openIdentity(engine)
    const { browser } = await withApp(house)
    const disable = `${AUTH}/two-factor/disable`
    assert.equal((await browser.post(disable, { password: 'wrong password' })).status, 400)
    assert.equal((await browser.post(disable, { password: PASSWORD })).status, 200)
    const plain = house.browser()
    await plain.post(`${AUTH}/sign-in/email`, account)
    assert.equal((await plain.get('/v1/whoami')).status, 200)
    assert.deepEqual((await house.deeds()).slice(-3), [
      'person.enable_two_factor',
      'person.disable_two_factor',
      'person.sign_in',
    ])
  })
})
