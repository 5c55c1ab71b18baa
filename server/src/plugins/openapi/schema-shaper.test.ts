import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../manifest.ts'
import { DocumentRefs } from './document-refs.ts'
import { cutText, SchemaShaper, SchemaTooLarge } from './schema-shaper.ts'

const shape = (schema: unknown, level = { depth: 10, text: 100 }, document: JsonObject = {}) =>
  new SchemaShaper(new DocumentRefs(document), level, { nodes: 100_000 }).shape(schema)

describe('schemas for a model', () => {
  it('keeps what says which values there are, and nothing else', () => {
    const schema = {
      type: 'string',
      title: 'Name',
      description: ' The name. ',
      format: 'date',
      pattern: '^a$',
      minLength: 1,
      maxLength: 9,
      enum: ['a', 'b'],
      default: 'a',
      example: 'a',
      xml: { name: 'x' },
      externalDocs: {},
      'x-internal': true,
      deprecated: true,
      uniqueItems: true,
    }
    assert.deepEqual(shape(schema), {
      type: 'string',
      description: 'The name.',
      format: 'date',
      pattern: '^a$',
      enum: ['a', 'b'],
      default: 'a',
      minLength: 1,
      maxLength: 9,
    })
    const large = { enum: Array(201).fill('x'), default: 'y'.repeat(501), pattern: 'z'.repeat(201) }
    assert.deepEqual(shape({ type: 'string', ...large }), { type: 'string' })
    for (const nothing of [null, true, 7, [], 'text', undefined])
      assert.deepEqual(shape(nothing), {})
  })

  it('brings 3.0 into the form of JSON Schema', () => {
    assert.deepEqual(shape({ type: 'integer', nullable: true, enum: [1] }), {
      type: ['integer', 'null'],
      enum: [1, null],
    })
    assert.deepEqual(
      shape({
        type: 'number',
        minimum: 1,
        exclusiveMinimum: true,
        maximum: 5,
        exclusiveMaximum: false,
      }),
      {
        type: 'number',
        exclusiveMinimum: 1,
        maximum: 5,
      },
    )
    assert.deepEqual(shape({ properties: { a: { items: {} } } }), {
      type: 'object',
      properties: { a: { type: 'array', items: {} } },
    })
  })

  it('joins all of several schemas, and makes one of a choice with null', () => {
    const base = { type: 'object', required: ['a'], properties: { a: { type: 'string' } } }
    const document = {
      base,
      part: { properties: { b: { readOnly: true }, c: {} }, required: ['b', 'c'] },
    }
    const all = { description: 'Both.', allOf: [{ $ref: '#/base' }, { $ref: '#/part' }] }
    assert.deepEqual(Object.keys(shape(all, undefined, document).properties ?? {}), ['a', 'c'])
    assert.deepEqual(shape(all, undefined, document), {
      description: 'Both.',
      type: 'object',
      properties: { a: { type: 'string' }, c: {} },
      required: ['a', 'c'],
    })
    assert.deepEqual(shape({ anyOf: [{ type: 'null' }, { type: 'string', maxLength: 3 }] }), {
      type: ['string', 'null'],
      maxLength: 3,
    })
    assert.deepEqual(
      shape({ oneOf: [{ type: 'string' }, { type: 'null' }, { type: 'integer' }] }),
      {
        anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }],
      },
    )
    const either = { type: 'object', anyOf: [{ required: ['a'] }, { required: ['b'] }] }
    assert.deepEqual(shape(either), { type: 'object' })
  })

  it('trims descriptions and depth to its level, and stops where there is no end', () => {
    let deep: JsonObject = { type: 'string' }
    for (let level = 0; level < 5; level += 1)
      deep = { type: 'object', description: 'long words', properties: { a: deep } }
    assert.deepEqual(shape(deep, { depth: 2, text: 5 }), {
      type: 'object',
      description: 'long…',
      properties: {
        a: {
          type: 'object',
          description: 'long…',
          properties: { a: { type: 'object', description: 'long…' } },
        },
      },
    })
    let wide: JsonObject = {}
    for (let level = 0; level < 8; level += 1) wide = { properties: { a: wide, b: wide, c: wide } }
    assert.throws(() => shape(wide), SchemaTooLarge)
    assert.equal(cutText('a😀b', 3), 'a…')
    assert.equal(cutText('abc', 0), '')
  })
})
