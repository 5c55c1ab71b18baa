import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { pluginService } from '../../../tests/support/plugin-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const FILES = ['examples/plugins', 'server/tests/plugins/samples'].flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
)

onEachEngine('sample plugin files', (engine) => {
  it('all go into one assistant, and come out byte for byte, from plugin and assistant', async () => {
    await using home = await openFeatureStore(engine)
    const { store } = home
    const plugins = pluginService(store, { now: () => 1_700_000_000_000 })
    const owner = await home.person()
    const assistantId = await home.assistant(owner)
    for (const text of FILES) {
      const { id } = await plugins.importPlugin(owner, text)
      await store.write('test', (tx) => plugins.attach(tx, owner, assistantId, id))
      assert.equal(await plugins.export(owner, id), text)
      assert.equal((await plugins.importPlugin(owner, await plugins.export(owner, id))).version, 1)
    }
    assert.deepEqual(await plugins.filesOf(store, owner.workspaceId, assistantId), FILES)
    const functions = await plugins.functionsOf(store, owner.workspaceId, assistantId, [])
    const names = functions.map(({ functionName }) => functionName)
    assert.equal(new Set(names).size, FILES.length)
    for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/)
  })
})
