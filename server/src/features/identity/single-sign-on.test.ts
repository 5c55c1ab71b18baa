import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  openIdentity,
  PASSWORD,
  type Browser,
  type IdentityHouse,
} from '../../../tests/support/identity-house.ts'
import { startProvider, type Provider } from '../../../tests/support/oidc-provider.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'

const ADA = 'ada@example.org'
const AUTH = '/api/auth'
const begin = { providerId: 'oidc', callbackURL: '/home', errorCallbackURL: '/sign-in' }

/** Invites the addresses of a list, and joins whoever comes to one workspace. */
const openHouse = async (engine: TestEngine, provider: Provider, invited: readonly string[]) => {
  const joined: [string, string][] = []
  const house: IdentityHouse = await openIdentity(engine, {
    oidc: provider.oidc,
    admit: {
      mayJoin: async (email) => invited.includes(email),
      joined: async (personId, email) => {
        joined.push([personId, email])
        await house.store.write('test.join', async (tx) => {
          await tx.run(
            `insert into workspaces (id, name, created_at) values ('ws_test', 'Test', 1) on conflict (id) do nothing`,
          )
          await tx.run(
            `insert into memberships (workspace_id, person_id, role, created_at) values ('ws_test', ?1, 'member', 1)`,
            [personId],
          )
        })
      },
    },
  })
  return Object.assign(house, { joined })
}

const start = async (browser: Browser): Promise<string> => {
  const reply = await browser.post(`${AUTH}/sign-in/oauth2`, begin)
  assert.equal(reply.status, 200, reply.message)
  assert.equal(reply.headers.get('location'), null)
  return (reply.body as { url: string }).url
}

/** The whole way; gives where the browser ends. */
const goThrough = async (browser: Browser, provider: Provider): Promise<string> => {
  const back = await browser.get(provider.consent(await start(browser)))
  assert.equal(back.status, 302, back.message)
  return back.headers.get('location') ?? ''
}

const people = async (house: IdentityHouse) =>
  house.store.all<{ id: string; name: string; email: string; email_verified: number }>(
    'select id, name, email, email_verified from people',
  )

onEachEngine('single sign-on', (engine) => {
  it('brings in whoever was invited, once, and knows them again', async () => {
    await using provider = await startProvider()
    provider.script.email = 'Ada@Example.org'
    await using house = await openHouse(engine, provider, [ADA])
    assert.deepEqual((await house.browser().get(`${AUTH}/providers`)).body, {
      providers: [{ id: 'oidc', name: 'School account' }],
    })
    assert.deepEqual(provider.seen, [], 'nothing is asked for before somebody signs in')
    const browser = house.browser()
    const url = new URL(await start(browser))
    assert.equal(url.origin, provider.oidc.issuer)
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
    assert.ok((url.searchParams.get('nonce')?.length ?? 0) >= 32)
    assert.equal(url.searchParams.get('redirect_uri'), `${house.origin}${AUTH}/callback/oidc`)
    assert.equal(await goThrough(browser, provider), '/home')
    const [person] = await people(house)
    assert.deepEqual(
      { ...person },
      { id: person?.id, name: 'Ada Lovelace', email: ADA, email_verified: 1 },
    )
    assert.match(person?.id ?? '', /^person_/)
    assert.equal((await browser.get('/v1/whoami')).status, 200)
    const rows = JSON.stringify(await house.store.all('select * from accounts'))
    assert.ok(rows.includes('subject-1') && !rows.includes('access'), 'no token is kept')

    const again = house.browser()
    provider.script.email = 'changed@example.org'
    assert.equal(await goThrough(again, provider), '/home')
    assert.deepEqual(house.joined, [[person?.id, ADA]])
    assert.deepEqual(await house.deeds(), ['person.sign_in', 'person.sign_in'])
    assert.equal((await people(house)).length, 1)
  })

  it('joins whoever is there and was not joined, for the server died in between', async () => {
    await using provider = await startProvider()
    await using house = await openHouse(engine, provider, [ADA])
    await goThrough(house.browser(), provider)
    await house.store.write('test.crash', async (tx) => {
      await tx.run('delete from memberships')
      await tx.run('update people set awaits_admission = 1')
    })
    const browser = house.browser()
    assert.equal(await goThrough(browser, provider), '/home')
    assert.equal((await browser.get('/v1/whoami')).status, 200)
    assert.equal(house.joined.length, 2)
    // whoever was taken out afterwards is not let in again
    await house.store.write('test.remove', (tx) => tx.run('delete from memberships'))
    const removed = house.browser()
    await goThrough(removed, provider)
    assert.equal((await removed.get('/v1/whoami')).status, 403)
  })

  it('refuses whom nobody invited, and an address that was not proven', async () => {
    await using provider = await startProvider()
    await using house = await openHouse(engine, provider, [ADA])
    const refusals: [Partial<typeof provider.script>, string][] = [
      [{ email: 'eve@example.org' }, 'not_invited'],
      [{ email: ADA, email_verified: false }, 'email_not_verified'],
      [{ email: ADA, email_verified: undefined }, 'email_not_verified'],
    ]
    for (const [who, code] of refusals) {
      Object.assign(provider.script, who)
      const browser = house.browser()
      const location = await goThrough(browser, provider)
      assert.match(location, new RegExp(`^/sign-in\\?error=${code}`))
      assert.equal((await browser.get('/v1/whoami')).status, 401)
    }
    assert.deepEqual(await people(house), [])
    assert.deepEqual(house.joined, [])
  })

  it('gives nobody the account of another through an address that was not proven', async () => {
    await using provider = await startProvider()
    await using house = await openHouse(engine, provider, [ADA, 'bob@example.org'])
    const ada = await house.person(ADA)
    await house.person('bob@example.org', false)
    const browser = house.browser()
    // the provider has not verified it
    provider.script.email_verified = false
    assert.match(await goThrough(browser, provider), /^\/sign-in\?error=account_not_linked/)
    // it has, but this server never did: whoever registered it here first may be somebody else
    Object.assign(provider.script, { email: 'bob@example.org', email_verified: true, sub: 'bob' })
    assert.match(await goThrough(browser, provider), /^\/sign-in\?error=account_not_linked/)
    assert.equal((await browser.get('/v1/whoami')).status, 401)
    // both have
    Object.assign(provider.script, { email: ADA, sub: 'ada' })
    assert.equal(await goThrough(browser, provider), '/home')
    const { personId } = (await browser.get('/v1/whoami')).body as { personId: string }
    assert.equal(personId, ada.personId)
    const account = { email: ADA, password: PASSWORD }
    const own = await house.browser().post(`${AUTH}/sign-in/email`, account)
    assert.equal(own.status, 200, 'the password stays')
  })

  it('takes only the answer to its own question, from the same browser, once', async () => {
    await using provider = await startProvider()
    await using house = await openHouse(engine, provider, [ADA])
    const browser = house.browser()
    const url = await start(browser)
    const eve = house.browser()
    const stolen = await eve.get(provider.consent(url))
    assert.match(stolen.headers.get('location') ?? '', /error=state_mismatch/)
    assert.equal((await eve.get('/v1/whoami')).status, 401)
    const callback = `${AUTH}/callback/oidc`
    for (const query of ['', '?code=x', '?code=x&state=made-up', '?error=access_denied']) {
      const reply = await browser.get(callback + query)
      assert.equal(reply.status, 302)
      assert.match(reply.headers.get('location') ?? '', /^\/\?error=/, query)
    }
    const back = provider.consent(await start(browser))
    assert.equal((await browser.get(back)).headers.get('location'), '/home')
    const second = await browser.get(back)
    assert.match(second.headers.get('location') ?? '', /error=state_mismatch/)
  })

  it('believes no ID token that is not for it, of it, or in time', async () => {
    await using provider = await startProvider()
    await using house = await openHouse(engine, provider, [ADA])
    const lies: Record<string, Record<string, unknown>> = {
      'another nonce': { nonce: 'x'.repeat(32) },
      'another audience': { aud: 'somebody-else' },
      'another issuer': { iss: 'https://evil.example' },
      over: { exp: 1_000_000 },
    }
    const refused = async (what: string) => {
      const browser = house.browser()
      assert.match(await goThrough(browser, provider), /^\/sign-in\?error=/, what)
      assert.equal((await browser.get('/v1/whoami')).status, 401, what)
    }
    for (const [what, lie] of Object.entries(lies)) {
      provider.script.claims = (claims) => ({ ...claims, ...lie })
      await refused(what)
    }
    provider.script.claims = ({ nonce: _nonce, ...claims }) => claims
    await refused('no nonce')
    provider.script.claims = (claims) => claims
    provider.script.foreignKey = true
    await refused('a key that is not published')
    assert.deepEqual(await people(house), [])
  })

  it('says that the provider is silent, lets passwords in meanwhile, and asks it again', async () => {
    await using provider = await startProvider()
    provider.script.silent = true
    await using house = await openHouse(engine, provider, [ADA])
    await house.person('bob@example.org')
    const browser = house.browser()
    const reply = await browser.post(`${AUTH}/sign-in/oauth2`, begin)
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '30'])
    const account = { email: 'bob@example.org', password: PASSWORD }
    assert.equal((await house.browser().post(`${AUTH}/sign-in/email`, account)).status, 200)
    provider.script.silent = false
    assert.equal(await goThrough(browser, provider), '/home')
  })

  it('takes nothing along that a client adds', async () => {
    await using provider = await startProvider()
    await using house = await openHouse(engine, provider, [ADA])
    const additions = [
      { idToken: { token: 'x' } },
      { scopes: ['admin'] },
      { additionalParams: { prompt: 'none' } },
      { additionalData: { link: { userId: 'x', email: ADA } } },
      { requestSignUp: true },
      { newUserCallbackURL: 'https://evil.example' },
      { providerId: 'github' },
      { provider: 'github' },
    ]
    for (const addition of additions) {
      const reply = await house.browser().post(`${AUTH}/sign-in/oauth2`, { ...begin, ...addition })
      assert.equal(reply.status, 400, JSON.stringify(addition))
    }
    await using without = await openIdentity(engine, { store: house.store })
    assert.equal((await without.browser().post(`${AUTH}/sign-in/oauth2`, begin)).status, 404)
  })
})
