import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundaryOf, fieldText, renameInForm, renameInJson } from './rename-model.ts'

const CRLF = '\r\n'
const part = (head: string, value: string) => `--XX${CRLF}${head}${CRLF}${CRLF}${value}${CRLF}`
const form = (...parts: string[]) => Buffer.from(`${parts.join('')}--XX--${CRLF}`, 'latin1')
const named = (name: string) => `Content-Disposition: form-data; name="${name}"`

test('JSON: another model, numbers as they were written, everything else too', () => {
  const body =
    '{"seed":12345678901234567890,"t":1.0,"e":1e2,"model":"a","x":{"model":"b","s":"1.0"}}'
  assert.equal(
    renameInJson(Buffer.from(body), 'c').toString(),
    '{"seed":12345678901234567890,"t":1.0,"e":1e2,"model":"c","x":{"model":"b","s":"1.0"}}',
  )
  assert.equal(renameInJson(Buffer.from(''), 'c').toString(), '{"model":"c"}')
  assert.equal(renameInJson(Buffer.from('{"a":"漢"}'), 'c').toString(), '{"a":"漢","model":"c"}')
  // what the door takes as a body: blanks for none, and a byte order mark in front
  assert.equal(renameInJson(Buffer.from(' \n'), 'c').toString(), '{"model":"c"}')
  assert.equal(renameInJson(Buffer.from('\ufeff{"a":1}'), 'c').toString(), '{"a":1,"model":"c"}')
})

test('a form: its model wherever it stands, bytes of files untouched', () => {
  const file = part(
    `${named('file')}; filename="model"${CRLF}Content-Type: audio/wav`,
    `\x00\xff${CRLF}name="model"${CRLF}${CRLF}fake${CRLF}--X`,
  )
  for (const parts of [
    [file, part(named('model'), 'old')],
    [part(named('model'), 'old'), file],
    [part('content-type: text/plain\r\ncontent-disposition: form-data; name=model', 'old'), file],
  ]) {
    const body = form(...parts)
    assert.equal(fieldText(body, 'XX', 'model'), 'old')
    const renamed = renameInForm(body, 'XX', 'new-name')
    assert.equal(fieldText(renamed, 'XX', 'model'), 'new-name')
    assert.equal(renamed.toString('latin1'), body.toString('latin1').replace('old', 'new-name'))
  }
})

test('a form without a model gets one; what is no form has no fields', () => {
  const body = form(part(named('language'), 'zh'))
  assert.equal(fieldText(body, 'XX', 'model'), null)
  const renamed = renameInForm(body, 'XX', 'm')
  assert.deepEqual(
    [fieldText(renamed, 'XX', 'model'), fieldText(renamed, 'XX', 'language')],
    ['m', 'zh'],
  )
  for (const text of [
    '',
    '--XX',
    `--XX${CRLF}${named('model')}`,
    `--XX${CRLF}--XX--${CRLF}${CRLF}`,
  ])
    assert.equal(fieldText(Buffer.from(text), 'XX', 'model'), null, text)
})

test('the boundary of a content type', () => {
  assert.equal(boundaryOf('multipart/form-data; boundary=abc'), 'abc')
  assert.equal(boundaryOf('multipart/form-data; charset=utf-8; boundary="a b;c"'), 'a b;c')
  assert.equal(boundaryOf('multipart/form-data'), null)
})
