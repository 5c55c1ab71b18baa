import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { newId } from '../../platform/ids.ts'
import { doubtfulRuns, standingsOf } from './standing-store.ts'

onEachEngine('how people stand to assistants', (engine) => {
  it('is told for many at once, in the order asked', async () => {
    await using home = await openFeatureStore(engine)
    const owner = await home.person()
    const friend = await home.person(owner.workspaceId)
    const id = await home.assistant(owner)
    const ask = (personId: string, assistantId = id, keyId: string | null = null) => ({
      workspaceId: owner.workspaceId,
      personId,
      keyId,
      assistantId,
    })
    const some = [
      ask(owner.personId),
      ask(friend.personId),
      ask(newId('person_')),
      ask(friend.personId, newId('asst_')),
      ask(owner.personId, id, newId('key_')),
    ]
    for (const count of [1, 5, 11, 100, 230]) {
      const asked = Array.from({ length: count }, (_, i) => some[i % 5] ?? ask(''))
      const standings = await standingsOf(home.store, asked, 10)
      assert.equal(standings.length, count)
      for (const [i, { isMember, keyLives, reaches }] of standings.entries()) {
        const expected = [
          [true, true, true],
          [true, true, false],
          [false, true, false],
          [true, true, true],
          [true, false, true],
        ][i % 5]
        assert.deepEqual([isMember, keyLives, reaches], expected)
      }
    }
    await home.store.write('test.share', (tx) =>
      tx.run(
        `insert into shares (workspace_id, id, assistant_id, grantee_kind, grantee_id, access, created_by, created_at)
         values (?1, ?2, ?3, 'person', ?4, 'use', ?5, 1)`,
        [owner.workspaceId, newId('share_'), id, friend.personId, owner.personId],
      ),
    )
    const looking = async () =>
      (await standingsOf(home.store, some.slice(0, 4), 10)).map((one) => [
        one.reaches,
        one.looksInto,
      ])
    const [all, uses, none] = [
      [true, true],
      [true, false],
      [false, false],
    ]
    assert.deepEqual(await looking(), [all, uses, none, all])
    await home.store.write('test.share', (tx) => tx.run("update shares set access = 'edit'", []))
    assert.deepEqual(await looking(), [all, all, none, all])
    assert.deepEqual(await doubtfulRuns(home.store, 'node_1', 10), [])
  })
})
