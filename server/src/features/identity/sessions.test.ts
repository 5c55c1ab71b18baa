import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  openIdentity,
  PASSWORD,
  type Browser,
  type IdentityHouse,
} from '../../../tests/support/identity-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { systemClock } from '../../platform/clock.ts'
import { createThrottle } from './throttle.ts'

const ADA = 'ada@example.org'
const DAY_MS = 86_400_000

const signedIn = async (house: IdentityHouse, email = ADA): Promise<Browser> => {
  const browser = house.browser()
  const reply = await browser.post('/api/auth/sign-in/email', { email, password: PASSWORD })
  assert.equal(reply.status, 200, reply.message)
  return browser
}

const statusOf = async (browser: Browser): Promise<number> =>
  (await browser.get('/v1/whoami')).status

interface Listed {
  id: string
  current: boolean
  expiresAt: string
  userAgent: string
}

const list = async (browser: Browser): Promise<Listed[]> =>
  (await browser.get('/api/auth/list-sessions')).body as Listed[]

const age = (house: IdentityHouse, createdMs: number, expiresMs: number) =>
  house.store.write('test.age', (tx) =>
    tx.run('update sessions set created_ms = ?1, expires_ms = ?2', [createdMs, expiresMs]),
  )

onEachEngine('sessions', (engine) => {
  it('are listed for their person and end on the very next request, on every node', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    await house.person('bob@example.org')
    await using second = await openIdentity(engine, { store: house.store })
    const [phone, laptop, bob] = [
      await signedIn(house),
      await signedIn(second),
      await signedIn(house, 'bob@example.org'),
    ]
    const mine = await list(laptop)
    assert.equal(mine.length, 2)
    assert.deepEqual(
      mine.map(({ current }) => current),
      [true, false],
    )
    const other = mine.find(({ current }) => !current)?.id ?? ''
    const revoke = '/api/auth/revoke-session'
    assert.equal((await bob.post(revoke, { id: other })).status, 404, "another person's")
    assert.equal(await statusOf(phone), 200)
    assert.equal((await laptop.post(revoke, { id: other })).status, 200)
    assert.equal(await statusOf(phone), 401)
    assert.equal((await laptop.post(revoke, { id: other })).status, 404)
    assert.equal((await phone.get('/api/auth/list-sessions')).status, 401)

    const third = await signedIn(house)
    assert.equal((await laptop.post('/api/auth/revoke-other-sessions')).status, 200)
    assert.deepEqual([await statusOf(third), await statusOf(laptop)], [401, 200])
    assert.equal(await statusOf(bob), 200)
  })

  it('end with the password, but for the one that changed it', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const [phone, laptop] = [await signedIn(house), await signedIn(house)]
    const change = { currentPassword: PASSWORD, newPassword: 'quite another one' }
    const path = '/api/auth/change-password'
    const wrong = await laptop.post(path, { ...change, currentPassword: 'wrong password' })
    assert.deepEqual([wrong.status, wrong.code], [400, 'invalid_password'])
    const known = await laptop.post(path, { ...change, newPassword: 'password123' })
    assert.equal(known.status, 400)
    const kept = { ...change, revokeOtherSessions: false }
    assert.equal((await laptop.post(path, kept)).status, 400, 'nobody chooses to keep the others')
    const before = new Map(laptop.cookies)
    const done = await laptop.post(path, change)
    assert.equal(done.status, 200, done.message)
    assert.ok(!('token' in (done.body as object)))
    assert.deepEqual([await statusOf(phone), await statusOf(laptop)], [401, 200])
    const old = house.browser()
    for (const [name, value] of before) old.cookies.set(name, value)
    assert.equal(await statusOf(old), 401, 'the session before the change')
    assert.equal((await house.browser().post(path, change)).status, 401)
  })

  it('are guessed at no more often than a password is', async () => {
    await using house = await openIdentity(engine)
    const { personId } = await house.person(ADA)
    const browser = await signedIn(house)
    const throttle = createThrottle({ store: house.store, clock: systemClock })
    for (let i = 0; i < 8; i += 1) await throttle.count('account', personId)
    const guess = { currentPassword: 'wrong password', newPassword: 'quite another one' }
    const statuses = []
    for (let i = 0; i < 3; i += 1) {
      statuses.push((await browser.post('/api/auth/change-password', guess)).status)
    }
    assert.deepEqual(statuses, [400, 400, 429])
  })

  it('live thirty days from their last use and ninety from their beginning', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const browser = await signedIn(house)
    const now = Date.now()
    const expiry = async () => Date.parse((await list(browser))[0]?.expiresAt ?? '')
    const until = async (ms: number) => {
      for (const end = Date.now() + 5_000; Date.now() < end;) {
        if (Math.abs((await expiry()) - ms) < 60_000) return
      }
      assert.fail(`ends ${new Date(await expiry()).toISOString()}`)
    }
    await age(house, now - 25 * DAY_MS, now + 5 * DAY_MS)
    assert.equal(await statusOf(browser), 200)
    await until(now + 30 * DAY_MS)
    await age(house, now - 85 * DAY_MS, now + DAY_MS)
    assert.equal(await statusOf(browser), 200)
    await until(now + 5 * DAY_MS)
    // the library extends on its own address
    await age(house, now - 85 * DAY_MS, now + DAY_MS)
    assert.notEqual((await browser.get('/api/auth/get-session')).body, null)
    await until(now + 5 * DAY_MS)
    await age(house, now - 90 * DAY_MS, now)
    assert.equal(await statusOf(browser), 401)
    assert.equal((await browser.get('/api/auth/get-session')).body, null)
  })

  it('act in the first workspace of their person, or in the one that is named', async () => {
    await using house = await openIdentity(engine)
    const ada = await house.person(ADA)
    const bob = await house.person('bob@example.org')
    const browser = await signedIn(house)
    const acts = async (workspace: string) => {
      const { status, body } = await browser.get('/v1/whoami', { 'melzi-workspace': workspace })
      const { workspaceId, role } = body as { workspaceId?: string; role?: string }
      return [status, workspaceId, role]
    }
    assert.deepEqual(await acts(ada.workspaceId), [200, ada.workspaceId, 'member'])
    assert.equal((await acts(bob.workspaceId))[0], 404)
    await house.store.write('test.join', (tx) =>
      tx.run(
        `insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, 'guest', 2)`,
        [bob.workspaceId, ada.personId],
      ),
    )
    assert.deepEqual(await acts(bob.workspaceId), [200, bob.workspaceId, 'guest'])
    assert.deepEqual(await acts(''), [200, ada.workspaceId, 'member'])
    await house.store.write('test.leave', (tx) =>
      tx.run('delete from memberships where person_id = ?1', [ada.personId]),
    )
    assert.equal(await statusOf(browser), 403)
  })

  it('are no use to whoever was erased', async () => {
    await using house = await openIdentity(engine)
    const { personId } = await house.person(ADA)
    const browser = await signedIn(house)
    await house.store.write('test.erase', (tx) =>
      tx.run('update people set erased_at = 2 where id = ?1', [personId]),
    )
    assert.equal(await statusOf(browser), 401)
    const again = await house
      .browser()
      .post('/api/auth/sign-in/email', { email: ADA, password: PASSWORD })
    assert.equal(again.status, 403)
  })

  it('are swept when they are over', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    await signedIn(house)
    await age(house, 1, 2)
    await signedIn(house)
    await house.identity.sweep()
    assert.equal((await house.store.all('select id from sessions')).length, 1)
  })

  it('leave in the audit log who did what for itself, and nothing for what was refused', async () => {
    await using house = await openIdentity(engine)
    const ada = await house.person(ADA)
    const [phone, laptop] = [await signedIn(house), await signedIn(house)]
    const password = { currentPassword: PASSWORD, newPassword: 'quite another one' }
    await laptop.post('/api/auth/change-password', { ...password, currentPassword: 'wrong' })
    await laptop.post('/api/auth/revoke-session', { id: 'session_x' })
    await laptop.get('/api/auth/verify-email?token=x&callbackURL=/')
    await laptop.get('/api/auth/callback/oidc?error=x')
    const [, other] = await list(laptop)
    await laptop.post('/api/auth/revoke-session', { id: other?.id })
    await phone.post('/api/auth/sign-out')
    await laptop.post('/api/auth/revoke-other-sessions')
    await laptop.post('/api/auth/change-password', password)
    await laptop.post('/api/auth/sign-out')
    assert.deepEqual(await house.deeds(), [
      'person.sign_in',
      'person.sign_in',
      'session.end',
      'session.end_others',
      'person.change_password',
      'person.sign_out',
    ])
    const entries = await house.store.all<{
      workspace_id: string
      person_id: string
      address: string
    }>('select distinct workspace_id, person_id, address from audit_entries')
    assert.deepEqual(
      entries.map((row) => ({ ...row })),
      [{ workspace_id: ada.workspaceId, person_id: ada.personId, address: '127.0.0.1' }],
    )
  })

  it('are heard only from pages of this server', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const browser = await signedIn(house)
    const foreign = { origin: 'https://evil.example' }
    const cases: [Record<string, string | null>, number][] = [
      [{}, 200],
      [{ origin: null }, 403],
      [foreign, 403],
      [{ origin: 'null' }, 403],
      [{ origin: `${house.origin}.evil.example` }, 403],
      [{ origin: house.origin.replace('http:', 'https:') }, 403],
      [{ origin: null, referer: `${house.origin}/` }, 403],
    ]
    for (const [headers, status] of cases) {
      const said = JSON.stringify(headers)
      assert.equal((await browser.post('/v1/whoami', {}, headers)).status, status, said)
      const revoke = await browser.post('/api/auth/revoke-session', { id: 'session_x' }, headers)
      assert.equal(revoke.status, status === 200 ? 404 : 403, said)
    }
    // what is only read is read by pages alone: no answer allows another site to see it
    const read = await browser.get('/v1/whoami', foreign)
    assert.equal(read.headers.get('access-control-allow-credentials'), null)
    // another site can sign nobody in as somebody else; a program without a browser can sign in
    const account = { email: ADA, password: PASSWORD }
    const [evil, program] = [house.browser(), house.browser()]
    assert.equal((await evil.post('/api/auth/sign-in/email', account, foreign)).status, 403)
    assert.equal(
      (await program.post('/api/auth/sign-in/email', account, { origin: null })).status,
      200,
    )
    // a key is judged alone
    const both = { authorization: 'Bearer mlz_wrong', origin: null }
    const judged = await browser.post('/v1/whoami', {}, both)
    assert.deepEqual([judged.status, judged.code], [401, 'invalid_api_key'])
  })
})
