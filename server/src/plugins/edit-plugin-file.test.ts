import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { editPluginFile } from './edit-plugin-file.ts'
import { parseLooseJson } from './loose-json.ts'
import type { Json } from './python/sandbox-driver.ts'

const edit = (text: string, path: string[], value: Json) => editPluginFile(text, [{ path, value }])

describe('editPluginFile', () => {
  it('changes a value and nothing around it', () => {
    const text = '\uFEFF{ "a" :1 ,\n\t"b":{"c" : "x\ny",},\r\n "d": [1, 2,],}\n'
    assert.equal(edit(text, ['a'], 2), text.replace(':1', ':2'))
    assert.equal(edit(text, ['b', 'c'], '"'), text.replace('"x\ny"', String.raw`"\""`))
    assert.equal(edit(text, ['d'], null), text.replace('[1, 2,]', 'null'))
  })

  it('adds what is not there at the end of its object, written as its neighbours are', () => {
    assert.equal(edit('{}', ['a'], 1), '{"a": 1}')
    assert.equal(edit('{ }', ['a', 'b'], 1), '{"a": {"b":1} }')
    assert.equal(edit('{"a":1}', ['b'], 2), '{"a":1, "b": 2}')
    assert.equal(edit('{"a":1,"b":2}', ['c'], 3), '{"a":1,"b":2,"c": 3}')
    assert.equal(edit('{\n  "a": 1\n}\n', ['b'], 2), '{\n  "a": 1,\n  "b": 2\n}\n')
    assert.equal(edit('{"a":1,}', ['b'], 2), '{"a":1, "b": 2,}')
  })

  it('puts an object where there is none yet', () => {
    assert.equal(edit('{"m":null,"z":1}', ['m', 'x'], 1), '{"m":{"x":1},"z":1}')
  })

  it('writes no null where nothing is, and leaves a value that is the same', () => {
    for (const text of ['{"a": {"b": 1.0}}', '{}', '{"a":null}']) {
      assert.equal(edit(text, ['x', 'y'], null), text)
      assert.equal(edit(text, ['a', 'z'], null), text)
    }
    assert.equal(edit('{"a": {"b": 1.0}}', ['a', 'b'], 1), '{"a": {"b": 1.0}}')
    assert.equal(edit('{"a": "\\u0041"}', ['a'], 'A'), '{"a": "\\u0041"}')
  })

  it('changes the last of two with one key, which is the one that is read', () => {
    assert.equal(edit('{"a":1,"\\u0061":2}', ['a'], 3), '{"a":1,"\\u0061":3}')
  })

  it('takes keys and values that look like JSON for what they are', () => {
    const text = String.raw`{"a\"":"{\"b\":1}","b":"\\","c":["}","{"],"__proto__":{"b":2}}`
    assert.equal(edit(text, ['b'], 3), text.replace(String.raw`"b":"\\"`, '"b":3'))
    assert.equal(edit(text, ['__proto__', 'b'], 3), text.replace('{"b":2}', '{"b":3}'))
    assert.equal(edit(text, ['constructor'], 3), `${text.slice(0, -1)},"constructor": 3}`)
  })

  it('reads a long value in no time', () => {
    const text = `{"a":${'[{"x":"\\\\"},'.repeat(80_000)}1${']'.repeat(80_000)},"b":" ${' '.repeat(100_000)}"}`
    const started = performance.now()
    assert.equal(edit(text, ['b'], 1), text.replace(/" +"/, '1'))
    assert.ok(performance.now() - started < 2_000)
  })

  it('does for any file what setting the field in its value does', () => {
    const blank = fc.stringMatching(/^[ \n\t\r]{0,3}$/)
    const spaced = (value: Json, blanks: readonly string[]): string => {
      let next = 0
      const gap = () => blanks[next++ % blanks.length] ?? ''
      const write = (one: Json): string => {
        if (Array.isArray(one))
          return `[${one.map((item) => gap() + write(item)).join(`${gap()},`)}${gap()}]`
        if (typeof one !== 'object' || one === null) return JSON.stringify(one)
        const members = Object.entries(one).map(
          ([key, item]) => `${gap()}${JSON.stringify(key)}${gap()}:${gap()}${write(item)}${gap()}`,
        )
        return `{${members.join(',')}${gap()}}`
      }
      return gap() + write(value) + gap()
    }
    const key = fc.constantFrom('a', 'b', 'c', '單', '"')
    const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
    const object = fc.dictionary(
      key,
      fc.oneof(json, fc.dictionary(key, json, { noNullPrototype: true })),
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(
        object,
        fc.array(blank, { minLength: 1 }),
        fc.array(key, { minLength: 1, maxLength: 3 }),
        json.filter((value) => value !== null),
        (before, blanks, path, value) => {
          const text = spaced(before, blanks)
          const after = parseLooseJson(edit(text, path, value))
          assert.deepEqual(after, JSON.parse(JSON.stringify(setAt(before, path, value))))
        },
      ),
      { numRuns: 500 },
    )
  })
})

const setAt = (whole: Json, [key, ...rest]: readonly string[], value: Json): Json => {
  if (key === undefined) return value
  const object = typeof whole === 'object' && whole !== null && !Array.isArray(whole) ? whole : {}
  return { ...object, [key]: setAt(object[key] ?? null, rest, value) }
}
