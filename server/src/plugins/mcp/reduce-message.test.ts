import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reduceMessage } from './reduce-message.ts'
import { StructureCounter } from './structure-counter.ts'

const reduced = (result: object): unknown => {
  const message = { jsonrpc: '2.0', id: 1, result }
  reduceMessage(message)
  return message.result
}

describe('the parts of JSON', () => {
  const count = (text: string, size = 3) => {
    const counter = new StructureCounter()
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) counter.push(bytes.subarray(at, at + size))
    return counter.count
  }

  it('are counted outside of strings, however the bytes come', () => {
    const json = JSON.stringify({ a: [1, 2, { b: 'x,y:[{"\\' }], '長,"': ',,,' })
    for (const size of [1, 2, 3, 7, 1_000]) assert.equal(count(json, size), 9, String(size))
    assert.equal(count('"{[,:\\"{[,:"'), 0)
    assert.equal(count(`data: "\n[,`), 3)
    assert.equal(count(`: "\r[,`), 3)
  })
})

describe('a message of a server', () => {
  it('keeps what is used of it', () => {
    const content = [
      { type: 'text', text: 'a', annotations: { audience: [1] }, _meta: {} },
      { type: 'image', data: 'AA==', mimeType: 'image/png', x: 1 },
      { type: 'resource', resource: { uri: 'a:b', text: 't', mimeType: 'text/plain', y: 1 } },
      { type: 'resource', resource: { uri: 'a:b', blob: 'AA==' } },
      { type: 'resource_link', uri: 'a:b', name: 'n', icons: [1], description: 'd' },
    ]
    const result = { content, isError: true, structuredContent: { a: [1] }, _meta: { z: 1 } }
    assert.deepEqual(reduced(result), {
      content: [
        { type: 'text', text: 'a' },
        { type: 'image', data: 'AA==', mimeType: 'image/png' },
        { type: 'resource', resource: { uri: 'a:b', text: 't', mimeType: 'text/plain' } },
        { type: 'resource', resource: { uri: 'a:b', blob: 'AA==' } },
        { type: 'resource_link', uri: 'a:b', name: 'n', description: 'd' },
      ],
      isError: true,
      structuredContent: { a: [1] },
    })
  })

  it('names what is not of the protocol', () => {
    const bad = [1, null, {}, { type: 'text', text: 1 }, { type: 'image', data: 'x' }]
    const other = [{ type: 'resource', resource: { uri: 1 } }, { type: 'resource' }, { type: 'q' }]
    const { content } = reduced({ content: [...bad, ...other] }) as { content: { text: string }[] }
    assert.equal(content.length, 8)
    assert.ok(content.every(({ text }) => text.includes('not of the protocol')))
  })

  it('keeps of tools a name, a description and a schema that is one', () => {
    const inputSchema = {
      type: 'array',
      properties: { a: { type: 'string' }, b: 1, c: true },
      required: ['a', 1],
      additionalProperties: false,
    }
    const tool = {
      name: 't',
      title: 'T',
      description: 'd',
      inputSchema,
      outputSchema: {},
      icons: 1,
    }
    assert.deepEqual(reduced({ tools: [tool, 1, { name: 2, description: 3 }], nextCursor: 'c' }), {
      tools: [
        {
          name: 't',
          title: 'T',
          description: 'd',
          inputSchema: {
            type: 'object',
            properties: { a: { type: 'string' }, c: true },
            required: ['a'],
            additionalProperties: false,
          },
        },
        { name: '', inputSchema: { type: 'object' } },
        { name: '', inputSchema: { type: 'object' } },
      ],
      nextCursor: 'c',
    })
  })
})
