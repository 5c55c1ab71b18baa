import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { openCliHouse } from '../../tests/support/cli-house.ts'
import { skipUnless } from '../../tests/support/components.ts'
import { usePostgres } from '../../tests/support/postgres.ts'
import { openStore } from '../platform/store/open-store.ts'

const EXAMPLES = path.join(import.meta.dirname, '../../../examples/plugins')
const UNIT_PRICE = path.join(EXAMPLES, 'unit_price.json')

interface List {
  data: Record<string, unknown>[]
}

describe('melzi', () => {
  it('gives help with 0 and refuses what it does not understand with 2', async () => {
    await using t = await openCliHouse()
    const help = await t.cli('--help')
    assert.equal(help.code, 0)
    assert.match(help.out, /^Usage: melzi COMMAND/)
    const wrong = await t.cli('key', 'fly')
    assert.deepEqual([wrong.code, wrong.out], [2, ''])
    assert.match(wrong.err, /no command 'key fly'.*\nSee: melzi key --help\n$/)
    const group = await t.cli('key')
    assert.deepEqual([group.code, group.err], [0, ''])
    assert.match(group.out, /^Usage: melzi key COMMAND/)
  })

  it('says in JSON what it does not understand when JSON is asked for', async () => {
    await using t = await openCliHouse()
    const asked: [string[], string][] = [
      [['foo', '--json'], "There is no command 'foo'."],
      [['key', 'create', '--bogus', '--json'], 'melzi key create: there is no option --bogus.'],
      [['key', 'delete', '--json'], 'melzi key delete takes KEY_ID, but got 0.'],
    ]
    for (const [argv, message] of asked) {
      const { code, out, err } = await t.cli(...argv)
      assert.deepEqual([code, out, JSON.parse(err)], [2, '', { error: { message } }])
    }
  })

  it('names MELZI_DATA when the data folder cannot be used', async () => {
    await using t = await openCliHouse()
    await writeFile(t.dataDir, 'a file')
    for (const argv of [['migrate'], ['key', 'create'], ['key', 'list']]) {
      const { code, err } = await t.cli(...argv)
      assert.equal(code, 1)
      assert.match(err, /^MELZI_DATA: .* is not a folder\. It is /)
    }
  })

  it('hands serve to the server and names a setting that cannot be used', async () => {
    await using t = await openCliHouse({ PORT: 'x' })
    assert.deepEqual(await t.cli('serve'), { code: 1, out: '', err: 'served\n' })
    const { code, err } = await t.cli('key', 'list')
    assert.equal(code, 1)
    assert.match(err, /^PORT: /)
  })

  it('migrates a store once', async () => {
    await using t = await openCliHouse()
    const first = await t.json<{ from: number; to: number; applied: string[] }>('migrate')
    assert.equal(first.from, 0)
    assert.equal(first.applied.length, first.to)
    assert.match((await t.cli('migrate')).out, /already/)
  })
})

describe('melzi key', () => {
  it('makes the home with the first key, lists keys without showing them, ends them', async () => {
    await using t = await openCliHouse()
    const before = await t.cli('key', 'list')
    assert.equal(before.code, 1)
    assert.match(before.err, /There is no store in .* melzi key create/)
    await assert.rejects(stat(t.dataDir), { code: 'ENOENT' })
    await mkdir(t.dataDir)
    assert.match((await t.cli('plugin', 'list')).err, /There is no store/)
    assert.deepEqual(await readdir(t.dataDir), [])
    await t.cli('migrate')
    assert.match((await t.cli('key', 'list')).err, /The store is empty.* melzi key create/)
    assert.equal((await t.cli('key', 'create', '--name', '')).code, 2)
    const made = await t.json('key', 'create', '--name', 'mine')
    assert.match(String(made['key']), /^mlz_[\w-]{43}$/)
    const text = (await t.cli('key', 'create')).out
    assert.match(text, /^mlz_[\w-]{43}\n\nThis is the only time/)
    const list = await t.cli('key', 'list')
    assert.match(list.out, /mine/)
    assert.ok(!list.out.includes(String(made['key'])))
    assert.deepEqual(await t.json('key', 'delete', String(made['id'])), {
      id: made['id'],
      deleted: true,
    })
    assert.equal((await t.json<List>('key', 'list')).data.length, 1)
    const again = await t.cli('key', 'delete', String(made['id']), '--json')
    assert.equal(again.code, 1)
    assert.match(JSON.parse(again.err).error.message, /^No key found with id 'key_/)
  })

  it('makes keys of other members, each person once, who see only their own', async () => {
    await using t = await openCliHouse()
    const owner = await t.json('key', 'create')
    const ann = await t.json('key', 'create', '--person', 'Ann')
    const again = await t.json('key', 'create', '--person', 'Ann')
    assert.equal(ann['person_id'], again['person_id'])
    assert.notEqual(ann['person_id'], owner['person_id'])
    assert.equal((await t.json<List>('key', 'list')).data.length, 1)
    assert.equal((await t.json<List>('key', 'list', '--person', 'Ann')).data.length, 2)
    assert.equal((await t.cli('key', 'delete', String(owner['id']), '--person', 'Ann')).code, 1)
    assert.match((await t.cli('key', 'list', '--person', 'Bob')).err, /no person named 'Bob'/)
  })
})

describe('melzi plugin', () => {
  it('imports, lists, exports byte for byte, attaches and detaches', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    const show = path.join(EXAMPLES, 'show_params.json')
    const { data } = await t.json<List>('plugin', 'import', UNIT_PRICE, show)
    assert.deepEqual(
      data.map((plugin) => [plugin['function_name'], plugin['version']]),
      [
        ['unit_price', 1],
        ['show_params', 1],
      ],
    )
    assert.match((await t.cli('plugin', 'list')).out, /unit_price +unit_price +1/)
    const text = await readFile(UNIT_PRICE, 'utf8')
    assert.equal((await t.cli('plugin', 'export', 'unit_price')).out, text)
    assert.equal((await t.json('plugin', 'export', 'unit_price'))['file'], text)
    await t.cli('plugin', 'export', 'unit_price', '--output', t.file('x.json'))
    assert.equal(await readFile(t.file('x.json'), 'utf8'), text)
    const nowhere = await t.cli('plugin', 'export', 'unit_price', '--output', t.file('no/x.json'))
    assert.match(nowhere.err, /x\.json cannot be written: its folder is not there\.$/m)

    const assistant = String((await t.json('assistant', 'create', '--name', 'A'))['id'])
    const attached = await t.json('plugin', 'attach', String(data[0]?.['id']), assistant)
    assert.deepEqual(attached['plugins'], ['unit_price'])
    const detached = await t.json('plugin', 'detach', 'unit_price', assistant)
    assert.deepEqual(detached['plugins'], [])
  })

  it('names the file and the field of a bad plugin, and things that are not there', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    await writeFile(t.file('bad.json'), '{"id":"x","api":{"type":"javascript"}}')
    const bad = await t.cli('plugin', 'import', t.file('bad.json'))
    assert.equal(bad.code, 1)
    assert.match(bad.err, /bad\.json: Plugins of type 'javascript' cannot run/)
    for (const kind of ['plugin', 'assistant']) {
      const absent = await t.cli(kind, 'import', t.file('no.json'))
      assert.equal(absent.err, `${t.file('no.json')} cannot be read: there is no such file.\n`)
      assert.match((await t.cli(kind, 'import', t.dir)).err, /cannot be read: it is a folder\.$/m)
    }
    assert.match((await t.cli('plugin', 'export', 'no')).err, /No plugin found/)
    await t.cli('plugin', 'import', UNIT_PRICE)
    assert.match((await t.cli('plugin', 'attach', 'unit_price', 'asst_x')).err, /No assistant/)
    assert.equal((await t.cli('plugin', 'list', '--person', 'Ann')).code, 1)
  })
})

describe('melzi assistant', () => {
  it('makes an assistant with plugins and the default model', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    await t.cli('plugin', 'import', UNIT_PRICE)
    const line = ['--name', 'A', '--plugin', 'unit_price', '--plugin-mode', 'server']
    const made = await t.json('assistant', 'create', ...line)
    assert.deepEqual(
      [made['name'], made['model'], made['plugin_mode'], made['plugins']],
      ['A', 'melzi-demo', 'server', ['unit_price']],
    )
    assert.match((await t.cli('assistant', 'list')).out, /asst_\w+ +A +melzi-demo +unit_price/)
  })

  it('exports an assistant with its plugins and imports it elsewhere, unchanged', async () => {
    await using t = await openCliHouse()
    await using other = await openCliHouse()
    await t.cli('key', 'create')
    await writeFile(
      t.file('odd.json'),
      '\uFEFF{ "id": "奇怪", "api": {"type":"python","python":{"source":"print(1)"}}, }',
    )
    await t.cli('plugin', 'import', UNIT_PRICE, t.file('odd.json'))
    const line = ['--name', 'A', '--model', 'm', '--instructions', 'Be kind.']
    const made = await t.json(
      'assistant',
      'create',
      ...line,
      '--plugin',
      'unit_price',
      '--plugin',
      '奇怪',
    )
    const file = t.file('assistant.json')
    await t.cli('assistant', 'export', String(made['id']), '--output', file)
    const exported = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    assert.equal(exported['instructions'], 'Be kind.')

    await other.cli('key', 'create')
    const copy = await other.json('assistant', 'import', file)
    assert.notEqual(copy['id'], made['id'])
    assert.deepEqual(copy['plugins'], made['plugins'])
    assert.deepEqual(await other.json('assistant', 'export', String(copy['id'])), exported)
    for (const plugin of ['unit_price', '奇怪']) {
      const text = (await t.cli('plugin', 'export', plugin)).out
      assert.equal((await other.cli('plugin', 'export', plugin)).out, text)
    }
  })

  it('takes all of a file or nothing of it', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    const plugin = JSON.parse(await readFile(UNIT_PRICE, 'utf8')) as object
    const base = { format: 'melzi.assistant/1', model: 'm' }
    const attempts: [object, RegExp][] = [
      [{ ...base, plugins: [plugin, { id: 'x' }] }, /Missing required parameter: 'api'/],
      [{ ...base, plugins: [plugin], model: 7 }, /model/],
      [{ ...base, colour: 'red' }, /colour/],
      [{ model: 'm' }, /format/],
      [
        {
          ...base,
          tools: [{ type: 'function', function: { name: 'unit_price' } }],
          plugins: [plugin],
        },
        /already has a function named 'unit_price'/,
      ],
    ]
    for (const [content, message] of attempts) {
      await writeFile(t.file('a.json'), JSON.stringify(content))
      const { code, err } = await t.cli('assistant', 'import', t.file('a.json'))
      assert.equal(code, 1)
      assert.match(err, message)
    }
    assert.deepEqual((await t.json<List>('assistant', 'list')).data, [])
    assert.deepEqual((await t.json<List>('plugin', 'list')).data, [])
  })
})

describe('melzi doctor', () => {
  interface Report {
    ok: boolean
    checks: { name: string; state: string; message: string; fix: string | null }[]
  }
  const stateOf = (report: Report, name: string) =>
    report.checks.find((check) => check.name.startsWith(name))?.state

  it('finds everything in order and says what could be better', async () => {
    await using t = await openCliHouse()
    const fresh = await t.json<Report>('doctor')
    assert.equal(fresh.ok, true)
    assert.deepEqual(
      ['Node.js', 'Data folder', 'Store', 'Sandbox', 'Model'].map((name) => stateOf(fresh, name)),
      ['ok', 'ok', 'note', 'note', 'note'],
    )
    await t.cli('key', 'create')
    const later = await t.json<Report>('doctor')
    assert.deepEqual([stateOf(later, 'Store'), stateOf(later, 'Quickstart')], ['ok', 'note'])
    assert.match((await t.cli('doctor')).out, /note +Model: the built-in demo .*\n +-> set OPENAI/)
  })

  it('asks the model server and ends with 1 when something needed is missing', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`)
      response.statusCode = request.headers.authorization === 'Bearer good' ? 200 : 401
      response.end('{"data":[]}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const env = (key: string) => ({
      MELZI_MODEL_BASE_URL: `http://127.0.0.1:${port}/v1`,
      MELZI_MODEL: 'm',
      MELZI_MODEL_API_KEY: key,
    })
    try {
      await using good = await openCliHouse(env('good'))
      assert.equal(stateOf(await good.json<Report>('doctor'), 'Model'), 'ok')
      assert.deepEqual(seen, ['/v1/models Bearer good'])
      await using bad = await openCliHouse(env('bad'))
      const refused = await bad.cli('doctor')
      assert.equal(refused.code, 1)
      assert.match(refused.out, /MISSING Model \(m\): 127\.0\.0\.1:\d+ refuses the key \(401\)/)
      assert.ok(!refused.out.includes('Bearer'))
    } finally {
      server.close()
    }
    await using gone = await openCliHouse(env('good'))
    assert.match((await gone.cli('doctor')).out, /MISSING Model \(m\): .* cannot be reached/)
  })

  it('says that a data folder or a store cannot be used', async () => {
    // With plugins on, for the sandbox keeps its parts in the data folder and is not to blame.
    await using t = await openCliHouse({ MELZI_SANDBOX: 'on' })
    await writeFile(t.dataDir, 'a file')
    const { code, out } = await t.cli('doctor')
    assert.equal(code, 1)
    assert.match(out, /MISSING Data folder: .* is not a folder.*\n +-> set MELZI_DATA/)
    assert.equal(out.match(/MISSING/g)?.length, 1)
    assert.ok(!out.includes('npm ci'))
    for (const name of ['Store \\(SQLite\\)', 'Sandbox']) {
      assert.match(out, new RegExp(`note +${name}: not checked`))
    }
    const cache = { MELZI_SANDBOX: 'on', MELZI_SANDBOX_CACHE: path.join(t.dataDir, 'cache') }
    await using boxless = await openCliHouse(cache)
    const report = (await boxless.cli('doctor')).out
    assert.match(report, /MISSING Sandbox: its folder .*\n +-> set MELZI_SANDBOX_CACHE/)
    await using pg = await openCliHouse({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    assert.match((await pg.cli('doctor')).out, /MISSING Store \(PostgreSQL\)/)
  })
})

describe('melzi on PostgreSQL', skipUnless('postgresql'), () => {
  it('works on the store DATABASE_URL names', async () => {
    await using server = await usePostgres()
    await using database = await server.createDatabase()
    await using t = await openCliHouse({ DATABASE_URL: database.url })
    assert.match((await t.cli('doctor')).out, /MISSING Store.*\n +-> .*npx melzi migrate/)
    assert.match((await t.cli('migrate')).out, /from version 0/)
    const made = await t.json('key', 'create')
    assert.equal((await t.json<List>('key', 'list')).data[0]?.['id'], made['id'])
    await t.cli('plugin', 'import', UNIT_PRICE)
    const assistant = await t.json('assistant', 'create', '--plugin', 'unit_price')
    assert.deepEqual(assistant['plugins'], ['unit_price'])
    assert.match((await t.cli('doctor')).out, /ok +Store \(PostgreSQL\): reachable/)
  })
})

describe('bin/melzi.ts', () => {
  it('works as a program, beside a running server on the same folder', async () => {
    await using t = await openCliHouse()
    const file = path.join(t.dataDir, 'melzi.db')
    await using store = await openStore(
      { kind: 'sqlite', file },
      { migrate: true, exclusive: true },
    )
    const program = path.join(import.meta.dirname, '../../bin/melzi.ts')
    const env = { PATH: process.env['PATH'], MELZI_DATA: t.dataDir }
    const run = (...argv: string[]) =>
      promisify(execFile)(process.execPath, [program, ...argv], { env })
    const made = JSON.parse((await run('key', 'create', '--json')).stdout) as { id: string }
    assert.equal((await store.get<{ id: string }>('select id from api_keys'))?.id, made.id)
    await assert.rejects(run('fly'), { code: 2 })
  })
})
