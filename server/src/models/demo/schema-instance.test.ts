import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Ajv } from 'ajv'

import { fillArguments } from './fill-arguments.ts'
import { schemaInstance } from './schema-instance.ts'
import type { JsonSchema } from './schema-instance.ts'

const validate = (schema: JsonSchema, value: unknown) => {
  const ajv = new Ajv({ strict: false, formats: { date: true, 'date-time': true, email: true } })
  assert.ok(ajv.validate(schema, value), `${JSON.stringify(value)}: ${ajv.errorsText()}`)
}

const object = (properties: Record<string, unknown>, rest: object = {}): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...rest,
})

const SCHEMAS: JsonSchema[] = [
  object({
    a: { type: 'string', minLength: 9, maxLength: 12 },
    b: { type: 'integer', minimum: 3 },
  }),
  object({
    n: { type: 'number', exclusiveMinimum: 2, maximum: 2.6 },
    m: { type: 'integer', multipleOf: 7, minimum: 8 },
  }),
  object({ list: { type: 'array', minItems: 2, items: object({ ok: { type: 'boolean' } }) } }),
  object({
    kind: { enum: ['x', 'y'] },
    fixed: { const: 4 },
    when: { type: 'string', format: 'date' },
    nothing: { type: 'null' },
  }),
  object({
    maybe: { anyOf: [{ type: 'null' }, { type: 'integer' }] },
    both: { type: ['null', 'string'] },
  }),
  object(
    { node: { $ref: '#/$defs/node' } },
    { $defs: { node: object({ name: { type: 'string' } }) } },
  ),
  {
    allOf: [
      object({ a: { type: 'string' } }, { additionalProperties: true }),
      { required: ['b'], properties: { b: { type: 'number' } } },
    ],
  },
  { type: 'array', items: { type: 'string' } },
  { type: 'integer', maximum: -5 },
]

test('the smallest instance of a schema is valid against it', () => {
  for (const schema of SCHEMAS) validate(schema, schemaInstance(schema))
  assert.deepEqual(
    schemaInstance({ type: 'object', properties: { optional: { type: 'string' } } }),
    {},
  )
})

test('arguments filled from a text are valid too', () => {
  for (const schema of SCHEMAS.filter((one) => 'properties' in one || 'allOf' in one)) {
    validate(schema, fillArguments('', schema))
  }
  for (const schema of SCHEMAS.slice(1, 4))
    validate(schema, fillArguments('say 100 and 2.5 on 2026-11-22', schema))
})

test('a schema that requires itself comes to an end', () => {
  const schema = { $ref: '#/$defs/a', $defs: { a: object({ next: { $ref: '#/$defs/a' } }) } }
  assert.equal(typeof schemaInstance(schema), 'object')
  assert.deepEqual(schemaInstance({ $ref: '#' }), 'demo')
})
