import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openIdentity, PASSWORD } from '../../../tests/support/identity-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const signIn = { email: 'ada@example.org', password: PASSWORD }

onEachEngine('signing in', (engine) => {
  it('makes a session that speaks for its person, until it signs out', async () => {
    await using house = await openIdentity(engine)
    const { personId, workspaceId } = await house.person('Ada@Example.org')
    const browser = house.browser()
    const reply = await browser.post('/api/auth/sign-in/email', signIn)
    assert.equal(reply.status, 200, reply.message)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    const [cookie = ''] = reply.headers.getSetCookie()
    assert.match(
      cookie,
      /^melzi\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    const token = decodeURIComponent(/=([^;]*)/.exec(cookie)?.[1] ?? '').split('.')[0] ?? ''
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
    assert.equal(seen.user.email, 'ada@example.org')
    assert.ok(!JSON.stringify(seen).includes(token))

    assert.equal((await browser.post('/api/auth/sign-out')).status, 200)
    browser.cookies.set('melzi.session_token', /=([^;]*)/.exec(cookie)?.[1] ?? '')
    assert.equal((await browser.get('/v1/whoami')).status, 401)
  })
})
