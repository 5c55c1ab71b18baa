import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openLeakHouse, type Caller, type LeakHouse } from '../support/leak-house.ts'
import { onEachEngine } from '../support/store-engines.ts'

// Holes that others of this kind had, on people: each is a way to be somebody else, or more than one is. That no page of another site changes
// anything, where links lead, and how often a password may be tried is tested beside signing in (features/identity).

const PASSWORD = 'five wrong horses'

interface Sent {
  id: string
  link: string
}

const tokenOf = (link: string): string => link.split('#')[1] ?? ''

onEachEngine('ways to be somebody else', (engine) => {
  describe('that are closed', () => {
    let h: LeakHouse
    let head: Caller
    let admin: Caller
    let member: Caller
    let guest: Caller
    let outsider: Caller
    let elsewhere: string

    before(async () => {
      h = await openLeakHouse(engine)
      head = await h.person('second owner', 'owner')
      admin = await h.person('admin', 'admin')
      member = await h.person('member')
      guest = await h.person('guest', 'guest')
      elsewhere = await h.workspace()
      outsider = await h.person('outsider', 'owner', elsewhere)
    })
    after(() => h[Symbol.asyncDispose]())

    const statusOf = async (who: Caller, method: string, address: string, body?: unknown) =>
      (await h.ask(who, method, address, body)).status
    const browser = (name: string): Caller => ({
      name,
      personId: '',
      headers: { origin: h.origin },
      heard: [],
    })
    /** As browsers do: what an answer sets is sent from then on. */
    const visit = async (who: Caller, address: string, body: object): Promise<number> => {
      const { headers, status } = await h.ask(who, 'POST', address, body)
      const [, cookie] = /"set-cookie","([^;"]+)/.exec(headers) ?? []
      if (cookie !== undefined) who.headers['cookie'] = cookie
      return status
    }
    const invited = (email: string, role = 'member'): Promise<Sent> =>
      h.make<Sent>(head, '/invitations', { email, role })
    const accept = (token: string) => ({ token, name: 'New', password: PASSWORD })
    /** Somebody who came by an invitation and is signed in. */
    const newcomer = async (email: string, role = 'member'): Promise<Caller> => {
      const who = browser(email)
      const { link } = await invited(email, role)
      assert.equal(await visit(who, '/invitations/accept', accept(tokenOf(link))), 200)
      const me = await h.get<{ id: string }>(who, '/me')
      return Object.assign(who, { personId: me.id })
    }

    it('an invitation is good once, also for two who come at the same moment', async () => {
      const { link } = await invited('once@example.org')
      const token = tokenOf(link)
      const both = [browser('one'), browser('two')]
      const statuses = await Promise.all(
        both.map((who) => visit(who, '/invitations/accept', accept(token))),
      )
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses))
      // the other finds the link used or, when it came later, the address somebody's
      assert.ok(
        statuses.some((status) => status === 404 || status === 403),
        String(statuses),
      )
      assert.equal(await visit(browser('three'), '/invitations/accept', accept(token)), 404)
      assert.equal(await visit(browser('four'), '/invitations/look', { token }), 404)
      const entered = both.filter(({ headers }) => headers['cookie'] !== undefined)
      assert.equal(entered.length, 1)
    })

    it('an invitation of an address that somebody has is for that person only', async () => {
      const known = await newcomer('known@example.org')
      const other = await newcomer('other@example.org')
      await h.ask(head, 'DELETE', `/people/${known.personId}`)
      const { link } = await invited('known@example.org')
      const token = tokenOf(link)
      for (const who of [browser('nobody'), other, member, outsider])
        assert.equal(await visit(who, '/invitations/accept', accept(token)), 403, who.name)
      const plain = { token, name: null, password: null }
      assert.equal(await visit(known, '/invitations/accept', plain), 200)
      assert.equal((await h.get<{ id: string }>(known, '/me')).id, known.personId)
      // the old password is as it was: nobody set another on the way
      const again = browser('again')
      const given = { email: 'known@example.org', password: PASSWORD }
      assert.equal(await visit(again, '/api/auth/sign-in/email', given), 200)
    })

    it('a member that is removed has neither key nor session, and comes back without its old keys', async () => {
      const gone = await newcomer('gone@example.org')
      const { key } = await h.make<{ key: string }>(gone, '/keys', { name: 'old' })
      const byKey: Caller = { ...gone, headers: { authorization: `Bearer ${key}` }, heard: [] }
      assert.equal(await statusOf(byKey, 'GET', '/threads'), 200)
      assert.equal(await statusOf(head, 'DELETE', `/people/${gone.personId}`), 200)
      assert.equal(await statusOf(byKey, 'GET', '/threads'), 401)
      assert.equal(await statusOf(gone, 'GET', '/threads'), 403)
      const { link } = await invited('gone@example.org', 'guest')
      const plain = { token: tokenOf(link), name: null, password: null }
      assert.equal(await visit(gone, '/invitations/accept', plain), 200)
      assert.equal(await statusOf(gone, 'GET', '/threads'), 200)
      assert.equal(await statusOf(byKey, 'GET', '/threads'), 401)
    })

    it('a session acts in the workspaces of its person, whatever the header says', async () => {
      const who = await newcomer('header@example.org')
      for (const id of [elsewhere, 'ws_none']) {
        const named = { ...who, headers: { ...who.headers, 'melzi-workspace': id } }
        for (const address of ['/me', '/people', `/people/${outsider.personId}`, '/assistants'])
          assert.equal(await statusOf(named, 'GET', address), 404, address)
      }
      const byKey = { ...member, headers: { ...member.headers, 'melzi-workspace': elsewhere } }
      const me = await h.get<{ workspace: { id: string } }>(byKey, '/me')
      assert.equal(me.workspace.id, h.homeId)
    })

    it('a session begins with a token of the server’s, never with one that was there before', async () => {
      await newcomer('fixed@example.org')
      const given = { email: 'fixed@example.org', password: PASSWORD }
      const before = await newcomer('planter@example.org')
      const planted = before.headers['cookie'] ?? ''
      const victim = browser('victim')
      victim.headers['cookie'] = planted
      assert.equal(await visit(victim, '/api/auth/sign-in/email', given), 200)
      assert.notEqual(victim.headers['cookie'], planted)
      const who = async (cookie: string) => {
        const one = { ...browser('holder'), headers: { origin: h.origin, cookie } }
        return (await h.get<{ email: string }>(one, '/me')).email
      }
      assert.equal(await who(victim.headers['cookie'] ?? ''), 'fixed@example.org')
      assert.equal(await who(planted), 'planter@example.org')
      const chosen = browser('chosen')
      chosen.headers['cookie'] = `${planted.split('=')[0]}=${'a'.repeat(43)}.chosen`
      assert.equal(await statusOf(chosen, 'GET', '/me'), 401)
    })

    it('a guest makes nothing that would be more', async () => {
      const { id: assistant } = await h.make(member, '/assistants', { model: 'scripted' })
      await h.share(member, assistant, guest, 'use')
      const link = await h.linkGuest(member, [assistant])
      const shares = `/assistants/${assistant}/shares`
      const asked: [string, object][] = [
        ['/keys', { name: 'mine' }],
        [`/assistants/${assistant}/keys`, { name: 'mine' }],
        ['/assistants', { model: 'scripted' }],
        [`/assistants/${assistant}`, { name: 'Mine' }],
        [`/assistants/${assistant}/duplicate`, {}],
        [`/assistants/${assistant}/transfer`, { person_id: guest.personId }],
        [shares, { type: 'link', guests: true }],
        [shares, { type: 'workspace', access: 'edit' }],
        ['/invitations', { email: 'friend@example.org' }],
        ['/groups', { name: 'Guests' }],
        ['/workspaces', { name: 'Mine' }],
        [`/workspaces/${h.homeId}`, { name: 'Mine' }],
        ['/vector_stores', {}],
        ['/plugins', { id: 'mine', api: { type: 'python', python: { source: 'print(1)' } } }],
        ['/webhooks', { url: 'https://example.org/hook', events: ['run.completed'] }],
        ['/chat/completions', { model: 'scripted', messages: [{ role: 'user', content: 'Hi' }] }],
        ['/retention', { threads_days: 1 }],
      ]
      for (const who of [guest, link]) {
        for (const [address, body] of asked)
          assert.ok([403, 404].includes(await statusOf(who, 'POST', address, body)), address)
        const role = await statusOf(who, 'POST', `/people/${who.personId}`, { role: 'member' })
        assert.equal(role, 403)
        for (const address of ['/people', '/groups', '/audit', '/invitations', '/keys', shares])
          assert.equal(await statusOf(who, 'GET', address), 403, address)
      }
    })

    it('nobody rises, and nobody takes what is above', async () => {
      const role = (who: Caller, whose: Caller, to: string) =>
        statusOf(who, 'POST', `/people/${whose.personId}`, { role: to })
      for (const to of ['owner', 'admin']) {
        assert.equal(await role(admin, member, to), 403)
        assert.equal(await role(member, member, to), 403)
        assert.equal(await role(guest, guest, to), 403)
        assert.equal(await role(outsider, member, to), 404)
      }
      assert.equal(await role(admin, admin, 'owner'), 403)
      for (const to of ['member', 'guest']) assert.equal(await role(admin, head, to), 403)
      assert.equal(await statusOf(admin, 'DELETE', `/people/${head.personId}`), 403)
      const email = 'new-admin@example.org'
      assert.equal(await statusOf(admin, 'POST', '/invitations', { email, role: 'admin' }), 403)
      assert.equal(await statusOf(head, 'POST', '/invitations', { email, role: 'owner' }), 400)
      assert.equal(await statusOf(member, 'POST', '/invitations', { email }), 403)
    })

    it('an admin has no invitation sent again that leads to more than its own', async () => {
      const { id } = await invited('rank@example.org', 'admin')
      const { id: assistant } = await h.make(member, '/assistants', { model: 'scripted' })
      const share = { type: 'person', email: 'shared@example.org', access: 'edit' }
      const shared = await h.make<Sent>(member, `/assistants/${assistant}/shares`, share)
      for (const one of [id, shared.id]) {
        // where no mail leaves, its answer holds the link
        const answer = await h.ask(admin, 'POST', `/invitations/${one}/resend`)
        assert.equal(answer.status, 403, answer.text)
      }
      const { id: plain } = await invited('plain@example.org')
      assert.equal(await statusOf(admin, 'POST', `/invitations/${plain}/resend`), 200)
      assert.equal(await statusOf(head, 'POST', `/invitations/${id}/resend`), 200)
    })

    it('nobody takes along or erases another, and owners alone answer for it', async () => {
      const victim = await h.person('victim')
      const confirm = { confirm: victim.personId }
      const limited = await h.limitedKey(victim, [])
      const cases: [Caller, number, number][] = [
        [member, 403, 403],
        [guest, 403, 403],
        [outsider, 404, 404],
        [limited, 403, 403],
      ]
      for (const [who, exported, erased] of cases) {
        const at = `/people/${victim.personId}`
        assert.equal(await statusOf(who, 'GET', `${at}/export`), exported, who.name)
        assert.equal(await statusOf(who, 'POST', `${at}/erase`, confirm), erased, who.name)
        assert.equal(await statusOf(who, 'DELETE', at), erased, who.name)
      }
      assert.equal(await statusOf(admin, 'GET', `/people/${victim.personId}/export`), 403)
      const head_ = `/people/${head.personId}`
      assert.equal(await statusOf(admin, 'POST', `${head_}/erase`, { confirm: head.personId }), 403)
      assert.equal(await statusOf(victim, 'GET', '/me'), 200)
    })

    it('the set-up link is good once, for two at the same moment, and never again when there is an account', async () => {
      const { setup } = h.context.community
      const first = await setup.newLink()
      const second = await setup.newLink()
      assert.ok(first !== null && second !== null)
      const me = (token: string, email: string) => ({ ...accept(token), email })
      // the link of an earlier start is dead
      assert.equal(await visit(browser('late'), '/setup', me(first, 'late@example.org')), 404)
      const both = await Promise.all(
        ['a', 'b'].map((name) => visit(browser(name), '/setup', me(second, `${name}@example.org`))),
      )
      assert.deepEqual(
        both.toSorted((a, b) => a - b),
        [200, 404],
      )
      assert.equal(await visit(browser('c'), '/setup', me(second, 'c@example.org')), 404)
      assert.equal(await setup.newLink(), null)
    })

    it('a set-up link of an old log sets no password of whoever owns the server by then', async () => {
      const { store, community } = h.context
      const [owner] = await store.all<{ person_id: string }>(
        "select person_id from memberships where role = 'owner' order by workspace_id, created_at, person_id",
      )
      const id = owner?.person_id ?? ''
      // as if nobody had set it up yet
      await store.write('test.no account', (tx) =>
        tx.run('delete from accounts where person_id = ?1', [id]),
      )
      const token = (await community.setup.newLink()) ?? ''
      const passwordHash = await community.identity.accounts.hashPassword(PASSWORD)
      const account = { email: 'heir@example.org', passwordHash, emailVerified: true }
      await store.write('test.account', (tx) =>
        community.identity.accounts.giveAccount(tx, id, account),
      )
      const thief = {
        token,
        name: 'Thief',
        email: 'thief@example.org',
        password: 'six wrong horses',
      }
      assert.equal(await visit(browser('thief'), '/setup', thief), 404)
      const given = { email: 'heir@example.org', password: PASSWORD }
      assert.equal(await visit(browser('heir'), '/api/auth/sign-in/email', given), 200)
    })
  })
})
