import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { checkFile, fileRules } from './file-rules.ts'
import { maskSource } from './source-text.ts'

const root = path.join(path.sep, 'somewhere', 'checkout')
const rules = fileRules(root)
const found = (source: string, file = 'server/src/x.test.ts') =>
  checkFile(file, source, rules).map(({ line, message }) => `${line} ${message.split(':')[0]}`)

// Bad samples are put together here so that this file itself stays within the rules.
const join = (...parts: string[]) => parts.join('')

describe('file rules', () => {
  it('finds focused and skipped tests', () => {
    const message = 'a focused, skipped or unwritten test'
    assert.deepEqual(found("\nit.only('x', () => {})"), [`2 ${message}`])
    assert.deepEqual(found("describe.skip('x', () => {})"), [`1 ${message}`])
    assert.deepEqual(found("it('x', { only: true }, () => {})"), [`1 ${message}`])
    assert.deepEqual(found("it('x', { timeout: 5, skip: true }, () => {})"), [`1 ${message}`])
  })

  it('allows a skip with a reason worked out at run time', () => {
    assert.deepEqual(found("it('x', { skip: missing('postgres') }, () => {})"), [])
  })

  it('finds mocked modules', () => {
    assert.deepEqual(found("t.mock.module('./x.ts', {})"), ['1 a mocked module'])
  })

  it('finds unfinished code, also in comments', () => {
    assert.deepEqual(found(join('const a = 1 // TO', 'DO later')), [
      '1 unfinished or unchecked code',
    ])
  })

  it('finds registry hosts and paths of this machine in any file', () => {
    assert.deepEqual(found(join('https://registry.', 'npmjs.org/x'), 'README.md'), [
      '1 the host of a package registry',
    ])
    assert.deepEqual(found(`cd ${path.dirname(root)}/checkout`, 'README.md'), [
      '1 a path of this machine',
    ])
  })

  it('leaves comments and strings alone where code is meant', () => {
    assert.deepEqual(found("// it.only is refused\nconst a = 'it.only'\nconst b = /it.only/"), [])
  })
})

describe('maskSource', () => {
  it('keeps code inside template literals and drops their text', () => {
    assert.equal(maskSource('a(`x ${ b({ c: `y` }) } z`)'), 'a(`  ${ b({ c: ` ` }) }  `)')
  })

  it('tells a division from a regular expression', () => {
    assert.equal(maskSource("a / b / c // '"), 'a / b / c     ')
    assert.equal(maskSource("x = /['/]/.test(y) // z"), 'x = /    /.test(y)     ')
  })

  it('is not led astray by quotes in comments', () => {
    assert.equal(maskSource("/* don't */ it"), '            it')
  })
})
