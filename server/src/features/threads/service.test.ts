import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { toolResourcesFor } from '../../../tests/support/tool-resources.ts'
import { AppError } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import { createThreadService } from './service.ts'

onEachEngine('threads', (engine) => {
  it("lists a person's threads, and no other's of the workspace", async () => {
    await using home = await openFeatureStore(engine)
    const clock = { now: () => 1000 }
    const toolResources = toolResourcesFor(clock)
    const threads = createThreadService({ store: home.store, clock, toolResources })
    const mine = await home.person()
    const other = await home.person(mine.workspaceId)
    const make = async (owner: Principal) =>
      (await home.store.write('test.thread', (tx) => threads.insert(tx, owner, {}))).id
    const ids = [await make(mine), await make(mine), await make(mine)]
    const foreign = await make(other)
    const page = { limit: 2, order: 'desc', after: null, before: null } as const
    const list = async (query: Parameters<typeof threads.list>[1], who = mine) => {
      const { items, hasMore } = await threads.list(who, query)
      return [items.map(({ id }) => id), hasMore]
    }
    assert.deepEqual(await list(page), [[ids[2], ids[1]], true])
    assert.deepEqual(await list({ ...page, after: ids[1] ?? '' }), [[ids[0]], false])
    assert.deepEqual(await list({ ...page, order: 'asc', limit: 100 }), [ids, false])
    // another key of the same person lists the same
    assert.deepEqual(await list(page, { ...mine, keyId: 'key_other' }), [[ids[2], ids[1]], true])
    assert.deepEqual(await list(page, other), [[foreign], false])
    await assert.rejects(
      threads.list(mine, { ...page, after: foreign }),
      (error) => error instanceof AppError && error.status === 404,
    )
  })
})
