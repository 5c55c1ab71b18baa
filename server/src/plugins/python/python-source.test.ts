import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiteralReader, NotALiteral } from './python-literal.ts'
import { readParameters } from './python-source.ts'

const read = (text: string) => new LiteralReader(text).value()

test('literals', () => {
  const cases: [string, unknown][] = [
    ["'a'", 'a'],
    ['"it\'s"', "it's"],
    ["r'\\d+'", '\\d+'],
    ["'a\\n\\t\\\\\\x41\\u4e2d\\101\\d'", 'a\n\t\\A中A\\d'],
    ["'a\\\nb'", 'ab'],
    ['"a" \'b\'\n "c"', 'abc'],
    ['("a"\n # why\n "b")', 'ab'],
    ['"""two\n"lines" """', 'two\n"lines" '],
    ["'''it's'''", "it's"],
    ['-1_000', -1000],
    ['0x1F', 31],
    ['-0b11', -3],
    ['1.5e3', 1500],
    ['.5', 0.5],
    ['5.', 5],
    ['[True, False, None,]', [true, false, null]],
    ['(1,)', [1]],
    ['()', []],
    ['{}', {}],
    ['{1, 2}', [1, 2]],
    ["{'a': {'b': [1, {'c': 'd'}]}, # note\n 2: 'two',}", { a: { b: [1, { c: 'd' }] }, 2: 'two' }],
    ["f'plain'", 'plain'],
  ]
  for (const [text, expected] of cases) assert.deepEqual(read(text), expected, text)
})

test('what is no literal is refused, whatever it is', () => {
  for (const text of [
    '',
    'name',
    'f(1)',
    "f'{x}'",
    "b'x'",
    "'open",
    '[1',
    '{1: 2, 3}',
    '{"a" "b": }',
    '[1 2]',
    '['.repeat(5000),
    "'a\nb'",
  ]) {
    assert.throws(() => read(text), NotALiteral, text.slice(0, 20))
  }
  const tricky = read("{'__proto__': {'x': 1}}")
  assert.deepEqual(Object.keys(tricky as object), ['__proto__'])
})

test('the schema of the first infer_params', () => {
  const source = `
"""infer_params(parameters={"wrong": {}})"""
# infer_params(parameters={"wrong": {}})
async def main():
    p = await infer_params(
        conversation=CURRENT_CONVERSATION[-1:],   # infer_params(
        description="take (the) parameters={...}",
        parameters={
            "type": "object",
            "properties": {
                "price": {"type": "number", "description": "the price "
                          "in dollars"},
                'unit': {'type': 'string', 'enum': ('kg', 'g'), },  # tuple
            },
            "required": ["price"],
        },
    )
    q = await infer_params(parameters={"second": {"type": "string"}})
`
  assert.deepEqual(readParameters(source), {
    type: 'object',
    properties: {
      price: { type: 'number', description: 'the price in dollars' },
      unit: { type: 'string', enum: ['kg', 'g'] },
    },
    required: ['price'],
  })
})

test('bare properties, a name, a missing type, no properties', () => {
  const city = { city: { type: 'string' } }
  assert.deepEqual(
    readParameters('x = await infer_params(parameters={"city": {"type": "string"}})'),
    {
      type: 'object',
      properties: city,
      required: ['city'],
    },
  )
  assert.deepEqual(
    readParameters(
      'S = {"properties": {"city": {"type": "string"}}}\nx = await infer_params(parameters=S)',
    ),
    {
      type: 'object',
      properties: city,
    },
  )
  assert.deepEqual(readParameters('await infer_params(parameters={"type": "object"})'), {
    type: 'object',
    properties: {},
  })
})

test('else nothing', () => {
  const sources = [
    '',
    'print(6)',
    'def infer_params(parameters={"a": {}}): pass',
    'x.infer_params(parameters={"a": {}})',
    'await infer_params(CURRENT_CONVERSATION)',
    'await infer_params(parameters=build())',
    'await infer_params(parameters={"a": 1})',
    'await infer_params(parameters={"a": {"type": kind}})',
    'await infer_params(parameters={',
    'await infer_params(parameters={"a": __proto__, "b": {"properties": valueOf}})',
    'await infer_params(parameters={"a": toString})',
    'await infer_params(parameters=constructor)',
    `await infer_params(parameters=${'a'.repeat(40_000)})`,
    `${'a'.repeat(129)} = {"x": {}}\nawait infer_params(parameters=${'a'.repeat(129)})`,
    `await infer_params(parameters={"a": ${'{'.repeat(45)}1${':1}'.repeat(45)}})`,
    "'unclosed\nawait infer_params(",
  ]
  for (const source of sources) assert.equal(readParameters(source), null, source)
})

test('a large or hostile source is read in no time', () => {
  const started = Date.now()
  readParameters('infer_params(parameters={'.repeat(20_000))
  readParameters('"'.repeat(100_001) + "'''".repeat(30_000))
  readParameters('infer_params(' + 'parameters '.repeat(50_000))
  assert.ok(Date.now() - started < 2000)
})

test('a name of 128 characters is looked for, and a key named __proto__ stays a key', () => {
  const name = 'a'.repeat(128)
  const schema = readParameters(
    `${name} = {"__proto__": {}}\nawait infer_params(parameters=${name})`,
  )
  assert.ok(schema !== null)
  assert.deepEqual(Object.keys(schema.properties), ['__proto__'])
  assert.equal(Object.getPrototypeOf(schema.properties), Object.prototype)
})
