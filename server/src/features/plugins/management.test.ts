import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { fakeSandbox, sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { pluginManagement } from '../../../tests/support/plugin-house.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { errors } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import type { OfferedFunction, PluginKind } from '../../plugins/plugin-kind.ts'
import { failedResult } from '../../plugins/python/sandbox-result.ts'
import { presentPlugin } from './present.ts'
import { createSearchKind } from './search-kind.ts'

const newest = { limit: 20, order: 'desc', after: null, before: null } as const
const FREE = { type: 'object', properties: {} }

const python = (id: string, source = 'print(6)', melzi: object = {}) =>
  JSON.stringify({ id, melzi, api: { type: 'python', python: { source } } })
const remote = (id: string, melzi: object = {}) =>
  JSON.stringify({ id, melzi, api: { type: 'mcp', url: 'https://api.example.com/a.json' } })
const search = (id: string) => JSON.stringify({ id, api: { type: 'AzureCognitiveSearch' } })

/** A kind whose server says which operations it has. */
const remoteKind = () => {
  const asked: Record<string, string>[] = []
  const server = { operations: ['get', 'put'], isUp: true }
  const kind: PluginKind = {
    functions: ({ document }) =>
      (JSON.parse(document ?? '[]') as string[]).map((operation): OfferedFunction => ({
        operation,
        name: operation,
        description: operation,
        parameters: FREE,
      })),
    describe: async ({ secrets }) => {
      asked.push({ ...secrets })
      if (!server.isUp) throw errors.invalid('The server does not answer.', 'api.url')
      return JSON.stringify(server.operations)
    },
    call: async () => failedResult('unavailable', 'no'),
  }
  return { kind, server, asked }
}

const setUp = async (engine: TestEngine) => {
  const home = await openFeatureStore(engine)
  const there = remoteKind()
  const { driver, jobs } = fakeSandbox(async (job) => sandboxResult({ output: job.source }))
  const owner = await home.person()
  const house = pluginManagement({
    store: home.store,
    clock: { now: () => Date.now() },
    driver,
    kinds: { mcp: there.kind, search: createSearchKind(async () => ({ passages: [] })) },
    checkVectorStore: async (_principal, id) => {
      if (id !== 'vs_mine') throw errors.notFound('vector store', id)
    },
  })
  return {
    home,
    owner,
    jobs,
    ...there,
    ...house,
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

onEachEngine('owners of plugins', (engine) => {
  it('switch operations on and off without the server of the plugin being asked again', async () => {
    await using t = await setUp(engine)
    const { plugin } = await t.management.import(t.owner, remote('r'), null)
    assert.equal(t.asked.length, 1)
    t.server.isUp = false
    const edited = await t.management.edit(t.owner, plugin.id, {
      functions: ['put'],
      ask_before: ['put'],
    })
    assert.deepEqual(
      edited.read.functions.map((one) => [one.operation, one.isOn, one.asksBefore]),
      [
        ['get', false, false],
        ['put', true, true],
      ],
    )
    assert.equal(edited.plugin.version, 2)
    const all = await t.management.edit(t.owner, plugin.id, { functions: null })
    assert.ok(all.read.functions.every((one) => one.isOn))
    assert.equal(t.asked.length, 1)
    const moved = t.management.edit(t.owner, plugin.id, { url: 'https://b.example.com' })
    await assert.rejects(moved, { status: 400, param: 'api.url' })
    assert.equal((await t.management.get(t.owner, plugin.id)).plugin.version, 3)
  })

  it('have the server of the plugin asked anew, which makes a version only when it says another thing', async () => {
    await using t = await setUp(engine)
    const { plugin } = await t.management.import(t.owner, remote('r'), null)
    assert.equal((await t.management.refresh(t.owner, plugin.id)).plugin.version, 1)
    t.server.operations.push('delete')
    const renewed = await t.management.refresh(t.owner, plugin.id)
    assert.deepEqual([renewed.plugin.version, renewed.read.functions.length], [2, 3])
    const back = await t.management.restore(t.owner, plugin.id, 1)
    assert.deepEqual([back.plugin.version, back.read.functions.length], [3, 2])
    t.server.isUp = false
    await assert.rejects(t.management.refresh(t.owner, plugin.id), { status: 400 })
  })

  it('set the last secret that its server needs, and it is asked', async () => {
    await using t = await setUp(engine)
    const auth = { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' }
    const imported = await t.management.import(t.owner, remote('r', { auth }), null)
    const { id } = imported.plugin
    const shown = presentPlugin(imported)
    assert.deepEqual([shown.auth, shown.url], [auth, 'https://api.example.com/a.json'])
    assert.deepEqual(imported.missing, ['secrets.USER', 'secrets.PASSWORD'])
    assert.deepEqual(imported.read.functions, [])
    const refresh = t.management.refresh(t.owner, id)
    await assert.rejects(refresh, { status: 400, param: 'secrets', message: /'USER', 'PASSWORD'/ })
    const set = (name: string) => t.management.setSecret(t.owner, id, { name, value: `my ${name}` })
    assert.equal((await set('USER')).refresh, null)
    assert.equal((await set('OTHER')).refresh, null)
    assert.equal(t.asked.length, 0)
    t.server.isUp = false
    assert.deepEqual((await set('PASSWORD')).refresh, {
      ok: false,
      message: 'The server does not answer.',
    })
    t.server.isUp = true
    assert.deepEqual((await set('PASSWORD')).refresh, { ok: true, message: null })
    assert.deepEqual(t.asked.at(-1), { USER: 'my USER', PASSWORD: 'my PASSWORD' })
    const now = await t.management.get(t.owner, id)
    assert.deepEqual([now.read.functions.length, now.missing], [2, []])
    assert.equal((await set('PASSWORD')).refresh, null)
  })

  it('edit at the same time and lose nothing', async () => {
    await using t = await setUp(engine)
    const { plugin } = await t.management.import(t.owner, python('p'), null)
    await Promise.all([
      t.management.edit(t.owner, plugin.id, { name_for_human: 'Name' }),
      t.management.edit(t.owner, plugin.id, { description_for_human: 'Description' }),
      t.management.edit(t.owner, plugin.id, { usage_hint: 'Hint' }),
    ])
    const { plugin: after, read } = await t.management.get(t.owner, plugin.id)
    const { nameForHuman, descriptionForHuman, usageHint } = read.manifest
    assert.deepEqual(
      [nameForHuman, descriptionForHuman, usageHint],
      ['Name', 'Description', 'Hint'],
    )
    assert.equal(after.version, 4)
  })

  it('name the vector store that a plugin searches, if it is theirs', async () => {
    await using t = await setUp(engine)
    const make = (id: string | null) => t.management.import(t.owner, search('s'), id)
    const absent = {
      status: 400,
      param: 'vector_store_id',
      message: /Name the vector store to search instead: 'vector_store_id'/,
    }
    await assert.rejects(make(null), absent)
    await assert.rejects(make('vs_foreign'), { status: 404 })
    const { plugin } = await make('vs_mine')
    assert.equal(plugin.vectorStoreId, 'vs_mine')
    const edit = (id: string) => t.management.edit(t.owner, plugin.id, { vector_store_id: id })
    await assert.rejects(edit('vs_foreign'), { status: 404 })
    assert.equal((await edit('vs_mine')).plugin.version, 1)
    const preview = await t.management.preview(t.owner, search('another'))
    assert.deepEqual(preview.missing, ['vector_store_id'])
    assert.equal((await t.management.import(t.owner, search('s'), null)).plugin.version, 1)
  })

  it('try a text that is not saved, in a sandbox no saved one shares', async () => {
    await using t = await setUp(engine)
    const { plugin } = await t.management.import(t.owner, python('p'), null)
    const test = (fields: object) =>
      t.tests.test(
        t.owner,
        plugin.id,
        {
          function: null,
          arguments: null,
          conversation: [],
          source: null,
          save: false,
          model: null,
          ...fields,
        },
        new AbortController().signal,
      )
    const unsaved = await test({ source: 'print(7)', arguments: '{"a":1}' })
    assert.deepEqual([unsaved.output, unsaved.pluginVersion], ['print(7)', 0])
    const saved = await test({})
    assert.deepEqual([saved.output, saved.pluginVersion], ['print(6)', 1])
    const { workspaceId, personId } = t.owner
    assert.deepEqual(
      t.jobs.map(({ scope }) => scope),
      [0, 1].map((version) => `${workspaceId}/${personId}/${plugin.id}@${version}`),
    )
    const damaged = await test({ arguments: '{"a":' })
    assert.match(damaged.error ?? '', /^\{"kind":"arguments"/)
  })

  it('are alone with their plugins, in their workspace and in others', async () => {
    await using t = await setUp(engine)
    const { plugin } = await t.management.import(
      t.owner,
      python('p', '1', { secrets: ['K'] }),
      null,
    )
    const { id } = plugin
    const call = await t.tests.test(
      t.owner,
      id,
      { function: null, arguments: null, conversation: [], source: null, save: true, model: null },
      new AbortController().signal,
    )
    const secret = { name: 'K', value: 'x' }
    await t.management.setSecret(t.owner, id, secret)
    for (const person of [await t.home.person(t.owner.workspaceId), await t.home.person()]) {
      const attempts: ((who: Principal) => Promise<unknown>)[] = [
        (who) => t.management.get(who, id),
        (who) => t.management.edit(who, id, { source: '2' }),
        (who) => t.management.refresh(who, id),
        (who) => t.management.listVersions(who, id, newest),
        (who) => t.management.getVersion(who, id, 1),
        (who) => t.management.restore(who, id, 1),
        (who) => t.management.secrets(who, id),
        (who) => t.management.setSecret(who, id, secret),
        (who) => t.management.deleteSecret(who, id, 'K'),
        (who) => t.management.delete(who, id),
        (who) =>
          t.tests.test(
            who,
            id,
            {
              function: null,
              arguments: null,
              conversation: [],
              source: null,
              save: true,
              model: null,
            },
            new AbortController().signal,
          ),
        (who) => t.callLog.list(who, id, newest),
        (who) => t.callLog.get(who, id, call.id),
      ]
      for (const attempt of attempts) await assert.rejects(attempt(person), { status: 404 })
      assert.deepEqual((await t.management.list(person, newest, null)).items, [])
      assert.deepEqual((await t.management.list(person, newest, id)).items, [])
      assert.equal((await t.management.preview(person, python('p'))).known, null)
    }
    const stays = await t.management.get(t.owner, id)
    assert.deepEqual([stays.plugin.version, stays.missing], [1, []])
  })
})
