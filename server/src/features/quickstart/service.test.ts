import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { toolResourcesFor } from '../../../tests/support/tool-resources.ts'
import { createLog } from '../../platform/log.ts'
import type { Store } from '../../platform/store/store.ts'
import { keyService } from '../../../tests/support/key-service.ts'
import { createPeopleService } from '../people/service.ts'
import { pluginService } from '../../../tests/support/plugin-house.ts'
import { baseUrlOf } from './base-url.ts'
import { readEnvFile } from './env-file.ts'
import { createQuickstart } from './service.ts'
import { assistantService } from '../../../tests/support/assistant-service.ts'

const baseUrl = 'http://127.0.0.1:3000/api/assts/v1'

const setUp = async (engine: TestEngine) => {
  const home = await openFeatureStore(engine)
  const clock = { now: () => Date.now() }
  const services = (store: Store) => {
    const keys = keyService({ store, clock, log: createLog('silent') })
    const people = createPeopleService({ clock })
    const plugins = pluginService(store, clock)
    const checkModel = () => undefined
    const toolResources = toolResourcesFor(clock)
    const assistants = assistantService({ store, clock, plugins, toolResources, checkModel })
    const dataDir = path.join(home.dir, 'data')
    const deps = { store, people, plugins, assistants, keys, dataDir, model: 'demo' }
    return { ...deps, quickstart: createQuickstart(deps) }
  }
  const all = services(home.store)
  return {
    ...all,
    services,
    file: path.join(all.dataDir, 'quickstart.env'),
    prepare: (enabled = true, url = baseUrl) => all.quickstart.prepare({ enabled, baseUrl: url }),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

const one = { limit: 1, order: 'desc', after: null, before: null } as const

onEachEngine('quickstart', (engine) => {
  it('furnishes an empty store and writes a file only its owner may read', async () => {
    await using t = await setUp(engine)
    const text = await t.prepare()
    assert.match(text, /quickstart\.env\n {2}curl -sN/)
    assert.equal((await stat(t.file)).mode & 0o777, 0o600)
    const env = await readEnvFile(t.file)
    assert.ok(env !== null && !text.includes(env.API_KEY))
    assert.deepEqual([env.BASE_URL, env.ASSISTANT_API], [baseUrl, baseUrl])
    const principal = await t.keys.findPrincipal(env.API_KEY)
    assert.ok(principal !== null)
    const assistant = await t.assistants.get(principal, env.ASSISTANT_ID)
    assert.deepEqual(
      assistant.plugins.map((plugin) => plugin.functionName),
      ['unit_price', 'show_params'],
    )
    assert.deepEqual(await readdir(t.dataDir), ['quickstart.env'])
  })

  it('writes what a shell can source', async () => {
    await using t = await setUp(engine)
    const odd = "http://host/it's here/api/assts/v1"
    await t.prepare(true, odd)
    const script = '. "$1"; printf "%s|%s|%s" "$BASE_URL" "$API_KEY" "$ASSISTANT_ID"'
    const said = execFileSync('sh', ['-c', script, 'sh', t.file], { encoding: 'utf8' })
    const env = await readEnvFile(t.file)
    assert.equal(said, `${odd}|${env?.API_KEY}|${env?.ASSISTANT_ID}`)
  })

  it('prints a curl that a shell and the API can read', async () => {
    await using t = await setUp(engine)
    const text = await t.prepare()
    const curl = text.slice(text.indexOf('  . '), text.indexOf('\n\nThe file holds'))
    const said = execFileSync('sh', [
      '-c',
      `curl() { for last; do :; done; echo "$last"; }\n${curl}`,
    ])
    const request = JSON.parse(said.toString('utf8')) as Record<string, unknown>
    assert.equal(request['assistant_id'], (await readEnvFile(t.file))?.ASSISTANT_ID)
  })

  it('changes nothing on the next start but an address that has changed', async () => {
    await using t = await setUp(engine)
    await t.prepare()
    const before = await readEnvFile(t.file)
    await t.prepare()
    assert.deepEqual(await readEnvFile(t.file), before)
    const moved = 'http://127.0.0.1:4000/api/assts/v1'
    await t.prepare(true, moved)
    assert.deepEqual(await readEnvFile(t.file), {
      ...before,
      BASE_URL: moved,
      ASSISTANT_API: moved,
    })
    assert.equal((await stat(t.file)).mode & 0o777, 0o600)
    assert.equal((await t.store.all('select id from workspaces')).length, 1)
  })

  it('makes nothing when it is off', async () => {
    await using t = await setUp(engine)
    assert.match(await t.prepare(false), /npx melzi key create/)
    assert.deepEqual(await t.store.all('select id from workspaces'), [])
    assert.deepEqual(await readdir(t.dataDir), [])
  })

  it('does not come back after its file or key was deleted', async () => {
    await using t = await setUp(engine)
    await t.prepare()
    const env = await readEnvFile(t.file)
    const principal = await t.keys.findPrincipal(env?.API_KEY ?? '')
    assert.ok(principal !== null)
    await t.keys.delete(principal, principal.keyId ?? '')
    assert.match(await t.prepare(), /npx melzi key create/)
    await rm(t.file)
    assert.match(await t.prepare(), /npx melzi key create/)
    assert.equal((await t.store.all('select id from workspaces')).length, 1)
    assert.deepEqual((await t.keys.list(principal, one)).items, [])
  })

  it('publishes the draft of a server killed after its commit', async () => {
    await using t = await setUp(engine)
    await t.prepare()
    const env = await readEnvFile(t.file)
    await rename(t.file, `${t.file}.0123abcd.draft`)
    await t.prepare()
    assert.deepEqual(await readEnvFile(t.file), env)
    assert.deepEqual(await readdir(t.dataDir), ['quickstart.env'])
  })

  it('starts anew after a server killed before its commit', async () => {
    await using t = await setUp(engine)
    const dying: Store = {
      engine: t.store.engine,
      all: (sql, params) => t.store.all(sql, params),
      get: (sql, params) => t.store.get(sql, params),
      notify: () => undefined,
      listen: () => () => undefined,
      ping: () => t.store.ping(),
      write: () => Promise.reject(new Error('killed')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    await assert.rejects(t.services(dying).quickstart.prepare({ enabled: true, baseUrl }), /killed/)
    const [draft = ''] = await readdir(t.dataDir)
    assert.match(draft, /\.draft$/)
    const lost = await readEnvFile(path.join(t.dataDir, draft))
    await writeFile(path.join(t.dataDir, 'quickstart.env.89abcdef.draft'), 'API_KEY=')
    await t.prepare()
    assert.deepEqual(await readdir(t.dataDir), ['quickstart.env'])
    const env = await readEnvFile(t.file)
    assert.notEqual(env?.API_KEY, lost?.API_KEY)
    assert.ok((await t.keys.findPrincipal(env?.API_KEY ?? '')) !== null)
  })

  it('lets two servers starting on one empty store make one workspace', async () => {
    await using t = await setUp(engine)
    await Promise.all([t.prepare(), t.prepare()])
    assert.equal((await t.store.all('select id from workspaces')).length, 1)
    const env = await readEnvFile(t.file)
    assert.ok((await t.keys.findPrincipal(env?.API_KEY ?? '')) !== null)
  })

  it('keeps the sample files exactly as they stand in examples/plugins', async () => {
    await using t = await setUp(engine)
    await t.prepare()
    const examples = path.join(import.meta.dirname, '../../../../examples/plugins')
    for (const { manifest, plugin_id } of await t.store.all<{
      manifest: string
      plugin_id: string
    }>('select manifest, plugin_id from plugins')) {
      assert.equal(manifest, await readFile(path.join(examples, `${plugin_id}.json`), 'utf8'))
    }
  })
})

describe('baseUrlOf', () => {
  it('prefers the public URL and names addresses a client can use', () => {
    const url = (publicUrl: string | null, host: string) =>
      baseUrlOf({ publicUrl, host, port: 3000 })
    assert.equal(
      url('https://melzi.example.org/', '0.0.0.0'),
      'https://melzi.example.org/api/assts/v1',
    )
    assert.equal(url(null, '0.0.0.0'), baseUrl)
    assert.equal(url(null, '::'), baseUrl)
    assert.equal(url(null, '::1'), 'http://[::1]:3000/api/assts/v1')
    assert.equal(url(null, 'localhost'), 'http://localhost:3000/api/assts/v1')
  })
})
