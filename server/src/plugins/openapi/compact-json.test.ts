import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compactJson } from './compact-json.ts'

const seed = Number(process.env['MELZI_TEST_SEED'] ?? Date.now())

/** Every letter as `\uXXXX`, as some servers write what is not ASCII. */
const escaped = (text: string) =>
  text.replaceAll(
    /[^\x20-\x7e\n\t]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

describe('JSON made short', () => {
  it('means the same, and is as short as can be', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2, '\t'), fc.boolean(), (json, indent, escapes) => {
        const value: unknown = JSON.parse(json)
        const written = JSON.stringify(value, null, indent)
        const { text, isWhole } = compactJson(escapes ? escaped(written) : written, 1e9)
        assert.equal(isWhole, true)
        assert.deepEqual(JSON.parse(text), value)
        assert.ok(text.length <= written.length)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('gives a start of the same text when there is a limit', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(50), (json, limit) => {
        const whole = compactJson(json, 1e9).text
        const short = compactJson(json, limit)
        assert.ok(whole.startsWith(short.text))
        assert.ok(short.isWhole || short.text.length > limit)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('takes time by the limit and not by the text', () => {
    const long = `[${'{"a": "\\u81fa"},  \n'.repeat(500_000)}`
    const started = performance.now()
    const { text, isWhole } = compactJson(long, 16_000)
    const ms = performance.now() - started
    assert.ok(ms < 200, `${ms} ms`)
    assert.ok(!isWhole && text.startsWith('[{"a":"臺"},{"a":"臺"},'))
    const one = compactJson(`"${'\\\\'.repeat(400_000)}`, 10)
    assert.equal(one.isWhole, true)
  })
})
