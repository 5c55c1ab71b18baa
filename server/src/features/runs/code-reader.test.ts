import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CodeReader } from './code-reader.ts'

const CODE = 'print("a\\n", \'é達😀\')\nif x < 3:\n\ty = {"k": "v"} / 2\r\n\u0007'

const readAll = (pieces: readonly string[]): { said: string; code: string } => {
  const reader = new CodeReader()
  const said = pieces.map((piece) => reader.read(piece)).join('')
  const { rest, code } = reader.end()
  return { said: said + rest, code }
}

describe('code in arguments', () => {
  it('reads JSON while it comes, wherever it is cut, with every kind of escape', () => {
    const escaped = `{ "code" :"${JSON.stringify(CODE)
      .slice(1, -1)
      .replace('é', String.raw`\u00e9`)
      .replace('😀', String.raw`\ud83d\ude00`)}"}`
    assert.deepEqual(JSON.parse(escaped), { code: CODE })
    for (const text of [JSON.stringify({ code: CODE }), JSON.stringify({ input: CODE }), escaped]) {
      for (let at = 0; at <= text.length; at += 1) {
        assert.deepEqual(readAll([text.slice(0, at), text.slice(at)]), { said: CODE, code: CODE })
      }
      assert.deepEqual(readAll([...text]), { said: CODE, code: CODE })
    }
  })

  it('says a piece as soon as it can be read, and never half a character', () => {
    const reader = new CodeReader()
    assert.equal(reader.read('{"code":"x = 1'), 'x = 1')
    assert.equal(reader.read(String.raw`\n# \ud83d`), '\n# ')
    assert.equal(reader.read(String.raw`\ude00"`), '😀')
    assert.deepEqual(reader.end(), { rest: '', code: 'x = 1\n# 😀' })
  })

  it('keeps no half of a character that has no other half', () => {
    const text = String.raw`{"code":"\ud83d x \ude00 \ud83d"}`
    const code = '\ufffd x \ufffd \ufffd'
    assert.deepEqual(readAll([text]), { said: code, code })
    assert.deepEqual(readAll([...text]), { said: code, code })
  })

  it('takes bare Python as it is, and any other object at the end', () => {
    assert.deepEqual(readAll([' ', 'import os', '\nprint(1)']), {
      said: ' import os\nprint(1)',
      code: ' import os\nprint(1)',
    })
    const other = JSON.stringify({ language: 'python', code: 'print(2)' })
    assert.deepEqual(readAll([...other]), { said: 'print(2)', code: 'print(2)' })
    assert.deepEqual(readAll(['{1, 2}']), { said: '{1, 2}', code: '{1, 2}' })
    assert.deepEqual(readAll(['{}']), { said: '', code: '' })
    assert.deepEqual(readAll([]), { said: '', code: '' })
  })

  it('gives what there was of arguments that break off', () => {
    assert.deepEqual(readAll([String.raw`{"code":"x = 1\n`]), { said: 'x = 1\n', code: 'x = 1\n' })
    assert.deepEqual(readAll([String.raw`{"code":"x\u00`]), { said: 'x', code: 'x' })
  })
})
