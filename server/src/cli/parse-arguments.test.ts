import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COMMANDS } from './command-table.ts'
import { parseArguments, UsageError } from './parse-arguments.ts'
import { usage } from './usage.ts'

const command = (...argv: string[]) => parseArguments(argv).command

describe('parseArguments', () => {
  it('reads commands of one and two words', () => {
    assert.deepEqual(command('serve'), { kind: 'serve' })
    const whole = {
      kind: 'key create',
      assistants: [],
      access: 'manage',
      origins: [],
      expires: null,
      requestsPerMinute: null,
      tokensPerDay: null,
      moneyPerMonth: null,
      long: false,
    }
    assert.deepEqual(command('key', 'create'), { ...whole, name: 'key' })
    const limited = ['--assistant', 'asst_1', '--assistant', 'asst_2', '--access', 'use', '--long']
    assert.deepEqual(command('key', 'create', '--name', 'mine', ...limited, '--expires=30'), {
      ...whole,
      name: 'mine',
      assistants: ['asst_1', 'asst_2'],
      access: 'use',
      expires: '30',
      long: true,
    })
    assert.deepEqual(command('key', 'pause', 'key_1'), { kind: 'key pause', id: 'key_1' })
    assert.deepEqual(command('key', 'delete', 'key_1'), { kind: 'key delete', id: 'key_1' })
    assert.deepEqual(command('plugin', 'import', 'a', 'b'), {
      kind: 'plugin import',
      files: ['a', 'b'],
      vectorStore: null,
    })
    assert.deepEqual(command('plugin', 'attach', 'p', 'asst_1'), {
      kind: 'plugin attach',
      plugin: 'p',
      assistant: 'asst_1',
    })
    assert.deepEqual(command('assistant', 'export', 'asst_1', '--output=x.json'), {
      kind: 'assistant export',
      id: 'asst_1',
      output: 'x.json',
    })
  })

  it('reads commands of three words and options without a value', () => {
    assert.deepEqual(command('plugin', 'secret', 'set', 'p', 'KEY', '--file', 'key.txt'), {
      kind: 'plugin secret set',
      plugin: 'p',
      name: 'KEY',
      file: 'key.txt',
    })
    const dev = { kind: 'plugin dev', folder: 'f', port: null, secrets: null }
    assert.deepEqual(command('plugin', 'dev', 'f'), { ...dev, push: false })
    assert.deepEqual(command('plugin', 'dev', '--push', 'f'), { ...dev, push: true })
    assert.throws(() => command('plugin', 'dev', 'f', '--push=yes'), /--push takes no value/)
    assert.throws(() => command('plugin', 'secret', 'steal'), /no command 'plugin secret steal'/)
    assert.deepEqual(command('plugin', 'secret'), { kind: 'help', topic: 'plugin secret' })
  })

  it('reads the options of assistant create', () => {
    const line = 'assistant create --name A --plugin p --plugin q --plugin-mode server --model m'
    assert.deepEqual(command(...line.split(' ')), {
      kind: 'assistant create',
      name: 'A',
      model: 'm',
      instructions: null,
      plugins: ['p', 'q'],
      pluginMode: 'server',
    })
  })

  it('takes --json and --person everywhere, before or after the command', () => {
    assert.equal(parseArguments(['doctor', '--json']).json, true)
    for (const argv of [
      ['--json', 'key', 'list', '--person', 'Ann'],
      ['key', 'list', '--person=Ann', '--json'],
    ]) {
      assert.deepEqual(parseArguments(argv), {
        command: { kind: 'key list' },
        json: true,
        person: 'Ann',
      })
    }
  })

  it('gives help when it is asked for or nothing is, of as much of the command as there is', () => {
    const asked: [string[], string][] = [
      [[], ''],
      [['help'], ''],
      [['--help'], ''],
      [['-h'], ''],
      [['x', '-h'], ''],
      [['key'], 'key'],
      [['key', '--json'], 'key'],
      [['key', '--help'], 'key'],
      [['help', 'key'], 'key'],
      [['key', 'fly', '--help'], 'key'],
      [['key', 'delete', '--help'], 'key delete'],
      [['--help', 'key', 'delete', 'a', 'b'], 'key delete'],
      [['help', 'key', 'delete'], 'key delete'],
      [['serve', '--help'], 'serve'],
    ]
    for (const [argv, topic] of asked) {
      assert.deepEqual(parseArguments(argv).command, { kind: 'help', topic }, argv.join(' '))
    }
  })

  it('refuses what it does not know', () => {
    const refused: [string, RegExp][] = [
      ['fly', /no command 'fly'/],
      ['key fly', /no command 'key fly'/],
      ['constructor', /no command 'constructor'/],
      ['serve now', /takes no arguments/],
      ['key delete', /takes KEY_ID, but got 0/],
      ['key delete a b', /but got 2/],
      ['plugin import', /takes FILE\.\.\./],
      ['key list --name x', /--name/],
      ['key --json create', /no command 'key'/],
      ['key create --name', /^melzi key create: --name needs a value\.$/],
      ['key create --name --json', /--name needs a value; .* is written --name=--json\.$/],
      ['key create --name=', /the value of --name must not be empty/],
      ['key list --person=', /the value of --person must not be empty/],
      ['key create --json=yes', /--json takes no value/],
      ['key create --bogus', /^melzi key create: there is no option --bogus\.$/],
      ['key create --constructor', /no option --constructor/],
      ['key create -x', /no option -x/],
      ['assistant create --plugin-mode both', /takes client or server, not 'both'/],
    ]
    for (const [line, message] of refused) {
      assert.throws(
        () => parseArguments(line.split(' ')),
        (error) => {
          assert.ok(error instanceof UsageError)
          assert.match(error.message, message)
          return true
        },
      )
    }
  })
})

describe('usage', () => {
  it('names every command and option', () => {
    for (const [name, spec] of Object.entries(COMMANDS)) {
      assert.ok(usage().includes(`  ${name}`))
      for (const option of Object.keys(spec.options)) assert.ok(usage().includes(`--${option} `))
    }
  })

  it('keeps to the commands that are asked for', () => {
    const group = usage('key')
    assert.match(group, /^Usage: melzi key COMMAND \[OPTIONS\]\n/)
    for (const name of ['key create', 'key list', 'key delete KEY_ID'])
      assert.ok(group.includes(name))
    assert.ok(!/serve|assistant create|plugin/.test(group))
    const one = usage('key create')
    assert.match(one, /^Usage: melzi key create \[OPTIONS\]\n/)
    assert.ok(one.includes('--name TEXT') && !one.includes('key list'))
  })
})
