import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ImageUrl, lengthWithoutDataUrls } from './field.ts'
import { CreateMessageRequest, MessageText } from './message.ts'

const png = `data:image/png;base64,${'iVBORw0KGgo'.repeat(40_000)}=`

describe('the length of a text', () => {
  const rows: [text: string, length: number][] = [
    ['', 0],
    ['達哥', 2],
    ['😀a', 2],
    [png, 0],
    [`look: ${png} and ${png}.`, 'look:  and .'.length],
    [`![](${png})`, 5],
    ['data: no URL at all', 19],
  ]
  for (const [text, length] of rows) {
    it(`of "${text.slice(0, 30)}" is ${length}`, () => {
      assert.equal(lengthWithoutDataUrls(text), length)
    })
  }

  it('may be 256,000, pictures not counted', () => {
    assert.ok(MessageText.safeParse('x'.repeat(256_000)).success)
    assert.ok(MessageText.safeParse('x'.repeat(256_000) + png).success)
    assert.ok(!MessageText.safeParse('x'.repeat(256_001) + png).success)
  })
})

describe('the address of an image', () => {
  for (const url of [
    'https://example.org/a.png?x=1',
    'HTTP://example.org',
    png,
    'data:image/svg+xml;charset=utf-8;base64,AA==',
  ]) {
    it(`may be ${url.slice(0, 40)}`, () => assert.ok(ImageUrl.safeParse(url).success))
  }
  for (const url of [
    '',
    'a.png',
    'ftp://example.org/a',
    'file:///a',
    'javascript:1',
    'https://',
    'https://a b/',
    'data:text/html;base64,AA',
    'data:image/png,raw',
  ]) {
    it(`may not be ${url}`, () => assert.ok(!ImageUrl.safeParse(url).success))
  }
})

describe('a message', () => {
  it('is echoed as it was sent, with its defaults', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'image_file', image_file: { file_id: 'file-1' } },
      { type: 'image_url', image_url: { url: png, detail: 'low' } },
    ]
    assert.deepEqual(CreateMessageRequest.parse({ role: 'assistant', content, metadata: null }), {
      role: 'assistant',
      content,
      attachments: [],
      metadata: {},
    })
  })

  it('of one request never shares a default with another', () => {
    const first = CreateMessageRequest.parse({ role: 'user', content: 'a' })
    const second = CreateMessageRequest.parse({ role: 'user', content: 'b' })
    assert.notEqual(first.metadata, second.metadata)
    assert.notEqual(first.attachments, second.attachments)
  })
})
