import assert from 'node:assert/strict'
import { test } from 'node:test'
import { schemaComplaint } from './schema-complaint.ts'

const object = (properties: object, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
})

test('a value that fits has no complaint', () => {
  const schema = object(
    {
      kg: { type: 'number', minimum: 0 },
      unit: { enum: ['g', 'kg'] },
      tags: { type: 'array', items: { type: 'string' }, maxItems: 2 },
      maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      place: { $ref: '#/$defs/place' },
    },
    ['kg'],
  )
  const whole = { ...schema, $defs: { place: object({ city: { type: 'string' } }, ['city']) } }
  const value = { kg: 2, unit: 'kg', tags: ['a'], maybe: null, place: { city: '台北' }, more: 1 }
  assert.equal(schemaComplaint(value, whole), null)
  assert.equal(schemaComplaint({ anything: [1, {}] }, {}), null)
})

const CASES: [value: unknown, schema: unknown, complaint: string][] = [
  [{}, object({ a: {} }, ['a']), "'a' is missing"],
  [{ a: '1' }, object({ a: { type: 'integer' } }), "'a' is not of type integer"],
  [{ a: 1.5 }, object({ a: { type: ['integer', 'null'] } }), "'a' is not of type integer or null"],
  [{ a: 'x' }, object({ a: { enum: ['y'] } }), `'a' is not one of ["y"]`],
  [{ a: { b: {} } }, object({ a: object({ b: object({}, ['c']) }) }), "'a.b.c' is missing"],
  [{ a: [1, 'x'] }, object({ a: { items: { type: 'number' } } }), "'a[1]' is not of type number"],
  [{ a: [] }, object({ a: { minItems: 1 } }), "'a' has fewer than 1 items"],
  [{ a: -1 }, object({ a: { minimum: 0 } }), "'a' is below 0"],
  [{ a: '😀😀' }, object({ a: { maxLength: 1 } }), "'a' is longer than 1 characters"],
  [{ b: 1 }, { ...object({}), additionalProperties: false }, "'b' is not allowed"],
  [{ a: 1 }, object({ a: { oneOf: [{ type: 'string' }] } }), "'a' is not of type string"],
  [[], object({}), 'the whole is not of type object'],
]

for (const [value, schema, complaint] of CASES) {
  test(`says that ${complaint}`, () => assert.equal(schemaComplaint(value, schema), complaint))
}

test('a hostile schema comes to an end', () => {
  const loop = { properties: { a: { $ref: '#' } } }
  let deep: object = {}
  for (let i = 0; i < 100; i += 1) deep = { a: deep }
  assert.match(schemaComplaint(deep, loop) ?? '', /too deep/)
  assert.equal(schemaComplaint(1, { $ref: '#/a', a: { $ref: '#/a' } }), null)
  const wide: Record<string, unknown> = {}
  wide['anyOf'] = Array.from({ length: 50 }, () => ({ $ref: '#' }))
  assert.match(schemaComplaint(1, wide) ?? '', /too deep/)
  assert.match(schemaComplaint('__proto__', { type: 'constructor' }) ?? 'none', /none/)
})

test('a list that thousands of references mean is read once', () => {
  const long = 'x'.repeat(400_000)
  const names = Array.from({ length: 20_000 }, () => 'a')
  const costly: [string, unknown, object][] = [
    ['enum', {}, { enum: Array.from({ length: 200_000 }, (_, index) => index) }],
    ['required', { a: 1 }, { required: names, enum: [1] }],
    ['type', {}, { type: names.map(() => 'string') }],
    ['minLength', long, { minLength: 1e9 }],
    ['const', long, { const: 1 }],
    ['members', Object.fromEntries(names.map((name, index) => [name + index, 1])), { maximum: 1 }],
    ['reference', {}, { $ref: `#/${'b/'.repeat(100_000)}` }],
  ]
  for (const [what, value, list] of costly) {
    const anyOf = Array.from({ length: 20_000 }, () => ({ $ref: '#/list' }))
    const before = process.cpuUsage()
    schemaComplaint(value, { anyOf, list })
    const { user, system } = process.cpuUsage(before)
    // What is slow here holds up everybody's runs; before it was minutes.
    assert.ok(user + system < 2_000_000, `${what}: ${(user + system) / 1000} ms`)
  }
})
