import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { SANDBOX_CACHE } from '../../tests/support/boot.ts'
import { openCliHouse } from '../../tests/support/cli-house.ts'

const python = (source: string, melzi: object = {}, id = 'price') =>
  JSON.stringify({
    id,
    description_for_model: 'The price',
    melzi,
    api: { type: 'python', python: { source } },
  })

const SANDBOX = { MELZI_SANDBOX: 'on', MELZI_SANDBOX_CACHE: SANDBOX_CACHE }

interface Tried {
  ok: boolean
  output: string
  function: string
  functions: { name: string }[]
  error: { kind: string; traceback: string | null } | null
  usage: { ms: number; peak_mib: number; http: { host: string; refused: string | null }[] }
}

describe('melzi plugin', () => {
  const withPlugin = async (source = 'print(1)', melzi: object = {}) => {
    const t = await openCliHouse()
    await t.cli('key', 'create')
    const file = t.file('price.json')
    await writeFile(file, python(source, melzi))
    await t.json('plugin', 'import', file)
    return { ...t, plugin: file }
  }

  it('takes and gives a file byte for byte, and refuses one it would garble', async () => {
    await using t = await withPlugin()
    const text = `\uFEFF${python('print("單價")')}\r\n`
    await writeFile(t.plugin, text)
    await t.json('plugin', 'import', t.plugin)
    assert.equal((await t.cli('plugin', 'export', 'price')).out, text)
    await t.cli('plugin', 'export', 'price', '--output', t.file('out.json'))
    assert.deepEqual(await readFile(t.file('out.json')), Buffer.from(text))
    // 單價 in Big5
    await writeFile(t.plugin, Buffer.from([0x22, 0xb3, 0xe6, 0xbb, 0xf9, 0x22]))
    assert.match((await t.cli('plugin', 'import', t.plugin)).err, /it is not UTF-8 text/)
  })

  it('lists versions and brings one back', async () => {
    await using t = await withPlugin()
    await writeFile(t.plugin, python('print(2)'))
    await t.json('plugin', 'import', t.plugin)
    const back = await t.json('plugin', 'restore', 'price', '1')
    assert.deepEqual([back['version'], back['restored_from']], [3, 1])
    assert.equal((await t.cli('plugin', 'export', 'price')).out, python('print(1)'))
    const { out } = await t.cli('plugin', 'versions', 'price')
    assert.match(out, /^VERSION .*\n1 .*\n2 .*\n3 .*version 1\n$/)
    for (const version of ['9', 'x']) {
      const refused = await t.cli('plugin', 'restore', 'price', version)
      assert.deepEqual([refused.code, refused.out], [1, ''])
    }
  })

  it('seals secrets from standard input or a file and shows no value', async () => {
    await using t = await withPlugin('print(1)', { secrets: ['KEY', 'TOKEN'] })
    const set = await t.cliWith({ input: 'hush\n' }, 'plugin', 'secret', 'set', 'price', 'KEY')
    assert.deepEqual(set, { code: 0, out: 'KEY is set.\n', err: '' })
    await writeFile(t.file('token'), 'quiet')
    await t.json('plugin', 'secret', 'set', 'price', 'TOKEN', '--file', t.file('token'))
    const list = await t.cli('plugin', 'secret', 'list', 'price')
    assert.match(list.out, /^NAME +SET\nKEY +20.*\nTOKEN +20.*\n$/)
    await t.json('plugin', 'secret', 'delete', 'price', 'KEY')
    assert.match((await t.cli('plugin', 'secret', 'list', 'price')).out, /KEY +not yet/)
    const empty = await t.cliWith({ input: '\n' }, 'plugin', 'secret', 'set', 'price', 'KEY')
    assert.deepEqual([empty.code, empty.out], [1, ''])
    assert.match(empty.err, /^Invalid 'value'/)
  })

  it('says that there were no calls, and who runs the plugins of an assistant', async () => {
    await using t = await withPlugin()
    assert.match((await t.cli('plugin', 'calls', 'price')).out, /^ID +WHEN/)
    assert.match(
      (await t.cli('plugin', 'calls', 'price', '--call', 'pcall_x')).err,
      /No plugin call/,
    )
    const { id } = await t.json<{ id: string }>('assistant', 'create', '--plugin', 'price')
    const set = await t.json('assistant', 'set', id, '--plugin-mode', 'server')
    assert.equal(set['plugin_mode'], 'server')
    assert.equal((await t.json('assistant', 'set', id))['plugin_mode'], 'server')
    assert.equal((await t.cli('assistant', 'set', id, '--plugin-mode', 'x')).code, 2)
  })

  it('takes a plugin that searches only with a vector store', async () => {
    await using t = await withPlugin()
    const file = t.file('search.json')
    await writeFile(file, JSON.stringify({ id: 's', api: { type: 'AzureCognitiveSearch' } }))
    assert.match((await t.cli('plugin', 'import', file)).err, /'vector_store_id'/)
    const foreign = await t.cli('plugin', 'import', file, '--vector-store', 'vs_none')
    assert.match(foreign.err, /No vector store found with id 'vs_none'/)
  })
})

describe('melzi plugin test', () => {
  it('has the default model answer what a plugin asks it', async () => {
    await using t = await openCliHouse(SANDBOX)
    const file = t.file('ask.json')
    const source =
      'm = await chat(conversation="hello")\nprint(m["role"], await count_token("abcd"))'
    await writeFile(file, python(source, {}))
    const { code, out } = await t.cli('plugin', 'test', file, '--json')
    assert.equal(code, 0)
    assert.match((JSON.parse(out) as { output: string }).output, /^assistant [1-9]\d*\n$/)
  })

  it('runs a file with no store, in the sandbox', async () => {
    await using t = await openCliHouse(SANDBOX)
    const file = t.file('price.json')
    await writeFile(
      file,
      python('print(kg * 3, CUSTOMIZED_PARAMS["m"], SECRETS["K"])', { secrets: ['K'] }),
    )
    await writeFile(t.file('secrets'), '{"K": "hush", "OTHER": "x"}')
    const run = (...more: string[]) => t.cli('plugin', 'test', file, ...more)
    const args = [
      '--arguments',
      '{"kg": 2}',
      '--params',
      '{"m": "hi"}',
      '--secrets',
      t.file('secrets'),
    ]
    const { code, out } = await run(...args)
    assert.equal(code, 0)
    assert.match(
      out,
      /^price: price\(query\)\n-- output\n6 hi hush\n-- completed in \d+ ms, processor/,
    )
    const failed = await run('--json')
    assert.equal(failed.code, 1)
    const tried = JSON.parse(failed.out) as Tried
    assert.equal(tried.error?.kind, 'python')
    assert.match(tried.error?.traceback ?? '', /line 1/)
  })

  it('says what is wrong with a command before anything runs', async () => {
    await using t = await openCliHouse()
    const file = t.file('price.json')
    await writeFile(file, python('print(1)'))
    const run = (...more: string[]) => t.cli('plugin', 'test', file, ...more)
    for (const [more, message] of [
      [['--function', 'none'], /no function 'none'.*'price'/],
      [['--params', '{'], /--params is not JSON/],
      [['--secrets', file], /must hold a JSON object whose values are strings/],
    ] as const)
      assert.match((await run(...more)).err, message)
    assert.match((await run('--arguments', '{')).out, /-- failed \(arguments\)/)
    assert.match((await t.cli('plugin', 'test', 'none')).err, /no file here, and there is no store/)
  })

  it('runs a stored plugin with its secrets, and shows addresses that were refused', async () => {
    await using t = await openCliHouse(SANDBOX)
    await t.cli('key', 'create')
    const file = t.file('price.json')
    const source =
      'from pyodide.http import pyfetch\ntry:\n  await pyfetch("http://169.254.169.254/")\nexcept Exception:\n  print(SECRETS["K"])'
    await writeFile(file, python(source, { secrets: ['K'], network: ['169.254.169.254'] }))
    await t.json('plugin', 'import', file)
    await t.cliWith({ input: 'hush' }, 'plugin', 'secret', 'set', 'price', 'K')
    const tried = await t.json<Tried>('plugin', 'test', 'price')
    assert.equal(tried.output.trim(), 'hush')
    assert.equal(tried.usage.http[0]?.host, '169.254.169.254')
    assert.ok(tried.usage.http[0].refused)
    assert.equal((await t.cli('plugin', 'test', 'none')).code, 1)
  })
})

describe('melzi plugin dev', () => {
  it('runs a folder at each save, serves it, and stores what ran well', async () => {
    await using t = await openCliHouse(SANDBOX)
    await t.cli('key', 'create')
    const folder = t.file('unit-price')
    await mkdir(folder)
    const save = async (name: string, text: string) => {
      // as editors do
      await writeFile(t.file('draft'), text)
      await rename(t.file('draft'), path.join(folder, name))
    }
    await save('source.py', 'print(6)')
    const stop = new AbortController()
    let out = ''
    let heard = Promise.withResolvers<void>()
    const said = async (pattern: RegExp) => {
      while (!pattern.test(out)) await heard.promise
    }
    const dev = t.cliWith(
      {
        interrupted: stop.signal,
        said: (all) => {
          out = all
          heard.resolve()
          heard = Promise.withResolvers()
        },
      },
      'plugin',
      'dev',
      folder,
      '--push',
      '--port',
      '0',
    )
    await said(
      /unit-price: unit-price\(query\)\n-- output\n6\n-- completed.*\n-- stored as version 1 of plug_/,
    )
    await save('plugin.json', '{\n  "id": "單價", "x": 1,\n  "api": {"type": "python"},\n}\n')
    await said(/單價: .*\n-- output\n6\n.*\n-- stored as version 1/)
    await save('arguments.json', '{"kg": 4}')
    await save('source.py', 'print(kg / 0)')
    await said(/-- failed \(python\)\nZeroDivisionError[^]*-- failed in/)
    await save('source.py', 'print(kg * 2)')
    await said(/-- output\n8\n.*\n-- stored as version 2/)
    const [, url] = /Serving (\S+)\/plugin\.json/.exec(out) ?? []
    const source = await fetch(`${url}/source.py`)
    assert.equal(source.headers.get('access-control-allow-origin'), '*')
    assert.equal(await source.text(), 'print(kg * 2)')
    const expected =
      '{\n  "id": "單價", "x": 1,\n  "api": {"type": "python", "python": {"source":"print(kg * 2)"}},\n}\n'
    assert.equal(await (await fetch(`${url}/plugin.json`)).text(), expected)
    assert.equal((await fetch(`${url}/../secret.key`)).status, 404)
    await save('plugin.json', '{')
    await said(/plugin\.json is not JSON/)
    stop.abort()
    assert.equal((await dev).code, 0)
    await assert.rejects(fetch(`${url}/source.py`))
    assert.equal((await t.cli('plugin', 'export', '單價')).out, expected)
    assert.equal(await readFile(path.join(folder, 'plugin.json'), 'utf8'), '{')
  })

  it('says what is wrong with a folder, a port or a store that is not there', async () => {
    await using t = await openCliHouse()
    const stop = AbortSignal.abort()
    const dev = (...more: string[]) => t.cliWith({ interrupted: stop }, 'plugin', 'dev', ...more)
    assert.match((await dev(t.dir, '--push')).err, /no store to import into/)
    assert.match((await dev(t.dir, '--port', 'x')).err, /--port takes a number/)
    const once = new AbortController()
    const given = { interrupted: once.signal, said: () => once.abort() }
    const { out } = await t.cliWith(given, 'plugin', 'dev', t.file('none'))
    assert.match(out, /none is no folder that can be read/)
  })
})

describe('the program', () => {
  const PROGRAM = path.join(import.meta.dirname, '../../bin/melzi.ts')
  const start = (t: { dataDir: string }, ...argv: string[]) => {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, [PROGRAM, ...argv], {
      env: { PATH, HOME, MELZI_DATA: t.dataDir, MELZI_MODEL: 'demo', ...SANDBOX },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdout.setEncoding('utf8')
    return child
  }

  it('ends a plugin that is developed, in the midst of a run, at Ctrl-C', async () => {
    await using t = await openCliHouse()
    await mkdir(t.file('loop'))
    await writeFile(path.join(t.file('loop'), 'source.py'), 'print(1)')
    const child = start(t, 'plugin', 'dev', t.file('loop'))
    const exited = once(child, 'exit')
    let out = ''
    for await (const piece of child.stdout as AsyncIterable<string>) {
      out += piece
      if (!out.includes('-- completed')) continue
      await writeFile(path.join(t.file('loop'), 'source.py'), 'while True: pass')
      // long enough for the loop to have begun, far shorter than its limit of 25 s
      await delay(1_500)
      child.kill('SIGINT')
    }
    assert.deepEqual(await exited, [0, null])
    assert.doesNotMatch(out, /timeout/)
  })

  it('reads a secret from standard input', async () => {
    await using t = await openCliHouse()
    await t.cli('key', 'create')
    await writeFile(t.file('price.json'), python('print(1)', { secrets: ['KEY'] }))
    await t.json('plugin', 'import', t.file('price.json'))
    const child = start(t, 'plugin', 'secret', 'set', 'price', 'KEY')
    const exited = once(child, 'exit')
    child.stdin.end('hush\n')
    assert.deepEqual(await exited, [0, null])
    assert.match((await t.cli('plugin', 'secret', 'list', 'price')).out, /KEY +20/)
  })
})
