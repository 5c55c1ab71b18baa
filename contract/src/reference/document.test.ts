import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import * as z from 'zod/mini'
import { createComponents } from './components.ts'
import { referenceDocument, type ReferenceOperation } from './document.ts'
import type { Operation, Part } from './operation.ts'
import { PARTS } from './parts.ts'

const document = referenceDocument({
  baseUrl: 'https://melzi.example/openai',
  version: '1.2.3',
  azure: true,
})
const rows = PARTS.flatMap(({ operations }) => operations)

const operations = (): [path: string, method: string, operation: ReferenceOperation][] =>
  Object.entries(document.paths).flatMap(([path, { servers: _servers, ...methods }]) =>
    Object.entries(methods).map(([method, operation]): [string, string, ReferenceOperation] => [
      path,
      method,
      operation,
    ]),
  )

describe('the reference as a document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...structuredClone(document) })
    assert.ok(valid, JSON.stringify(errors))
  })

  it('is found wanting by the same validator when something is missing', async () => {
    const { info: _info, ...broken } = structuredClone(document)
    assert.equal((await new Validator().validate({ ...broken })).valid, false)
  })

  it('leads every reference to something, and has nothing that nobody refers to', () => {
    const text = JSON.stringify(document)
    const used = new Set(
      [...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, name]) => name),
    )
    const { schemas, responses } = document.components
    const all = [
      ...Object.keys(schemas).map((name) => `schemas/${name}`),
      ...Object.keys(responses).map((name) => `responses/${name}`),
    ]
    const known = new Set<string | undefined>(all)
    assert.deepEqual(
      [...used].filter((name) => !known.has(name)),
      [],
    )
    // every part says what it names; 403 and 409 are for parts to come
    const spare = ['responses/Forbidden', 'responses/Conflict']
    assert.deepEqual(
      all.filter((name) => !used.has(name) && !spare.includes(name)),
      [],
    )
  })

  it('has each id once, and each operation under a tag there is', () => {
    const ids = operations().map(([, , { operationId }]) => operationId)
    assert.equal(new Set(ids).size, ids.length)
    const tags = new Set(document.tags.map(({ name }) => name))
    for (const [, , operation] of operations()) assert.ok(tags.has(operation.tags[0]))
    assert.equal(ids.length, rows.length)
  })

  it('gives examples that the operation takes', () => {
    for (const { id, query, body } of rows) {
      for (const part of [query, body]) {
        if (part === undefined || !('example' in part)) continue
        const { success, error } = z.safeParse(part.schema, part.example)
        assert.ok(success, `${id}: ${JSON.stringify(error?.issues)}`)
      }
    }
  })

  it('says for each place in a path what it is', () => {
    for (const [path, , { parameters = [] }] of operations())
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        const found = parameters.find((one) => one.in === 'path' && one.name === name)
        assert.ok(found?.description !== undefined && found.required, `${name} of ${path}`)
      }
  })

  it('knows Azure’s paths under its prefix only, and a base without a host', () => {
    const plain = referenceDocument({ baseUrl: '/v1', version: '1' })
    assert.deepEqual(plain.servers, [{ url: '/v1' }])
    const azure = Object.keys(document.paths).filter((path) => path.startsWith('/deployments'))
    assert.equal(azure.length, 3)
    assert.ok(azure.every((path) => !(path in plain.paths)))
    assert.deepEqual(document.paths['/healthz']?.servers, [{ url: 'https://melzi.example' }])
  })

  it('asks for a key everywhere but where none is needed', () => {
    assert.deepEqual(document.security, [{ bearer: [] }, { apiKey: [] }])
    const open = operations()
      .filter(([, , { security }]) => security !== undefined)
      // all of signing in
      .filter(([path]) => !path.startsWith('/api/auth/'))
    assert.deepEqual(
      open.map(([path]) => path),
      [
        '/share-links/look',
        '/share-links/redeem',
        '/invitations/look',
        '/invitations/accept',
        '/setup',
        '/healthz',
        '/readyz',
        '/pictures/{picture}',
        '/openapi.json',
      ],
    )
  })

  it('shows what is optional, what has a default, and what only requests have', () => {
    const { CreateAssistantRequest: sent, AssistantObject: answered } = document.components.schemas
    assert.deepEqual(sent?.required, ['model'])
    assert.equal(sent?.properties?.['temperature']?.default, 1)
    assert.equal(sent?.additionalProperties, false)
    assert.equal(answered?.additionalProperties, undefined)
    assert.ok(answered?.required?.includes('temperature'))
    const list = document.paths['/threads/{thread_id}/runs/{run_id}/steps']?.get?.parameters
    assert.deepEqual(
      list?.filter((one) => one.in === 'query').map(({ name }) => name),
      ['limit', 'order', 'after', 'before', 'include[]'],
    )
  })
})

describe('a table of rows of its own', () => {
  const made = (operations: Operation[], notes: Part['notes'] = {}) =>
    referenceDocument({ baseUrl: '/v1', version: '1' }, [
      { tag: 'Made up', description: 'Made up.', operations, schemas: {}, notes },
    ])
  const row: Operation = {
    id: 'sendFile',
    method: 'post',
    path: '/made_up',
    summary: 'Made up',
    description: 'Made up.',
    query: { schema: z.strictObject({ name: z.optional(z.string()) }) },
    body: { type: 'file', sample: 'weather.json', description: 'The file itself.' },
    reply: { 'application/json': null },
    savedAs: 'answer.json',
    errors: [403],
  }

  it('may take and give files as they are', async () => {
    const { paths, ...rest } = made([row], { 'sendFile.name': 'A name.' })
    const post = paths['/made_up']?.post
    assert.deepEqual(post?.requestBody?.content, {
      '*/*': { schema: { type: 'string', description: 'The file itself.' } },
    })
    assert.deepEqual(post?.parameters?.[0]?.description, 'A name.')
    assert.deepEqual(Object.keys(post?.responses ?? {}), [
      '200',
      '400',
      '401',
      '403',
      '413',
      '429',
      '500',
      '503',
    ])
    assert.ok((await new Validator().validate({ paths, ...rest })).valid)
  })

  it('is refused with a note on no field', () => {
    assert.throws(
      () => made([row], { 'sendFile.nome': 'A name.' }),
      /notes on no field: sendFile.nome/,
    )
  })
})

describe('schemas of requests and replies', () => {
  const Inner = z.object({ count: z._default(z.number(), 0) })
  const Outer = z.object({ inner: Inner })
  const Plain = z.enum(['a', 'b'])

  it('share a name when they are the same, and have two when they are not', () => {
    const used = z.object({ outer: Outer, plain: Plain })
    const components = createComponents({ Inner, Outer, Plain }, [used], [used])
    assert.deepEqual(Object.keys(components.schemas()).toSorted(), [
      'Inner',
      'InnerAsSent',
      'Outer',
      'OuterAsSent',
      'Plain',
    ])
    const { properties } = components.input(used)
    assert.equal(properties?.['outer']?.$ref, '#/components/schemas/OuterAsSent')
    assert.equal(properties?.['plain']?.$ref, '#/components/schemas/Plain')
  })

  it('are refused when JSON Schema has no word for them', () => {
    const Odd = z.object({ when: z.date() })
    assert.throws(() => createComponents({ Odd }, [], [Odd]), /no JSON Schema for Odd/)
  })
})
