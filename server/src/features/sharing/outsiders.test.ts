import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { NewShare, ShareList, ShareObject } from '@melzi/contract/share.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from '../../../tests/support/door-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

onEachEngine('sharing with people from outside', (engine) => {
  describe('through the door', () => {
    let house: DoorHouse
    let owner: Somebody
    let stranger: Somebody

    before(async () => {
      house = await openDoorHouse(engine)
      owner = await house.person({ email: 'owner@example.com' })
      stranger = await house.person({ email: 'stranger@example.com' })
    })
    after(() => house?.[Symbol.asyncDispose]())

    const bare = ({ id: _id, created_at: _at, grantee, invitation, ...rest }: NewShare) => ({
      ...rest,
      grantee: { ...grantee, email: '' },
      invitation: { ...invitation, link: typeof invitation?.link },
    })

    it('invites them, and tells nothing of who has an account here', async () => {
      const { id } = await owner.api.assistant()
      const path = `/assistants/${id}/shares`
      const known = await owner.api.post<NewShare>(path, {
        type: 'person',
        email: 'stranger@example.com',
        access: 'view',
      })
      const unknown = await owner.api.post<NewShare>(path, {
        type: 'person',
        email: 'not-there@example.com',
        access: 'view',
      })
      assert.deepEqual(bare(known), bare(unknown))
      assert.equal(known.pending, true)
      assert.equal(known.grantee.email, 'stranger@example.com')
      const { data } = await owner.api.get<ShareList>(`${path}?order=asc`)
      assert.deepEqual(
        data.map((one) => [one.id, one.pending, one.grantee.id]),
        [
          [known.id, true, null],
          [unknown.id, true, null],
        ],
      )
      const other = await owner.api.assistant()
      await owner.api.refused('GET', `/assistants/${other.id}/shares/${known.id}`, undefined, {
        status: 404,
      })
      assert.equal((await owner.api.get<ShareObject>(`${path}/${known.id}`)).id, known.id)
      await owner.api.delete(`${path}/${unknown.id}`)
      await owner.api.refused('GET', `${path}/${unknown.id}`, undefined, { status: 404 })
      await owner.api.refused(
        'POST',
        path,
        {
          type: 'person',
          email: 'stranger@example.com',
          expires_at: Math.floor(Date.now() / 1000) + 600,
        },
        { status: 400, param: 'expires_at' },
      )
      await stranger.api.refused('GET', `/assistants/${id}`, undefined, { status: 404 })
    })
  })
})
