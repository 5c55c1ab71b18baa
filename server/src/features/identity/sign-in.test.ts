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
import { ENDPOINTS } from './endpoints.ts'
import { createThrottle } from './throttle.ts'

const ADA = 'ada@example.org'
const SIGN_IN = '/api/auth/sign-in/email'
const signIn = { email: ADA, password: PASSWORD }

/** The name and the value of the session's cookie. */
const tokenOf = (browser: Browser): string =>
  decodeURIComponent(browser.cookies.get('melzi.session_token') ?? '').split('.')[0] ?? ''

const signedIn = async (house: IdentityHouse, email = ADA): Promise<Browser> => {
  const browser = house.browser()
  const reply = await browser.post(SIGN_IN, { email, password: PASSWORD })
  assert.equal(reply.status, 200, reply.message)
  return browser
}

onEachEngine('signing in', (engine) => {
  it('makes a session that speaks for its person, until it signs out', async () => {
    await using house = await openIdentity(engine)
    const { personId, workspaceId } = await house.person('Ada@Example.org')
    const browser = house.browser()
    const reply = await browser.post(SIGN_IN, signIn)
    assert.equal(reply.status, 200, reply.message)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    const [cookie = ''] = reply.headers.getSetCookie()
    assert.match(
      cookie,
      /^melzi\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    const token = tokenOf(browser)
    assert.ok(token.length >= 32)
    assert.ok(!JSON.stringify(reply.body).includes(token), 'a script could read the token')
    assert.ok(!JSON.stringify(await house.store.all('select * from sessions')).includes(token))

    const who = await browser.get('/v1/whoami')
    const { sessionId, ...principal } = who.body as { sessionId: string }
    assert.match(sessionId, /^session_/)
    assert.deepEqual(principal, {
      workspaceId,
      personId,
      role: 'member',
      keyId: null,
      from: '127.0.0.1',
      scope: null,
    })
    const seen = (await browser.get('/api/auth/get-session')).body as { user: { email: string } }
    assert.equal(seen.user.email, ADA)
    assert.ok(!JSON.stringify(seen).includes(token))

    const kept = browser.cookies.get('melzi.session_token') ?? ''
    assert.equal((await browser.post('/api/auth/sign-out')).status, 200)
    assert.equal(browser.cookies.size, 0)
    browser.cookies.set('melzi.session_token', kept)
    assert.equal((await browser.get('/v1/whoami')).status, 401)
  })

  it('says the same, after the same work, for a wrong password and an address nobody has', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const browser = house.browser()
    const timed = async (email: string) => {
      const begun = process.cpuUsage()
      const { status, body } = await browser.post(SIGN_IN, { email, password: 'wrong password' })
      const { user, system } = process.cpuUsage(begun)
      return { ms: (user + system) / 1000, said: JSON.stringify({ status, body }) }
    }
    const known: { ms: number; said: string }[] = []
    const unknown: { ms: number; said: string }[] = []
    for (let i = 0; i < 6; i += 1) {
      known.push(await timed(ADA))
      unknown.push(await timed(`nobody${i}@example.org`))
    }
    assert.equal(new Set([...known, ...unknown].map(({ said }) => said)).size, 1)
    assert.match(known[0]?.said ?? '', /"status":401.*invalid_email_or_password/)
    // processor time, since others share this machine, and the least of each; without a hash it would be a tenth
    const ratio = Math.min(...unknown.map(({ ms }) => ms)) / Math.min(...known.map(({ ms }) => ms))
    assert.ok(ratio > 0.6 && ratio < 1.7, `an unknown address takes ${ratio} of the work`)
  })

  it('opens no account to whoever asks', async () => {
    await using house = await openIdentity(engine)
    const browser = house.browser()
    const account = { ...signIn, name: 'Eve' }
    const paths = [
      '/sign-up/email',
      '/update-user',
      '/delete-user',
      '/link-social',
      '/ok',
      '/error',
    ]
    const others = [
      '/reset-password/x',
      '/get-access-token',
      '/list-accounts',
      '/two-factor/send-otp',
    ]
    for (const path of [...paths, ...others]) {
      assert.equal((await browser.post(`/api/auth${path}`, account)).status, 404, path)
    }
    assert.deepEqual(await house.store.all('select id from people'), [])
  })

  it('lets ten passwords of one account be tried, on all nodes together, and others in meanwhile', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    await house.person('bob@example.org')
    await using second = await openIdentity(engine, { store: house.store })
    const [one, other] = [house.browser(), second.browser()]
    const wrong = { email: ` ${ADA.toUpperCase()} `.trim(), password: 'wrong password' }
    const tried = await Promise.all(
      Array.from({ length: 14 }, (_, i) => (i % 2 === 0 ? one : other).post(SIGN_IN, wrong)),
    )
    const statuses = tried.map(({ status }) => status).toSorted((a, b) => a - b)
    assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(4).fill(429)])
    const refused = await house.browser().post(SIGN_IN, signIn)
    assert.equal(refused.status, 429, 'the right password is one more guess')
    assert.equal(refused.code, 'rate_limit_exceeded')
    const wait = Number(refused.headers.get('retry-after'))
    assert.ok(wait > 800 && wait <= 900, `retry-after ${wait}`)
    await signedIn(house, 'bob@example.org')
    // when the time is over
    await house.store.write('test.time', (tx) =>
      tx.run('update sign_in_attempts set window_ends_ms = ?1', [Date.now() - 1]),
    )
    await signedIn(house)
  })

  it('counts an address nobody has like any other, and forgets after the right password', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const browser = house.browser()
    const statuses = async (email: string, times: number) => {
      const wrong = { email, password: 'wrong password' }
      const replies = []
      for (let i = 0; i < times; i += 1) replies.push((await browser.post(SIGN_IN, wrong)).status)
      return replies
    }
    assert.deepEqual(await statuses('nobody@example.org', 11), [...Array(10).fill(401), 429])
    const throttle = createThrottle({ store: house.store, clock: systemClock })
    const guessed = async () => {
      for (let i = 0; i < 9; i += 1) await throttle.count('account', ADA)
    }
    await guessed()
    await signedIn(house)
    await guessed()
    assert.deepEqual(await statuses(ADA, 2), [401, 429])
  })

  it('lets sixty be tried from one address', async () => {
    await using house = await openIdentity(engine)
    const throttle = createThrottle({ store: house.store, clock: systemClock })
    for (let i = 0; i < 60; i += 1) await throttle.count('address', '192.0.2.1')
    await assert.rejects(throttle.count('address', '192.0.2.1'), { status: 429 })
    await throttle.count('address', '192.0.2.2')
  })

  it('refuses what is no cookie of this server, and a token somebody chose', async () => {
    await using house = await openIdentity(engine)
    await house.person(ADA)
    const chosen = 'A'.repeat(43)
    const victim = house.browser()
    victim.cookies.set('melzi.session_token', `${chosen}.${'A'.repeat(43)}%3D`)
    assert.equal((await victim.get('/v1/whoami')).status, 401)
    assert.equal((await victim.post(SIGN_IN, signIn)).status, 200)
    assert.notEqual(tokenOf(victim), chosen)
    const eve = house.browser()
    const good = victim.cookies.get('melzi.session_token') ?? ''
    const [token = '', mac = ''] = decodeURIComponent(good).split('.')
    const flipped = `${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`
    for (const cookie of [
      token,
      `${token}.`,
      `${token}.${flipped}`,
      `.${mac}`,
      '%',
      '',
      `${chosen}.${mac}`,
    ]) {
      eve.cookies.set('melzi.session_token', encodeURIComponent(cookie))
      assert.equal((await eve.get('/v1/whoami')).status, 401, cookie)
      assert.equal((await eve.get('/api/auth/get-session')).body, null, cookie)
    }
    // a second sign-in makes another session, and leaves nothing that was before in its place
    const before = tokenOf(victim)
    await victim.post(SIGN_IN, signIn)
    assert.notEqual(tokenOf(victim), before)
  })

  it('keeps cookies to this host where there is TLS', async () => {
    await using house = await openIdentity(engine, { publicUrl: 'https://melzi.example.org' })
    const { personId } = await house.person(ADA)
    const browser = house.browser()
    const reply = await browser.post(SIGN_IN, signIn, { origin: 'https://melzi.example.org' })
    assert.equal(reply.status, 200, reply.message)
    const form = /^__Host-melzi\.session_token=[^;]+;.* Path=\/; HttpOnly; Secure; SameSite=Lax$/
    assert.match(reply.headers.getSetCookie()[0] ?? '', form)
    const from = { address: '192.0.2.7', userAgent: 'test' }
    const [own = ''] = await house.identity.accounts.startSession(personId, from)
    assert.match(own, form)
    assert.equal((await browser.get('/v1/whoami')).status, 200)
  })

  it('starts a session for whoever proved itself elsewhere', async () => {
    await using house = await openIdentity(engine)
    const { personId } = await house.person(ADA)
    const { accounts } = house.identity
    const from = { address: '192.0.2.7', userAgent: 'test' }
    const [cookie = ''] = await accounts.startSession(personId, from)
    const browser = house.browser()
    browser.cookies.set('melzi.session_token', /=([^;]*)/.exec(cookie)?.[1] ?? '')
    assert.equal((await browser.get('/v1/whoami')).status, 200)
    const session = (await browser.get('/api/auth/get-session')).body as {
      session: { ipAddress: string }
    }
    assert.equal(session.session.ipAddress, '192.0.2.7')
  })

  it('gives accounts: one address for one person, no password that everybody knows', async () => {
    await using house = await openIdentity(engine)
    const { personId } = await house.person(ADA)
    const { accounts } = house.identity
    await assert.rejects(house.person('ADA@example.org'), { status: 400, param: 'email' })
    const found = await accounts.findPersonByEmail(house.store, 'Ada@Example.org')
    assert.equal(found?.id, personId)
    assert.equal(await accounts.hasAccount(house.store, personId), true)
    assert.equal(await accounts.hasAccount(house.store, 'person_x'), false)
    const bad = [
      'short',
      '123456789',
      'Password123',
      '１２３４５６７８９０',
      'aaaaaaaaaaaa',
      'a'.repeat(129),
    ]
    for (const password of bad) {
      await assert.rejects(accounts.hashPassword(password), { status: 400, param: 'password' })
    }
  })

  it('takes whatever is sent without breaking', async () => {
    await using house = await openIdentity(engine)
    const deep = JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as unknown
    const long = 'x'.repeat(100_000)
    const values = [
      null,
      7,
      [],
      {},
      '',
      'x',
      '\u0000',
      '\ud800',
      long,
      deep,
      ['a@b.test'],
      { $ne: 1 },
    ]
    const names = ['email', 'password', 'newPassword', 'currentPassword', 'token', 'code', 'id']
    const cookies = ['', '=', 'melzi.session_token', 'melzi.two_factor=x.y; melzi.state=%']
    for (const { method, path } of ENDPOINTS) {
      for (const [i, value] of values.entries()) {
        const body = Object.fromEntries(names.map((name) => [name, value]))
        const good = { email: ADA, password: 'x', newPassword: PASSWORD, code: value, token: value }
        for (const sent of method === 'GET' ? [undefined] : [body, good, value, [body]]) {
          const query =
            method === 'GET'
              ? `?${new URLSearchParams({ state: String(value), token: long.slice(0, i), code: 'x' }).toString()}`
              : ''
          const browser = house.browser()
          const headers = { cookie: cookies[i % cookies.length] ?? '' }
          const { status } = await browser.send(method, `/api/auth${path}${query}`, sent, headers)
          assert.ok(status < 500, `${status} for ${path} ${JSON.stringify(sent)?.slice(0, 80)}`)
        }
        await house.store.write('test.calm', (tx) => tx.run('delete from sign_in_attempts'))
      }
    }
  })
})
