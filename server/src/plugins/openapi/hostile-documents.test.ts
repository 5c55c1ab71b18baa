/** Documents that were written to hurt, or are plainly wrong: bounded in time and memory, and one clear sentence. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePluginFile, type JsonObject } from '../manifest.ts'
import { describePlugin, kindFor, openHouse, pluginFile, startApi } from './openapi-house.ts'
import { createReadDocument } from './read-document.ts'

const paths = (schema: unknown, more: object = {}) => ({
  '/a': {
    post: {
      operationId: 'a',
      requestBody: { required: true, content: { 'application/json': { schema } } },
      ...more,
    },
  },
})

const documentOf = (given: object): string =>
  JSON.stringify({ openapi: '3.0.0', servers: [{ url: 'https://api.test' }], ...given })

const open = (text: string, melzi: JsonObject = {}) =>
  openHouse(kindFor([]), pluginFile({ document: text, ...melzi }))

const problemOf = async (text: string, melzi: JsonObject = {}) => {
  const started = performance.now()
  try {
    await open(text, melzi)
  } catch (error) {
    const { status, param, message } = error as { status: number; param: string; message: string }
    assert.equal(status, 400, message)
    const ms = performance.now() - started
    assert.ok(ms < 20_000, `${ms} ms`)
    return { param, message }
  }
  throw new Error('the document was taken')
}

const refuses = async (text: string, sentence: RegExp, melzi: JsonObject = {}) => {
  const { param, message } = await problemOf(text, melzi)
  assert.match(message, sentence)
  assert.equal(param, 'melzi.document')
}

describe('hostile OpenAPI documents', () => {
  it('refuses what is no OpenAPI document', async () => {
    await refuses('a: [', /neither YAML nor JSON: /)
    await refuses('{"a": 1', /neither YAML nor JSON: /)
    await refuses('just words', /must hold an object, not a string/)
    await refuses('[]', /must hold an object, not an array/)
    await refuses('{"openapi":"4.0.0"}', /no OpenAPI document of version 2.0, 3.0 or 3.1/)
    await refuses('{"swagger":"1.2"}', /no OpenAPI document/)
    await refuses('openapi: [3]', /no OpenAPI document/)
    await refuses(documentOf({}), /has no operations/)
    await refuses(documentOf({ paths: [] }), /has no operations/)
    await refuses(documentOf({ paths: { 'no-slash': { get: {} } } }), /has no operations/)
  })

  it('refuses bombs of aliases', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(10).fill(`*l${n}`).join(', ')}]`,
    )
    await refuses(['l0: &l0 x', ...levels, 'openapi: 3.0.0'].join('\n'), /Excessive alias count/)
    await refuses('openapi: 3.0.0\npaths: &p\n  /a: *p\n', /no operations|could not be/)
  })

  it('takes an alias within itself for what it is', async () => {
    const text = `openapi: 3.0.0
servers: [{url: "https://api.test"}]
paths:
  /a:
    post:
      operationId: a
      requestBody:
        content:
          application/json:
            schema: &s
              type: object
              properties: {again: *s}
`
    const { functions } = await open(text)
    const written = JSON.stringify(functions[0]?.parameters)
    assert.ok(written.startsWith('{"type":"object","properties":{"again":{"type":"object"'))
    assert.ok(written.length < 1_000)
  })

  it('refuses deep nesting in JSON and in YAML', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    await refuses(`{"openapi":"3.0.0","paths":${deep}}`, /has no operations/)
    await refuses(`openapi: 3.0.0\nx: ${'['.repeat(50_000)}`, /nested too deeply/)
    const chain = `${'{"type":"object","properties":{"a":'.repeat(5_000)}{}${'}}'.repeat(5_000)}`
    const nested = `{"openapi":"3.0.0","servers":[{"url":"https://api.test"}],"paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":${chain}}}}}}}}`
    const { functions } = await open(nested)
    assert.ok(JSON.stringify(functions[0]?.parameters).length < 8_192)
    const inTwo = `{"swagger":"2.0","host":"api.test","paths":{"/a":{"post":{"parameters":[{"in":"body","name":"b","schema":${chain}}]}}}}`
    await refuses(inTwo, /^The document is nested too deeply\.$/)
  })

  it('cuts references that go in circles', async () => {
    const tree = {
      type: 'object',
      properties: {
        name: { type: 'string' },
        children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
      },
    }
    const text = documentOf({
      paths: paths({ $ref: '#/components/schemas/Tree' }),
      components: { schemas: { Tree: tree } },
    })
    const { functions } = await open(text)
    assert.deepEqual(functions[0]?.parameters, {
      type: 'object',
      properties: {
        name: { type: 'string' },
        children: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              children: { type: 'array', items: { type: 'object' } },
            },
          },
        },
      },
    })
    const circle = { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } }
    await refuses(
      documentOf({ paths: paths(circle.A), components: { schemas: circle } }),
      /leads back to itself/,
    )
    await refuses(documentOf({ paths: paths({ $ref: '#/nowhere' }) }), /leads nowhere/)
    const all = { X: { allOf: [{ $ref: '#/components/schemas/X' }] } }
    const own = await open(
      documentOf({
        paths: paths({ $ref: '#/components/schemas/X' }),
        components: { schemas: all },
      }),
    )
    assert.deepEqual(own.functions[0]?.parameters.properties, { body: { type: 'object' } })
  })

  it('keeps a schema small that unfolds without end', async () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `S${n}`,
        {
          type: 'object',
          description: 'x'.repeat(3_000),
          properties: Object.fromEntries(
            Array.from({ length: 20 }, (_, p) => [
              `p${p}`,
              { $ref: `#/components/schemas/S${n + 1}` },
            ]),
          ),
        },
      ]),
    )
    const whole = { schemas: { ...schemas, S40: { type: 'string' } } }
    const text = documentOf({
      paths: paths({ $ref: '#/components/schemas/S0' }),
      components: whole,
    })
    const { functions } = await open(text)
    const { parameters } = functions[0] ?? {}
    const length = JSON.stringify(parameters).length
    assert.ok(length > 200 && length <= 8_192, String(length))
    assert.deepEqual(
      Object.keys(parameters?.properties ?? {}),
      Array.from({ length: 20 }, (_, p) => `p${p}`),
    )
    assert.deepEqual((await open(text)).functions, functions)
    const operation = paths({ $ref: '#/components/schemas/S0' })['/a'].post
    const many = Array.from({ length: 300 }, (_, n) => [
      `/p${n}`,
      { post: { ...operation, operationId: `p${n}` } },
    ])
    const refused = await problemOf(
      documentOf({ paths: Object.fromEntries(many), components: whole }),
    )
    assert.equal(refused.param, 'melzi.functions')
    assert.match(refused.message, /unfold to more than can be read/)
  })

  it('leaves optional parameters out before it refuses an operation', async () => {
    const parameters = (count: number, required: boolean) =>
      Array.from({ length: count }, (_, n) => ({
        name: `parameter_with_a_long_name_${n}`,
        in: 'query',
        required,
        schema: { type: 'string' },
      }))
    const operation = (list: unknown[]) =>
      documentOf({ paths: { '/a': { get: { operationId: 'a', parameters: list } } } })
    const needed = { name: 'last', in: 'query', required: true, schema: { type: 'integer' } }
    const { functions } = await open(operation([...parameters(400, false), needed]))
    const { properties, required } = functions[0]?.parameters ?? {}
    assert.deepEqual(required, ['last'])
    const names = Object.keys(properties ?? {})
    assert.ok(names.includes('last') && names.length > 50 && names.length < 400)
    await refuses(operation(parameters(400, true)), /has more parameters than a function can have/)
    await refuses(operation(parameters(501, false)), /more than 500 parameters/)
  })

  it('follows no reference out of the document', async () => {
    await using api = await startApi()
    const kind = kindFor([api.port])
    const url = `http://other.test:${api.port}/schema.json`
    for (const spoilt of [
      ...[`${url}#/a`, 'other.yaml#/a', 'file:///etc/hostname', '../../etc/hostname'].map((ref) =>
        paths({ $ref: ref }),
      ),
      paths({ type: 'object', properties: { a: { $ref: url } } }),
      paths({}, { parameters: [{ $ref: url }] }),
      { '/a': { $ref: url } },
    ]) {
      await assert.rejects(
        openHouse(kind, pluginFile({ document: documentOf({ paths: spoilt }) })),
        { status: 400, param: 'melzi.document', message: /refers to another document/ },
      )
    }
    assert.deepEqual(api.asked, [])
  })

  it('is not deceived by keys that name prototypes', async () => {
    const evil = `{"openapi":"3.0.0","servers":[{"url":"https://api.test"}],"__proto__":{"paths":{}},
      "paths":{"/a":{"post":{"operationId":"a","parameters":[
        {"name":"__proto__","in":"query","required":true,"schema":{"type":"string"}},
        {"name":"constructor","in":"query","schema":{"type":"string"}}],
      "requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":{
        "__proto__":{"type":"string"},"prototype":{"type":"string"},
        "inner":{"type":"object","properties":{"__proto__":{"type":"object"},"x":{"$ref":"#/constructor/name"}}}}}}}}}}}}`
    await refuses(evil, /leads nowhere/)
    await using api = await startApi()
    const kind = kindFor([api.port])
    const text = evil
      .replace('{"$ref":"#/constructor/name"}', '{}')
      .replace('https://api.test', `http://api.test:${api.port}`)
    const house = await openHouse(kind, pluginFile({ document: text }))
    assert.deepEqual(Object.keys(house.functions[0]?.parameters.properties ?? {}), [
      'proto',
      'constructor',
      'prototype',
      'inner',
    ])
    const args = JSON.parse(
      '{"proto":"1","inner":{"__proto__":{"polluted":true}},"prototype":"2"}',
    ) as JsonObject
    assert.equal((await house.call('a', args)).ok, true)
    assert.equal(api.asked[0]?.url, '/a?__proto__=1')
    assert.equal(api.asked[0]?.body, '{"prototype":"2","inner":{"__proto__":{"polluted":true}}}')
    assert.equal((await house.call('a', {})).error?.kind, 'arguments')
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    const yaml = `openapi: 3.0.0
__proto__: {polluted: true}
servers: [{url: https://api.test}]
paths: {__proto__: {polluted: true}, /a: {get: {operationId: a, __proto__: {x: 1}}}}`
    assert.equal((await open(yaml)).functions.length, 1)
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  })

  it('bounds the number of operations, and the whole of what it keeps', async () => {
    const many = (count: number, operation: object = {}) =>
      documentOf({
        paths: Object.fromEntries(
          Array.from({ length: count }, (_, n) => [`/p${n}`, { get: operation }]),
        ),
      })
    await refuses(many(5_001), /more than 5000 operations/)
    const { functions } = await open(many(2_000))
    assert.equal(functions.length, 2_000)
    const wide = {
      description: 'd'.repeat(900),
      parameters: Array.from({ length: 40 }, (_, n) => ({
        name: `parameter${n}`,
        in: 'query',
        description: 'e'.repeat(100),
        schema: { $ref: '#/components/schemas/Long' },
      })),
    }
    const large = documentOf({
      components: {
        schemas: { Long: { type: 'string', description: 'f'.repeat(500) } },
        pathItems: { P: { get: wide } },
      },
      paths: Object.fromEntries(
        Array.from({ length: 1_000 }, (_, n) => [`/p${n}`, { $ref: '#/components/pathItems/P' }]),
      ),
    })
    const refused = await problemOf(large)
    assert.match(refused.message, /Tick fewer operations in 'melzi.functions'/)
    assert.equal(refused.param, 'melzi.functions')
    const ticked = await open(large, { functions: ['GET /p900'] })
    assert.equal(ticked.functions.length, 1_000)
    const counts = [0, 900, 999].map(
      (n) => Object.keys(ticked.functions[n]?.parameters.properties ?? {}).length,
    )
    assert.deepEqual(counts, [40, 40, 0])
    assert.equal((await ticked.call('GET /p999')).error?.kind, 'unavailable')
    const kind = kindFor([])
    const file = pluginFile({ document: large, functions: ['GET /p900'] })
    const kept = { functionName: 'api', document: await describePlugin(kind, file) }
    const tick = (functions: string[]) => {
      const manifest = parsePluginFile(pluginFile({ document: large, functions }))
      return kind.functions({ ...kept, manifest }).length
    }
    assert.equal(tick(['GET /p0', 'GET /p900']), 1_000)
    assert.throws(() => tick(['GET /p0', 'GET /p999']), {
      status: 400,
      param: 'melzi.functions[1]',
      message: /^'GET \/p999' was not kept .* Import the plugin file again with it ticked\.$/,
    })
  })

  it('says which ticked operation is not there', async () => {
    const text = documentOf({ paths: paths({}) })
    assert.deepEqual(await problemOf(text, { functions: ['a', 'b'] }), {
      param: 'melzi.functions[1]',
      message: "The document has no operation 'b'. It has: 'a'.",
    })
    assert.equal((await problemOf(text, { ask_before: ['c'] })).param, 'melzi.ask_before[0]')
    assert.equal((await open(text, { functions: ['a'], ask_before: true })).functions.length, 1)
  })

  it('needs a server that requests can go to', async () => {
    const server = (url: unknown, more: object = {}) =>
      documentOf({ paths: paths({}), servers: [{ url, ...more }] })
    await refuses(server('/v1'), /names no server that requests could go to/)
    await refuses(JSON.stringify({ swagger: '2.0', paths: paths({}) }), /names no server/)
    await refuses(server('ftp://api.test'), /not an http or https URL/)
    await refuses(server('https://user:pw@api.test'), /not an http or https URL/)
    await refuses(server('https://*.test'), /not an http or https URL/)
    await refuses(server('https://{tenant}.test'), /variable \{tenant\}.*no default/)
    await refuses(server('https://{t}.test', { variables: { t: {} } }), /no default/)
    await refuses(server(7), /names no server/)
  })

  it('ends the reading of a document that takes too long or too much', async () => {
    const text = documentOf({ paths: paths({}) })
    const slow = kindFor([], { readDocument: createReadDocument({ ms: 1, memoryMiB: 384 }) })
    await assert.rejects(describePlugin(slow, pluginFile({ document: text })), {
      status: 400,
      param: 'melzi.document',
      message: 'The document could not be read within 0.001 s.',
    })
    const small = kindFor([], { readDocument: createReadDocument({ ms: 15_000, memoryMiB: 24 }) })
    const large = `openapi: 3.0.0\nx: [${'{},'.repeat(150_000)}]`
    await assert.rejects(describePlugin(small, pluginFile({ document: large })), {
      status: 400,
      param: 'melzi.document',
      message: 'The document unfolds to more than fits into memory.',
    })
    const stopped = AbortSignal.abort(new Error('left'))
    await assert.rejects(
      describePlugin(kindFor([]), pluginFile({ document: text }), stopped),
      /left/,
    )
    const leaving = new AbortController()
    const reading = describePlugin(kindFor([]), pluginFile({ document: text }), leaving.signal)
    leaving.abort(new Error('left later'))
    await assert.rejects(reading, /left later/)
  })
})
