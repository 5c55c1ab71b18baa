import { asPrincipal } from '../../../tests/support/principal.ts'
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import { fakeSandbox, sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { pluginManagement } from '../../../tests/support/plugin-house.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { migrate } from '../../platform/store/migrator.ts'
import { openStore } from '../../platform/store/open-store.ts'
import { postgresMigration } from '../../platform/store/postgres-migration.ts'
import { sqliteMigration } from '../../platform/store/sqlite-migration.ts'
import type { SqlValue } from '../../platform/store/store.ts'
import { presentCall } from './present.ts'

const MIGRATIONS = path.join(import.meta.dirname, '../../../migrations')
const TEXT =
  '\uFEFF{ "id": "單價",\n "x": [1, ], "api": { "python": { "source": "print(6)" } } }\r\n'
const owner = asPrincipal({ workspaceId: 'ws_1', personId: 'person_1', keyId: 'key_1' })
const newest = { limit: 20, order: 'desc', after: null, before: null } as const

/** What the code before plugins had versions wrote: schema 7, its statements. */
const ROWS: [sql: string, params: SqlValue[]][] = [
  ["insert into workspaces (id, name, created_at) values ('ws_1', 'W', 1)", []],
  ["insert into people (id, name, email, created_at) values ('person_1', 'P', null, 1)", []],
  [
    `insert into memberships (workspace_id, person_id, role, created_at) values ('ws_1', 'person_1', 'owner', 1)`,
    [],
  ],
  [
    `insert into plugins (workspace_id, id, owner_id, plugin_id, function_name, manifest, version, created_at, updated_at)
     values ('ws_1', 'plug_1', 'person_1', '單價', 'plugin_0badcafe', ?1, 3, 100, 200)`,
    [TEXT],
  ],
  [
    `insert into assistants (workspace_id, id, owner_id, created_at, model, tools, tool_resources, metadata, temperature, top_p,
       response_format, plugin_mode)
     values ('ws_1', 'asst_1', 'person_1', 1, 'demo', '[]', '{}', '{}', 1, 1, '"auto"', 'client')`,
    [],
  ],
  [
    `insert into assistant_plugins (workspace_id, assistant_id, plugin_id, function_name, position)
     values ('ws_1', 'asst_1', 'plug_1', 'plugin_0badcafe', 0)`,
    [],
  ],
  [
    `insert into plugin_calls (workspace_id, id, plugin_id, plugin_version, assistant_id, thread_id, run_id, tool_call_id, caller_id,
       arguments, customized_params, status, started_ms)
     values ('ws_1', 'pcall_1', 'plug_1', 3, 'asst_1', 'thread_1', null, null, 'person_1', '{}', null, 'started', 1000)`,
    [],
  ],
  [
    `update plugin_calls set status = 'completed', output = '6', stdout = '6', stderr = '', error = null, usage = ?1, ended_ms = 1500`,
    ['{"ms":3,"peakMiB":40,"http":[]}'],
  ],
]

const earlierStore = async (engine: TestEngine) => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'melzi-earlier-'))
  stack.defer(() => rm(folder, { recursive: true }))
  for (const name of await readdir(MIGRATIONS))
    if (name < '0008') await cp(path.join(MIGRATIONS, name), path.join(folder, name))
  const config = await engine.freshConfig()
  const target =
    config.kind === 'sqlite' ? sqliteMigration(config.file) : postgresMigration(config.url)
  const clock = { now: () => 1 }
  const { to } = await migrate(target, { apply: true, clock, folder })
  assert.equal(to, 7)
  await target.exclusively(async (session) => {
    for (const [sql, params] of ROWS) await session.all(sql, params)
  })
  return openStore(config, { migrate: true, exclusive: true })
}

onEachEngine('a store of before plugins had versions', (engine) => {
  it('opens, and its plugin runs, is exported and goes on', async () => {
    await using store = await earlierStore(engine)
    const { driver, jobs } = fakeSandbox(async () => sandboxResult({ output: '6' }))
    const { plugins, management, tests, callLog } = pluginManagement({
      store,
      clock: { now: () => 300_000 },
      driver,
      kinds: {},
      checkVectorStore: () => Promise.reject(new Error('not asked')),
    })
    assert.equal(await plugins.export(owner, 'plug_1'), TEXT)
    const { items } = await management.listVersions(owner, 'plug_1', newest)
    assert.deepEqual(
      items.map(({ version, createdAt, restoredFrom }) => [version, createdAt, restoredFrom]),
      [[3, 200, null]],
    )
    const [attached] = await plugins.functionsOf(store, 'ws_1', 'asst_1', [])
    assert.deepEqual([attached?.functionName, attached?.version], ['plugin_0badcafe', 3])

    const tested = await tests.test(
      owner,
      'plug_1',
      { function: null, arguments: null, conversation: [], source: null, save: false, model: null },
      new AbortController().signal,
    )
    assert.deepEqual(
      [tested.status, tested.output, jobs[0]?.source],
      ['completed', '6', 'print(6)'],
    )
    const call = presentCall(await callLog.get(owner, 'plug_1', 'pcall_1'))
    assert.deepEqual(
      [call.version, call.origin, call.output, call.duration_ms, call.pictures],
      [3, null, '6', 500, []],
    )
    assert.deepEqual(call.usage, { ms: 3, cpu_ms: 0, peak_mib: 40, http: [] })

    const edited = await management.edit(owner, 'plug_1', { source: 'print(7)' })
    assert.deepEqual([edited.plugin.version, edited.plugin.functionName], [4, 'plugin_0badcafe'])
    const restored = await management.restore(owner, 'plug_1', 3)
    assert.deepEqual([restored.plugin.version, restored.plugin.manifest], [5, TEXT])
  })
})
