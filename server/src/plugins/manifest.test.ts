import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../platform/errors.ts'
import { functionNameOf } from './function-name.ts'
import { LONGEST_PLUGIN_FILE, parsePluginFile } from './manifest.ts'
import { createPythonKind, type ReadParameters } from './python/python-kind.ts'
import { createNoDriver } from './python/no-driver.ts'

const file = (fields: Record<string, unknown> = {}, python: Record<string, unknown> = {}) =>
  JSON.stringify({
    id: 'unit_price',
    name_for_human: 'Unit price',
    description_for_model: 'Use for prices.',
    api: { type: 'python', python: { source: 'print(6)', ...python } },
    ...fields,
  })

const refused = (text: string, param: string | null, message: RegExp) =>
  assert.throws(
    () => parsePluginFile(text),
    (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.status, 400)
      assert.equal(error.param, param)
      assert.match(error.message, message)
      return true
    },
  )

describe('parsePluginFile', () => {
  it('reads a plain file, with names falling back to each other', () => {
    const manifest = parsePluginFile(file())
    assert.equal(manifest.id, 'unit_price')
    assert.equal(manifest.nameForModel, 'unit_price')
    assert.equal(manifest.nameForHuman, 'Unit price')
    assert.equal(manifest.descriptionForModel, 'Use for prices.')
    assert.deepEqual(manifest.api, { kind: 'python', source: 'print(6)' })
    assert.equal(manifest.directResponse, false)
    assert.deepEqual(
      [manifest.parameters, manifest.hosts, manifest.timeoutMs, manifest.usageHint],
      [null, null, null, null],
    )
  })

  it('takes a byte order mark, trailing commas and raw line breaks in strings', () => {
    const text = `\uFEFF{ "id": "a", "x": [1, 2, ], "api": { "type": "python",
      "python": { "source": "print(',}')\n\tprint(2)\\n", }, }, }`
    const manifest = parsePluginFile(text)
    assert.deepEqual(manifest.api, {
      kind: 'python',
      source: "print(',}')\n\tprint(2)\n",
    })
  })

  it('takes every form of auth, an id that is a number and a missing id', () => {
    for (const auth of [{ type: 'none' }, 'none', undefined, null]) parsePluginFile(file({ auth }))
    assert.equal(parsePluginFile(file({ id: 7 })).id, '7')
    assert.equal(parsePluginFile(file({ id: null, name_for_model: '查價' })).id, '查價')
  })

  it('reads the melzi block', () => {
    const manifest = parsePluginFile(
      file({
        melzi: {
          parameters: { properties: { price: { type: 'number' } } },
          network: ['API.example.com', '*.example.org'],
          timeout_seconds: 2.5,
          secrets: [],
          packages: [],
        },
      }),
    )
    assert.deepEqual(manifest.parameters, {
      type: 'object',
      properties: { price: { type: 'number' } },
    })
    assert.deepEqual(manifest.hosts, ['api.example.com', '*.example.org'])
    assert.equal(manifest.timeoutMs, 2500)
    assert.equal(parsePluginFile(file({ melzi: { network: 'public' } })).hosts, 'public')
  })

  it('names what is wrong', () => {
    refused('{', null, /not JSON/)
    refused('[]', null, /must hold a JSON object, not an array/)
    refused(file({ id: undefined, name_for_human: undefined }), 'id', /Missing required/)
    refused(file({ id: ['x'] }), 'id', /expected a string, but got an array/)
    refused(file({ id: 'x'.repeat(300) }), 'id', /maximum length 256/)
    refused(file({ name_for_model: 1 }), 'name_for_model', /expected a string/)
    refused(file({ api: undefined }), 'api', /Missing/)
    refused(file({ api: {} }), 'api.type', /Missing/)
    refused(file({ api: { type: 'python' } }), 'api.python', /Missing/)
    refused(file({}, { source: undefined }), 'api.python.source', /Missing/)
    refused(file({}, { source: 3 }), 'api.python.source', /got an integer/)
    refused(file({}, { source: ' \n' }), 'api.python.source', /non-empty/)
    refused(file({ x: 'x'.repeat(LONGEST_PLUGIN_FILE) }), null, /The limit is/)
  })

  it('refuses kinds that cannot run here', () => {
    for (const type of ['javascript', 'AzureFunction'])
      refused(file({ api: { type, url: 'https://example.com' } }), 'api.type', /cannot run/)
  })

  it('reads the other kinds, with the secrets their servers ask for', () => {
    const read = (api: object, melzi: object = {}) => parsePluginFile(file({ api, melzi }))
    const auth = { type: 'api_key', in: 'header', name: 'X-Key', secret: 'KEY' }
    const openapi = read(
      { type: 'openapi', url: 'https://example.com/a.yaml' },
      { auth, user_header: true, functions: ['a'], ask_before: ['a'] },
    )
    assert.deepEqual(openapi.api, {
      kind: 'openapi',
      url: 'https://example.com/a.yaml',
      text: null,
      auth,
      userHeader: 'Davinci-Cookie',
    })
    assert.deepEqual(openapi.secrets, ['KEY'])
    assert.deepEqual([openapi.functions, openapi.askBefore], [['a'], ['a']])
    assert.deepEqual(read({ type: 'mcp', command: 'files' }, { ask_before: true }).api, {
      kind: 'mcp',
      url: null,
      command: 'files',
      auth: { type: 'none' },
    })
    const params = { indexName: 'handbook' }
    const search = read({ type: 'AzureCognitiveSearch', azure_cognitive_search_params: params })
    assert.deepEqual(search.api, { kind: 'search', indexName: 'handbook' })
  })

  it('names what is wrong with an address or its auth', () => {
    const url = 'https://example.com/a.yaml'
    const bad = (api: object, melzi: object, param: string, message: RegExp) =>
      refused(file({ api, melzi }), param, message)
    bad({ type: 'openapi' }, {}, 'api.url', /Missing/)
    bad({ type: 'openapi', url: 'ftp://x' }, {}, 'api.url', /http or https/)
    bad({ type: 'mcp', url: 'https://u:p@x.org' }, {}, 'api.url', /without a user name/)
    bad({ type: 'mcp', url, command: 'x' }, {}, 'api.command', /not both/)
    bad({ type: 'mcp', url }, { auth: { type: 'digest' } }, 'melzi.auth.type', /Supported values/)
    const leaked = { type: 'bearer', secret: 'sk-live 123' }
    bad({ type: 'mcp', url }, { auth: leaked }, 'melzi.auth.secret', /never the secret itself/)
    bad({ type: 'openapi', url }, { user_header: 'Host' }, 'melzi.user_header', /cannot be/)
  })

  it('refuses demands it cannot meet and typos in the melzi block', () => {
    refused(file({ melzi: { secrets: ['a key'] } }), 'melzi.secrets[0]', /expected a name/)
    refused(file({ melzi: { packages: ['torch'] } }), 'melzi.packages[0]', /not supported/)
    refused(file({ melzi: { timeout: 3 } }), 'melzi.timeout', /Unknown parameter/)
    refused(file({ melzi: { timeout_seconds: 26 } }), 'melzi.timeout_seconds', /<= 25/)
    refused(file({ melzi: { timeout_seconds: 0 } }), 'melzi.timeout_seconds', /> 0/)
    refused(file({ melzi: { network: ['http://x.org/'] } }), 'melzi.network[0]', /not a host name/)
    for (const host of ['*.org', '*', 'a..b', 'x.org:80', ''])
      refused(file({ melzi: { network: [host] } }), 'melzi.network[0]', /not a host name/)
    assert.deepEqual(parsePluginFile(file({ melzi: { network: ['db', 'localhost'] } })).hosts, [
      'db',
      'localhost',
    ])
    refused(file({ melzi: { network: 'x.org' } }), 'melzi.network', /an array/)
    const levels = 20_000
    const deep = `{"id": "a", "melzi": {"parameters": {"x": ${'['.repeat(levels)}${']'.repeat(levels)}}},
      "api": {"type": "python", "python": {"source": "1"}}}`
    refused(deep, 'melzi.parameters', /100 levels deep/)
    refused(file({ melzi: { parameters: { type: 'array' } } }), 'melzi.parameters.type', /object/)
  })
})

describe('functionNameOf', () => {
  it('is the id, else the name for the model, else a stable slug', () => {
    assert.equal(functionNameOf('unit_price', 'other'), 'unit_price')
    assert.equal(functionNameOf('單價', 'unit_price'), 'unit_price')
    assert.equal(
      functionNameOf('我的 unit price!', '單價'),
      functionNameOf('我的 unit price!', '單價'),
    )
    assert.match(functionNameOf('我的 unit price!', '單價'), /^unit_price_[0-9a-f]{8}$/)
    assert.match(functionNameOf('單價', '單價'), /^plugin_[0-9a-f]{8}$/)
    assert.notEqual(functionNameOf('查詢', '查詢'), functionNameOf('計算', '計算'))
  })

  it('always has the form models demand', () => {
    for (const id of ['x'.repeat(100), 'a b '.repeat(60), '🙂', '_'.repeat(70), '..', ' ']) {
      assert.match(functionNameOf(id, id), /^[a-zA-Z0-9_-]{1,64}$/)
    }
  })
})

describe('the function of a Python plugin', () => {
  const tool = (text: string, read: ReadParameters) => {
    const plugin = { functionName: 'f', manifest: parsePluginFile(text), document: null }
    return createPythonKind(createNoDriver(), read).functions(plugin)[0]?.parameters
  }

  it('takes the parameters of the file, else of the source, else one free text', () => {
    const stated = { type: 'object', properties: { a: { type: 'string' } } }
    assert.deepEqual(
      tool(file({ melzi: { parameters: stated } }), () => ({ type: 'object' })),
      stated,
    )
    assert.deepEqual(
      tool(file(), (source) => (source === 'print(6)' ? stated : null)),
      stated,
    )
    assert.deepEqual(tool(file(), () => null)?.['required'], ['query'])
  })
})
