import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fakeSandbox, sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { pluginCalls, pluginService } from '../../../tests/support/plugin-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { createLog } from '../../platform/log.ts'
import { createSealer } from '../../platform/sealing.ts'
import { createPictureLinks } from '../pictures/picture-links.ts'
import { createCallLog } from './call-log.ts'

const FILE = `{ "id": "p", "api": { "type": "python", "python": { "source": "print(6)" } } }`
const DAY = 86_400_000

onEachEngine('records of calls', (engine) => {
  it("keep what others said to themselves, and their pictures as old as they are; the reader's own are signed anew", async () => {
    await using home = await openFeatureStore(engine)
    const { store } = home
    const at = { ms: Date.UTC(2026, 10, 25) }
    const clock = { now: () => at.ms }
    const sealer = createSealer('k'.repeat(32))
    const links = createPictureLinks({ clock, sealer, origin: () => 'https://melzi.example.org' })
    const owner = await home.person()
    const caller = { ...(await home.person()), workspaceId: owner.workspaceId }
    const fileId = `file-${'0'.repeat(24)}`
    const [own, others] = [links.linkTo(owner, fileId), links.linkTo(caller, fileId)]
    // A plugin that reads the conversation can print any address in it.
    const { driver } = fakeSandbox(() =>
      Promise.resolve(sandboxResult({ output: `${own} ${others}` })),
    )
    const plugins = pluginService(store, clock)
    const plugin = await plugins.importPlugin(owner, FILE)
    const calls = pluginCalls({ store, driver, clock, log: createLog('silent') })
    const request = {
      workspaceId: owner.workspaceId,
      callerId: caller.personId,
      assistantId: 'asst_1',
      threadId: null,
      plugin: { id: plugin.id, functionName: 'p', operation: null, version: null },
      origin: 'client' as const,
      forRunId: null,
      model: null,
      argumentsText: '',
      customizedParams: null,
      conversation: [],
      run: null,
    }
    const { signal } = new AbortController()
    const { callId } = await calls.call(
      { ...request, argumentsText: '{"said":"in confidence"}' },
      signal,
    )
    const mine = await calls.call({ ...request, callerId: owner.personId }, signal)
    at.ms += 30 * DAY
    const log = createCallLog({ store, plugins, renewLinks: links.renew })
    const { output } = await log.get(owner, plugin.id, mine.callId)
    assert.equal(output, `${links.linkTo(owner, fileId)} ${others}`)
    const told = await log.get(owner, plugin.id, callId)
    assert.deepEqual([told.arguments, told.output, told.stdout], ['', null, null])
    assert.equal(told.status, 'completed')
    await assert.rejects(log.get(caller, plugin.id, callId), { status: 404 })
  })
})
