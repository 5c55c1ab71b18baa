import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type {
  AccessList,
  NewShare,
  RedeemedShareLink,
  ShareLinkLook,
  ShareObject,
} from '@melzi/contract/share.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from '../../../tests/support/door-house.ts'
import { Api } from '../../../tests/support/factories.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { newSecretToken } from '../../platform/secret-token.ts'

const GONE = "No share link found with id 'this token'."

onEachEngine('share links', (engine) => {
  describe('through the door', () => {
    let house: DoorHouse
    let owner: Somebody
    let friend: Somebody
    let stranger: Somebody
    /** Not signed in. */
    let nobody: Api

    before(async () => {
      house = await openDoorHouse(engine)
      owner = await house.person({ email: 'owner@example.com' })
      friend = await house.person({ workspaceId: owner.workspaceId, email: 'friend@example.com' })
      stranger = await house.person({ email: 'stranger@example.com' })
      nobody = new Api({ baseUrl: house.baseUrl, apiKey: '' }, {})
    })
    after(() => house?.[Symbol.asyncDispose]())

    const linked = async (fields: object = {}) => {
      const { id } = await owner.api.assistant({
        name: 'Leonardo',
        description: 'Paints.',
        instructions: 'secret',
      })
      const path = `/assistants/${id}/shares`
      const share = await owner.api.post<NewShare>(path, { type: 'link', ...fields })
      return { id, share, path: `${path}/${share.id}`, token: share.link?.token ?? '' }
    }
    const redeem = (api: Api, token: string, password?: string) =>
      api.request('POST', '/share-links/redeem', {
        token,
        ...(password === undefined ? {} : { password }),
      })
    const status = async (reply: Promise<{ status: number }>) => (await reply).status

    it('are shown to the owner again, and kept as hash and sealed text only', async () => {
      const { share, path, token } = await linked({ password: 'open sesame' })
      assert.equal(Buffer.from(token, 'base64url').length, 32)
      assert.match(
        share.link?.url ?? '',
        new RegExp(`^http://127\\.0\\.0\\.1:\\d+/share#${token}$`),
      )
      const again = await owner.api.get<ShareObject>(path)
      assert.deepEqual(again.link, share.link)
      assert.equal(share.link?.has_password, true)
      const row = JSON.stringify(
        await house.context.store.get('select * from shares where id = ?1', [share.id]),
      )
      assert.ok(!row.includes(token) && !row.includes('open sesame'))
    })

    it('tell name and description and whether a password is needed, and nothing more', async () => {
      const { token } = await linked()
      for (const api of [nobody, stranger.api, owner.api]) {
        const look = await api.post<ShareLinkLook>('/share-links/look', { token })
        assert.deepEqual(look, {
          object: 'share_link',
          name: 'Leonardo',
          description: 'Paints.',
          password_required: false,
        })
      }
      const guarded = await linked({ password: 'open sesame' })
      const look = await nobody.post<ShareLinkLook>('/share-links/look', { token: guarded.token })
      assert.equal(look.password_required, true)
    })

    it('give a member what they say, once and again', async () => {
      const { id, share, token } = await linked({ access: 'edit' })
      for (let i = 0; i < 2; i += 1) {
        const taken = await friend.api.post<RedeemedShareLink>('/share-links/redeem', { token })
        assert.deepEqual(taken, {
          object: 'share_link.redeemed',
          workspace_id: owner.workspaceId,
          assistant_id: id,
          person_id: friend.personId,
          access: 'edit',
        })
      }
      await friend.api.post(`/assistants/${id}`, { description: 'Paints well.' })
      const { data } = await owner.api.get<AccessList>(`/assistants/${id}/access`)
      const ways = data.find((one) => one.id === friend.personId)?.via
      assert.deepEqual(ways, [{ type: 'link', share_id: share.id, access: 'edit' }])
      const entries = await house.context.store.all(
        "select * from audit_entries where object_id = ?1 and action = 'share.redeem'",
        [share.id],
      )
      assert.equal(entries.length, 1)
    })

    it('make a person of another workspace a guest of this one', async () => {
      const { id, token } = await linked({ access: 'view' })
      const other = await linked()
      await stranger.api.refused('GET', `/assistants/${id}`, undefined, { status: 404 })
      const taken = await stranger.api.post<RedeemedShareLink>('/share-links/redeem', { token })
      assert.equal(taken.workspace_id, owner.workspaceId)
      assert.equal(taken.person_id, stranger.personId)
      // a key belongs to one workspace
      await stranger.api.refused('GET', `/assistants/${id}`, undefined, { status: 404 })
      const here = await house.key({ ...stranger, workspaceId: owner.workspaceId })
      const seen = await here.api.get<AssistantObject>(`/assistants/${id}`)
      assert.equal(seen.name, 'Leonardo')
      await here.api.refused('POST', `/assistants/${id}`, { name: 'x' }, { status: 403 })
      await here.api.refused('GET', `/assistants/${other.id}`, undefined, { status: 404 })
      await here.api.refused('POST', '/assistants', { model: 'scripted' }, { status: 403 })
      await here.api.refused('GET', '/plugins', undefined, { status: 403 })
      const list = await here.api.get<{ data: AssistantObject[] }>('/assistants')
      assert.deepEqual(
        list.data.map((one) => one.id),
        [id],
      )
    })

    it('let guests in only where they say so', async () => {
      const closed = await linked()
      await nobody.refused(
        'POST',
        '/share-links/redeem',
        { token: closed.token },
        { status: 401, code: 'sign_in_required' },
      )
      const { id, share, path, token } = await linked({ guests: true })
      const first = await nobody.post<RedeemedShareLink>('/share-links/redeem', { token })
      const second = await nobody.post<RedeemedShareLink>('/share-links/redeem', { token })
      assert.notEqual(first.person_id, second.person_id)
      const { workspace_id: workspaceId, person_id: personId } = first
      const guest = await house.key({ ...owner, workspaceId, personId })
      await guest.api.get(`/assistants/${id}`)
      await guest.api.refused('GET', `/assistants/${id}/settings`, undefined, { status: 403 })
      // a guest's session is no account: links for people with one stay closed
      await guest.api.refused(
        'POST',
        '/share-links/redeem',
        { token: closed.token },
        {
          status: 401,
        },
      )
      const same = await guest.api.post<RedeemedShareLink>('/share-links/redeem', { token })
      assert.equal(same.person_id, personId)
      // its threads live in the workspace of the owner, who does not see them
      const thread = await guest.api.thread('Hello')
      house.model.push({ text: ['Good day.'] })
      const run = await guest.api.settled(await guest.api.run(thread.id, id))
      assert.equal(run.status, 'completed')
      await owner.api.refused('GET', `/threads/${thread.id}`, undefined, { status: 404 })
      // access for guests cannot grow, and goes with the setting
      await owner.api.refused('POST', path, { access: 'edit' }, { status: 400, param: 'access' })
      await friend.api.post('/share-links/redeem', { token })
      await owner.api.post(path, { guests: false, access: 'view' })
      await guest.api.refused('GET', `/assistants/${id}`, undefined, { status: 404 })
      await friend.api.get(`/assistants/${id}`)
      assert.equal(share.link?.guests, true)
    })

    it('are not found when they are wrong, over, withdrawn or their assistant’s gone: one answer', async () => {
      const withdrawn = await linked({ guests: true })
      const over = await linked({
        guests: true,
        expires_at: Math.floor(house.context.clock.now() / 1000) + 60,
      })
      const orphaned = await linked({ guests: true, password: 'open sesame' })
      await friend.api.post('/share-links/redeem', { token: over.token })
      await owner.api.delete(withdrawn.path)
      await owner.api.delete(`/assistants/${orphaned.id}`)
      house.pass(61_000)
      const bodies = new Set<string>()
      for (const token of [withdrawn.token, over.token, orphaned.token, newSecretToken(), 'x'])
        for (const api of [nobody, friend.api, owner.api])
          for (const path of ['/share-links/look', '/share-links/redeem']) {
            const reply = await api.request('POST', path, { token })
            assert.equal(reply.status, 404)
            bodies.add(JSON.stringify(reply.body))
          }
      assert.equal(bodies.size, 1)
      assert.ok([...bodies][0]?.includes(GONE))
      await friend.api.refused('GET', `/assistants/${over.id}`, undefined, { status: 404 })
    })

    it('ask for their password, and bear only so many tries', async () => {
      const { path, token } = await linked({ password: 'open sesame' })
      const missing = await redeem(friend.api, token)
      assert.equal(missing.status, 403)
      assert.match(JSON.stringify(missing.body), /"password_required"/)
      assert.match(
        JSON.stringify((await redeem(friend.api, token, 'Open sesame')).body),
        /"wrong_password"/,
      )
      assert.equal(await status(redeem(friend.api, token, 'open sesame')), 200)
      const tries = await Promise.all(
        Array.from({ length: 24 }, (_, i) => redeem(stranger.api, token, `guess number ${i}`)),
      )
      const of = (code: number) => tries.filter((one) => one.status === code).length
      // one was wrong above, so nineteen are left of twenty
      assert.deepEqual([of(403), of(429)], [19, 5])
      const refused = await redeem(friend.api, token, 'open sesame')
      assert.equal(refused.status, 429)
      const wait = Number(refused.headers.get('retry-after'))
      assert.ok(wait > 0 && wait <= 900, String(wait))
      house.pass((wait + 1) * 1000)
      assert.equal(await status(redeem(friend.api, token, 'open sesame')), 200)
      await owner.api.post(path, { password: 'another one' })
      assert.equal(await status(redeem(friend.api, token, 'open sesame')), 403)
      assert.equal(await status(redeem(friend.api, token, 'another one')), 200)
      await owner.api.post(path, { password: null })
      assert.equal(await status(redeem(friend.api, token)), 200)
    })

    it('refuse limited keys, wrong keys and what is no token', async () => {
      const { token } = await linked({ guests: true })
      const limited = await house.key(friend)
      await house.sql("update api_keys set most = 'use' where id = ?1", limited.keyId)
      assert.equal(await status(redeem(limited.api, token)), 403)
      const wrong = new Api({ baseUrl: house.baseUrl, apiKey: 'mlz_wrong' })
      assert.equal(await status(redeem(wrong, token)), 401)
      for (const body of [{}, { token: '' }, { token: 7 }, { token, more: 1 }])
        await nobody.refused('POST', '/share-links/redeem', body, { status: 400 })
      await nobody.refused('POST', '/share-links/look', { token, password: 'x' }, { status: 400 })
    })

    it('take guests along when they are swept, thirty days after, and not before', async () => {
      const { id, path, token } = await linked({ guests: true })
      const { person_id: personId } = await nobody.post<RedeemedShareLink>('/share-links/redeem', {
        token,
      })
      const isThere = async () =>
        (await house.context.store.get('select 1 from memberships where person_id = ?1', [
          personId,
        ])) !== null
      house.pass(31 * 86_400_000)
      await house.context.community.sharing.sweepGuests()
      assert.ok(await isThere(), 'something is shared with it')
      await owner.api.delete(path)
      await house.context.community.sharing.sweepGuests()
      assert.ok(!(await isThere()))
      assert.ok(id !== '')
    })
  })
})
