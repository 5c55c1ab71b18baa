import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../manifest.ts'
import { checkArguments } from './check-arguments.ts'

const check = (properties: JsonObject, given: JsonObject, required: string[] = []) =>
  checkArguments({ type: 'object', properties, required }, given, false)

describe('arguments against a schema', () => {
  it('reads what says the same in another type', () => {
    const properties: JsonObject = {
      integer: { type: 'integer' },
      number: { type: 'number' },
      flag: { type: 'boolean' },
      text: { type: 'string' },
      list: { type: 'array', items: { type: 'integer' } },
      either: { type: ['integer', 'string'] },
    }
    const given = { integer: '5', number: '-1.5e2', flag: 'true', text: 7, list: '3', either: '4' }
    assert.deepEqual(check(properties, given), {
      arguments: { integer: 5, number: -150, flag: true, text: '7', list: [3], either: '4' },
      problems: [],
    })
    const written = { list: '[1, "2"]', flag: 'false' }
    assert.deepEqual(check(properties, written).arguments, { list: [1, 2], flag: false })
    const object: JsonObject = { a: { type: 'object', properties: { b: { type: 'integer' } } } }
    assert.deepEqual(check(object, { a: ' {"b": 1}' }).arguments, { a: { b: 1 } })
    for (const text of ['{"b": ', '[1]', `{"b":${'['.repeat(200)}${']'.repeat(200)}}`])
      assert.equal(check(object, { a: text }).problems.length, 1)
    const large = { integer: '12345678901234567890', number: '12345678901234567890' }
    assert.deepEqual(check(properties, large), { arguments: large, problems: [] })
  })

  it('says what cannot be read', () => {
    const cases: [JsonObject, unknown, string][] = [
      [{ type: 'integer' }, '1.5', "'a' must be an integer, not a string"],
      [{ type: 'integer' }, '05', "'a' must be an integer, not a string"],
      [{ type: 'number' }, '', "'a' must be a number, not a string"],
      [{ type: 'boolean' }, 1, "'a' must be a boolean, not an integer"],
      [{ type: 'object' }, [], "'a' must be an object, not an array"],
      [{ type: 'array' }, {}, "'a' must be an array, not an object"],
      [{ type: ['string', 'null'] }, {}, "'a' must be a string or null, not an object"],
      [{ enum: ['x', 1] }, 'y', '\'a\' must be one of "x", 1'],
      [
        { type: 'array', items: { type: 'object', required: ['b'] } },
        [{ b: 1 }, {}],
        "'a[1].b' is required",
      ],
    ]
    for (const [schema, value, problem] of cases)
      assert.deepEqual(check({ a: schema }, { a: value as null }).problems, [problem])
  })

  it('takes null for what is left out, but where null is a value', () => {
    const properties: JsonObject = {
      a: { type: 'string' },
      b: { type: ['string', 'null'] },
      c: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
      d: {},
    }
    const given = { a: null, b: null, c: null, d: null }
    assert.deepEqual(check(properties, given).arguments, { b: null, c: null, d: null })
    assert.deepEqual(check(properties, given, ['a']).problems, ["'a' is required"])
  })

  it('ends on a schema of choices within choices, and after ten problems', () => {
    let schema: JsonObject = { type: 'integer' }
    for (let level = 0; level < 40; level += 1)
      schema = { anyOf: [schema, { type: 'object', properties: { x: schema } }] }
    let value: JsonObject = {}
    for (let level = 0; level < 40; level += 1) value = { x: value }
    const started = performance.now()
    check({ a: schema }, { a: value })
    assert.ok(performance.now() - started < 2_000)
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`n${n}`, 'x']))
    assert.equal(check({}, many).problems.length, 10)
  })
})
