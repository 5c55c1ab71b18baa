import { createPluginKinds } from '../../plugins/plugin-kinds.ts'
import { createNoDriver } from '../../plugins/python/no-driver.ts'
import { createPythonKind } from '../../plugins/python/python-kind.ts'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { pluginService } from '../../../tests/support/plugin-house.ts'

const file = (id: string, source = 'print(6)', nameForModel = id) =>
  `{ "id": "${id}", "name_for_model": "${nameForModel}", "description_for_model": "About ${id}", "custom": [1,2],
     "api": { "type": "python", "python": { "source": "${source}" } } }`

const newest = { limit: 20, order: 'desc', after: null, before: null } as const

const setUp = async (engine: TestEngine) => {
  const home = await openFeatureStore(engine)
  const { store } = home
  const clock = { now: () => 1_700_000_000_000 }
  return {
    home,
    store,
    plugins: pluginService(store, clock),
    owner: await home.person(),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

onEachEngine('plugins', (engine) => {
  it('exports byte for byte what was imported', async () => {
    await using t = await setUp(engine)
    const text = `\uFEFF${file('單價')}\r\n`
    const plugin = await t.plugins.importPlugin(t.owner, text)
    assert.match(plugin.id, /^plug_/)
    assert.equal(plugin.pluginId, '單價')
    assert.match(plugin.functionName, /^plugin_[0-9a-f]{8}$/)
    assert.equal(plugin.version, 1)
    assert.equal(await t.plugins.export(t.owner, plugin.id), text)
  })

  it('makes the same id of the same owner the next version, and the same text no version', async () => {
    await using t = await setUp(engine)
    const first = await t.plugins.importPlugin(t.owner, file('a'))
    const again = await t.plugins.importPlugin(t.owner, file('a'))
    const second = await t.plugins.importPlugin(t.owner, file('a', 'print(7)'))
    assert.deepEqual([first.version, again.version, second.version], [1, 1, 2])
    assert.deepEqual([again.id, second.id], [first.id, first.id])
    assert.equal((await t.plugins.list(t.owner, newest)).items.length, 1)
    const other = await t.home.person(t.owner.workspaceId)
    const foreign = await t.plugins.importPlugin(other, file('a'))
    assert.notEqual(foreign.id, first.id)
    assert.equal(foreign.version, 1)
  })

  it('refuses a bad file and keeps nothing of it', async () => {
    await using t = await setUp(engine)
    await assert.rejects(t.plugins.importPlugin(t.owner, '{"id":"a"}'), {
      status: 400,
      param: 'api',
    })
    assert.deepEqual((await t.plugins.list(t.owner, newest)).items, [])
  })

  it('refuses at import what would break each read of the assistant', async () => {
    await using t = await setUp(engine)
    const { store } = t
    const clock = { now: () => 1 }
    const deep = JSON.parse('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)) as { a: null }
    const readers = [
      () => {
        throw new SyntaxError('too large')
      },
      () => deep,
    ]
    for (const readParameters of readers) {
      const driver = createNoDriver()
      const python = createPythonKind(driver, readParameters)
      const kinds = { ...createPluginKinds({ driver }), python }
      const plugins = pluginService(store, clock, kinds)
      await assert.rejects(plugins.importPlugin(t.owner, file('a')), {
        status: 400,
        param: 'api.python.source',
      })
    }
    assert.deepEqual((await t.plugins.list(t.owner, newest)).items, [])
  })

  it('makes functions of an OpenAPI document, before its secrets have values and again when it changes', async () => {
    await using t = await setUp(engine)
    const document = (id: string) =>
      JSON.stringify({
        openapi: '3.1.0',
        servers: [{ url: 'https://api.example.com' }],
        paths: { '/a': { get: { operationId: id } }, '/b': { get: { operationId: 'other' } } },
      })
    const text = (melzi: object) => JSON.stringify({ id: 'api', api: { type: 'openapi' }, melzi })
    const auth = { type: 'bearer', secret: 'TOKEN' }
    const first = await t.plugins.importPlugin(t.owner, text({ document: document('one'), auth }))
    const namesOf = (plugin: typeof first) =>
      t.plugins.read(plugin).functions.map(({ name, isOn }) => [name, isOn])
    assert.deepEqual(namesOf(first), [
      ['one', true],
      ['other', true],
    ])
    const ticked = { document: document('two'), auth, functions: ['two'] }
    const second = await t.plugins.importPlugin(t.owner, text(ticked))
    assert.deepEqual([first.id, second.version], [second.id, 2])
    assert.deepEqual(namesOf(second), [
      ['two', true],
      ['other', false],
    ])
    const assistantId = await t.home.assistant(t.owner)
    await t.store.write('test', (tx) => t.plugins.attach(tx, t.owner, assistantId, second.id))
    const { workspaceId } = t.owner
    const functions = await t.plugins.functionsOf(t.store, workspaceId, assistantId, [])
    assert.deepEqual(
      functions.map(({ functionName, operation }) => [functionName, operation]),
      [['two', 'two']],
    )
    await assert.rejects(t.plugins.importPlugin(t.owner, text({ document: '{}' })), {
      status: 400,
      param: 'melzi.document',
    })
  })

  it('hides a plugin from everyone but its owner', async () => {
    await using t = await setUp(engine)
    const plugin = await t.plugins.importPlugin(t.owner, file('a'))
    const strangers = [await t.home.person(t.owner.workspaceId), await t.home.person()]
    for (const stranger of strangers) {
      await assert.rejects(t.plugins.get(stranger, plugin.id), { status: 404 })
      await assert.rejects(t.plugins.getByName(stranger, 'a'), { status: 404 })
      await assert.rejects(t.plugins.export(stranger, plugin.id), { status: 404 })
      await assert.rejects(t.plugins.delete(stranger, plugin.id), { status: 404 })
      assert.deepEqual((await t.plugins.list(stranger, newest)).items, [])
      const assistantId = await t.home.assistant(stranger)
      const attach = t.store.write('test', (tx) =>
        t.plugins.attach(tx, stranger, assistantId, plugin.id),
      )
      await assert.rejects(attach, { status: 404 })
    }
    for (const name of [plugin.id, 'a']) {
      assert.equal((await t.plugins.getByName(t.owner, name)).id, plugin.id)
    }
  })

  it('lets a limited key attach no plugin, whatever it may do with the assistant', async () => {
    await using t = await setUp(engine)
    const plugin = await t.plugins.importPlugin(t.owner, file('a'))
    const assistantId = await t.home.assistant(t.owner)
    const scope = {
      keyId: 'key_1',
      assistantIds: [assistantId],
      most: 'own',
      shared: false,
    } as const
    const limited = { ...t.owner, keyId: 'key_1', scope }
    const attach = t.store.write('test', (tx) =>
      t.plugins.attach(tx, limited, assistantId, plugin.id),
    )
    await assert.rejects(attach, { status: 404 })
    assert.deepEqual(await t.plugins.attachedTo(t.owner.workspaceId, assistantId), [])
  })

  it('bounds what an assistant has of plugins: each reading of it reads them all', async () => {
    await using t = await setUp(engine)
    const described = (id: string, length: number) =>
      JSON.stringify({
        id,
        description_for_model: 'x'.repeat(length),
        api: { type: 'python', python: { source: 'print(6)' } },
      })
    await assert.rejects(t.plugins.importPlugin(t.owner, described('a', 300_000)), {
      status: 400,
      message: /The limit is 262144 characters/,
    })
    const assistantId = await t.home.assistant(t.owner)
    const attach = async (id: string) => {
      const plugin = await t.plugins.importPlugin(t.owner, described(id, 250_000))
      await t.store.write('test', (tx) => t.plugins.attach(tx, t.owner, assistantId, plugin.id))
    }
    for (let n = 0; n < 15; n += 1) await attach(`p${n}`)
    await assert.rejects(attach('p15'), { status: 400, message: /4000000 bytes/ })
    const have = await t.plugins.attachedTo(t.owner.workspaceId, assistantId)
    assert.equal(have.length, 15)
    // Nor does one grow where it is already.
    const grown = file('p0', 'x'.repeat(800_000))
    await assert.rejects(t.plugins.importPlugin(t.owner, grown), {
      status: 400,
      message: /4000000 bytes/,
    })
    await t.plugins.importPlugin(t.owner, file('free', 'x'.repeat(800_000)))
  })

  it('gives an assistant the functions of its plugins, in the order they were attached', async () => {
    await using t = await setUp(engine)
    const assistantId = await t.home.assistant(t.owner)
    const [b, a] = [
      await t.plugins.importPlugin(t.owner, file('b')),
      await t.plugins.importPlugin(t.owner, file('a')),
    ]
    const attach = (id: string, others?: string[]) =>
      t.store.write('test', (tx) => t.plugins.attach(tx, t.owner, assistantId, id, others))
    const names = async () =>
      (await t.plugins.functionsOf(t.store, t.owner.workspaceId, assistantId, [])).map(
        (plugin) => plugin.functionName,
      )
    await attach(b.id)
    await attach(a.id)
    await attach(b.id)
    assert.deepEqual(await names(), ['b', 'a'])
    const [first] = await t.plugins.functionsOf(t.store, t.owner.workspaceId, assistantId, [])
    assert.deepEqual(first, {
      id: b.id,
      pluginId: 'b',
      functionName: 'b',
      operation: null,
      version: 1,
      asksBefore: false,
      tool: {
        type: 'function',
        function: {
          name: 'b',
          description: 'About b',
          parameters: first?.tool.function.parameters,
          strict: false,
        },
      },
    })
    await t.store.write('test', (tx) => t.plugins.detach(tx, t.owner, assistantId, b.id))
    assert.deepEqual(await names(), ['a'])
    await t.store.write('test', (tx) => t.plugins.detach(tx, t.owner, assistantId, a.id))
    assert.deepEqual(await names(), [])
    await attach(a.id)
    await t.plugins.delete(t.owner, a.id)
    assert.deepEqual(await names(), [])
  })

  it('refuses a second function of the same name', async () => {
    await using t = await setUp(engine)
    const assistantId = await t.home.assistant(t.owner)
    const one = await t.plugins.importPlugin(t.owner, file('price'))
    const two = await t.plugins.importPlugin(t.owner, file('價格', 'print(1)', 'price'))
    assert.equal(two.functionName, 'price')
    const attach = (id: string, others: string[] = []) =>
      t.store.write('test', (tx) => t.plugins.attach(tx, t.owner, assistantId, id, others))
    await assert.rejects(attach(one.id, ['price']), { status: 400, param: 'tools' })
    await attach(one.id)
    await assert.rejects(attach(two.id), { status: 400, message: /'price'/ })
  })
})
