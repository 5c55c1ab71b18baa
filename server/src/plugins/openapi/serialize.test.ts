import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../python/sandbox-driver.ts'
import type { InputPlan, ParameterStyle } from './document-plan.ts'
import { toHeaderText, toPairs, toPathText } from './serialize.ts'

const input = (style: ParameterStyle, explode: boolean, asJson = false): InputPlan => ({
  argument: 'color',
  place: 'path',
  name: 'color',
  style,
  explode,
  asJson,
  allowReserved: false,
  fallback: null,
})

/** The table of styles in the specification (OpenAPI 3.1.1, 4.8.12.3). */
const ARRAY = ['blue', 'black', 'brown']
const OBJECT = { R: 100, G: 200, B: 150 }

describe('styles of parameters', () => {
  it('writes paths as the table of the specification has them', () => {
    const rows: [ParameterStyle, boolean, string, string, string][] = [
      ['matrix', false, ';color=blue', ';color=blue,black,brown', ';color=R,100,G,200,B,150'],
      ['matrix', true, ';color=blue', ';color=blue;color=black;color=brown', ';R=100;G=200;B=150'],
      ['label', false, '.blue', '.blue,black,brown', '.R,100,G,200,B,150'],
      ['label', true, '.blue', '.blue.black.brown', '.R=100.G=200.B=150'],
      ['simple', false, 'blue', 'blue,black,brown', 'R,100,G,200,B,150'],
      ['simple', true, 'blue', 'blue,black,brown', 'R=100,G=200,B=150'],
    ]
    for (const [style, explode, text, array, object] of rows) {
      const plan = input(style, explode)
      assert.deepEqual(
        [toPathText('blue', plan), toPathText(ARRAY, plan), toPathText(OBJECT, plan)],
        [text, array, object],
        `${style} ${explode}`,
      )
    }
    assert.equal(toPathText('a/b ?', input('simple', false)), 'a%2Fb%20%3F')
    assert.equal(toPathText({ a: 1 }, input('simple', false, true)), '%7B%22a%22%3A1%7D')
  })

  it('writes queries as the table of the specification has them', () => {
    const query = (value: Json, style: ParameterStyle, explode: boolean) =>
      toPairs('color', value, input(style, explode))
        .map((pair) => pair.join('='))
        .join('&')
    assert.equal(query('', 'form', false), 'color=')
    assert.equal(query('blue', 'form', true), 'color=blue')
    assert.equal(query(ARRAY, 'form', false), 'color=blue,black,brown')
    assert.equal(query(ARRAY, 'form', true), 'color=blue&color=black&color=brown')
    assert.equal(query(OBJECT, 'form', false), 'color=R,100,G,200,B,150')
    assert.equal(query(OBJECT, 'form', true), 'R=100&G=200&B=150')
    assert.equal(query(ARRAY, 'spaceDelimited', false), 'color=blue black brown')
    assert.equal(query(OBJECT, 'spaceDelimited', false), 'color=R 100 G 200 B 150')
    assert.equal(query(ARRAY, 'pipeDelimited', false), 'color=blue|black|brown')
    assert.equal(query(OBJECT, 'pipeDelimited', false), 'color=R|100|G|200|B|150')
    assert.equal(query(OBJECT, 'deepObject', true), 'color[R]=100&color[G]=200&color[B]=150')
    assert.equal(query({ a: [{ b: true }] }, 'deepObject', true), 'color[a][0][b]=true')
    assert.equal(query([], 'form', true), '')
    assert.deepEqual(toPairs('c', [{ a: null }], input('form', true, true)), [
      ['c', '[{"a":null}]'],
    ])
  })

  it('writes headers', () => {
    assert.equal(toHeaderText('blue', input('simple', false)), 'blue')
    assert.equal(toHeaderText(5, input('simple', false)), '5')
    assert.equal(toHeaderText(ARRAY, input('simple', true)), 'blue,black,brown')
    assert.equal(toHeaderText(OBJECT, input('simple', false)), 'R,100,G,200,B,150')
    assert.equal(toHeaderText(OBJECT, input('simple', true)), 'R=100,G=200,B=150')
    assert.equal(toHeaderText(OBJECT, input('simple', true, true)), '{"R":100,"G":200,"B":150}')
  })
})
