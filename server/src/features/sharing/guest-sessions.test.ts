import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunObject } from '@melzi/contract/run.ts'
import type { NewShare, RedeemedShareLink } from '@melzi/contract/share.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from '../../../tests/support/door-house.ts'
import { Api } from '../../../tests/support/factories.ts'
import type { WireEvent } from '../../../tests/support/sse.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { newId } from '../../platform/ids.ts'

onEachEngine('guests with a session', (engine) => {
  describe('through the door', () => {
    let house: DoorHouse
    let owner: Somebody
    let origin: string

    before(async () => {
      house = await openDoorHouse(engine)
      owner = await house.person({ email: 'owner@example.com' })
      ;({ origin } = new URL(house.baseUrl))
    })
    after(() => house?.[Symbol.asyncDispose]())

    const linked = async (fields: object = { guests: true }) => {
      const { id } = await owner.api.assistant()
      const path = `/assistants/${id}/shares`
      const share = await owner.api.post<NewShare>(path, { type: 'link', ...fields })
      return { id, path: `${path}/${share.id}`, token: share.link?.token ?? '' }
    }
    const redeem = (token: string, headers: Record<string, string> = {}) =>
      fetch(`${house.baseUrl}/share-links/redeem`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin, ...headers },
        body: JSON.stringify({ token }),
      })
    /** A browser with the cookie it was given. */
    const browser = (cookie: string, more: Record<string, string> = {}) =>
      new Api({ baseUrl: house.baseUrl, apiKey: '' }, { cookie, origin, ...more })
    const entered = async (token: string) => {
      const reply = await redeem(token)
      assert.equal(reply.status, 200)
      const [line = ''] = reply.headers.getSetCookie()
      assert.match(line, /HttpOnly/i)
      const cookie = line.split(';')[0] ?? ''
      const { person_id: personId } = (await reply.json()) as RedeemedShareLink
      return { cookie, personId, api: browser(cookie) }
    }

    it('use what the link gave them, and nothing else', async () => {
      const { id, token } = await linked()
      const other = await owner.api.assistant()
      const { api, cookie, personId } = await entered(token)
      house.model.push({ text: ['Good day.'] })
      const thread = await api.thread('Hello')
      const run = await api.settled(await api.run(thread.id, id))
      assert.equal(run.status, 'completed')
      await api.refused('GET', `/assistants/${other.id}`, undefined, { status: 404 })
      await api.refused('POST', '/assistants', { model: 'scripted' }, { status: 403 })
      await api.refused('GET', `/assistants/${id}/shares`, undefined, { status: 403 })
      // the session goes on with another link, and is the same person
      const second = await linked()
      const again = await redeem(second.token, { cookie })
      assert.deepEqual(again.headers.getSetCookie(), [])
      assert.equal(((await again.json()) as RedeemedShareLink).person_id, personId)
      const closed = await linked({})
      assert.equal((await redeem(closed.token, { cookie })).status, 401)
    })

    it('lose the stream and the run with the share, and the stream alone with the session', async () => {
      for (const deed of ['share', 'session'] as const) {
        const { id, path, token } = await linked()
        const { api, personId } = await entered(token)
        house.model.push({ text: ['Once ', 'upon'], hangAfter: 2 })
        const thread = await api.thread('Go on.')
        const events: WireEvent[] = []
        for await (const event of api.stream(`/threads/${thread.id}/runs`, { assistant_id: id })) {
          if (event.event === 'thread.message.delta' && events.at(-1)?.event !== event.event) {
            if (deed === 'share') await owner.api.delete(path)
            else await house.sql('delete from sessions where person_id = ?1', personId)
          }
          events.push(event)
        }
        const last = events.at(-1)
        assert.equal(last?.event, 'error')
        const { error } = last.data as { error: { code: string } }
        assert.equal(error.code, deed === 'share' ? 'insufficient_permissions' : 'invalid_api_key')
        const status = deed === 'share' ? 404 : 401
        await api.refused('POST', '/threads/runs', { assistant_id: id }, { status })
        const run = events.find(({ event }) => event === 'thread.run.created')?.data as RunObject
        const stored = async () =>
          (
            await house.context.store.get<{ status: string }>(
              'select status from runs where id = ?1',
              [run.id],
            )
          )?.status
        // a client that leaves never ends a run
        if (deed === 'session') {
          assert.equal(await stored(), 'in_progress')
          continue
        }
        const until = Date.now() + 5_000
        while ((await stored()) !== 'cancelled') {
          assert.ok(Date.now() < until)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    })

    it('are made by no page of another site', async () => {
      const { token } = await linked()
      const foreign = 'https://elsewhere.example'
      assert.equal((await redeem(token, { origin: foreign })).status, 403)
      const { api: _api, cookie } = await entered(token)
      const forged = browser(cookie, { origin: foreign })
      await forged.refused('POST', '/share-links/redeem', { token }, { status: 403 })
      // a key is shown by whoever has it, on whatever page
      const page = new Api(
        { baseUrl: house.baseUrl, apiKey: '' },
        { authorization: `Bearer ${owner.apiKey}`, origin: foreign },
      )
      await page.post('/share-links/redeem', { token })
    })

    it('may come anew when their session is over, and people who are in no workspace may come', async () => {
      const { id, token } = await linked()
      const { cookie, personId } = await entered(token)
      await house.sql('delete from sessions where person_id = ?1', personId)
      const anew = (await (await redeem(token, { cookie })).json()) as RedeemedShareLink
      assert.notEqual(anew.person_id, personId)
      const closed = await linked({})
      const homeless = newId('person_')
      await house.sql(
        "insert into people (id, name, email, created_at) values (?1, 'Homeless', ?2, 1)",
        homeless,
        `${homeless.toLowerCase()}@example.com`,
      )
      const from = { address: null, userAgent: null }
      const [line = ''] = await house.context.community.identity.accounts.startSession(
        homeless,
        from,
      )
      const api = browser(line.split(';')[0] ?? '')
      await api.refused('GET', `/assistants/${closed.id}`, undefined, { status: 403 })
      const taken = await api.post<RedeemedShareLink>('/share-links/redeem', {
        token: closed.token,
      })
      assert.equal(taken.person_id, homeless)
      await api.get(`/assistants/${closed.id}`)
      await api.refused('GET', `/assistants/${id}`, undefined, { status: 404 })
    })

    it('are not swept while they are signed in', async () => {
      const { path, token } = await linked()
      const { personId } = await entered(token)
      await owner.api.delete(path)
      await house.sql('update memberships set created_at = 1 where person_id = ?1', personId)
      const isThere = async () =>
        (await house.context.store.get('select 1 from memberships where person_id = ?1', [
          personId,
        ])) !== null
      await house.context.community.sharing.sweepGuests()
      assert.ok(await isThere())
      await house.sql('delete from sessions where person_id = ?1', personId)
      await house.context.community.sharing.sweepGuests()
      assert.ok(!(await isThere()))
    })
  })
})
