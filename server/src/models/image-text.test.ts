import assert from 'node:assert/strict'
import { test } from 'node:test'

import { imageOnlyText } from './image-text.ts'

test('a text that is nothing but an image address is an image', () => {
  assert.equal(
    imageOnlyText(' https://a.example/pics/cat.PNG?size=2 \n'),
    'https://a.example/pics/cat.PNG?size=2',
  )
  assert.equal(
    imageOnlyText('data:image/png;base64,iVBORw0KGgo='),
    'data:image/png;base64,iVBORw0KGgo=',
  )
  assert.equal(
    imageOnlyText('data:image/svg+xml;charset=utf-8;base64,AAAA\nBBBB'),
    'data:image/svg+xml;charset=utf-8;base64,AAAABBBB',
  )
})

test('anything else is text', () => {
  for (const text of [
    '',
    'https://a.example/',
    'https://a.example/page.html',
    'see https://a.example/cat.png',
    'https://a.example/cat.png please',
    'ftp://a.example/cat.png',
    'data:text/plain;base64,AAAA',
    'data:image/png;base64,',
    'data:image/png;base64,AAAA what is it?',
    'http://[/cat.png',
  ]) {
    assert.equal(imageOnlyText(text), null, text)
  }
})
