import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PromptMessage, PromptPart } from '../../models/language-model.ts'
import { shortest, truncate, withPictures } from './fit-prompt.ts'
import type { Conversation, UnreadPictures } from './prompt.ts'

const user = (...parts: PromptPart[]): PromptMessage => ({ role: 'user', parts })
const words = (text: string): PromptMessage => user({ type: 'text', text })
const call = (id: string, output: string): PromptMessage[] => [
  { role: 'assistant', text: null, toolCalls: [{ id, name: 'f', arguments: '{}' }] },
  { role: 'tool', callId: id, output },
]

/** A conversation of one picture a message. */
const withFiles = (ids: readonly string[]): Conversation => {
  const unread: UnreadPictures = new Map()
  const thread = ids.map((id) => {
    const part: PromptPart = { type: 'image', url: '', detail: 'auto' }
    unread.set(part, { type: 'image_file', image_file: { file_id: id } })
    return user(part)
  })
  return { system: [], thread, own: [], unread }
}

const pictures = (url: (id: string) => string | null) => {
  const read: string[] = []
  return {
    read,
    ofBlob: () => Promise.reject(new Error('no blob is asked for')),
    ofFile: async (id: string) => {
      read.push(id)
      return url(id)
    },
  }
}

describe('a prompt that has to fit', () => {
  it('reads only the pictures that stay, each file once', async () => {
    const conversation = withFiles(['a', 'b', 'c', 'b'])
    const left = truncate(conversation, 3 * 800) ?? []
    assert.equal(left.length, 3)
    const source = pictures((id) => `data:${id}`)
    const shown = await withPictures(left, conversation.unread, source)
    assert.deepEqual(source.read, ['b', 'c'])
    assert.deepEqual(
      shown.map((message) => message.role === 'user' && message.parts),
      ['b', 'c', 'b'].map((id) => [{ type: 'image', url: `data:${id}`, detail: 'auto' }]),
    )
  })

  it('leaves out the oldest pictures where all would be too large, and says so', async () => {
    const conversation = withFiles(['a', 'b', 'gone', 'c'])
    const large = 'x'.repeat(30_000_000)
    const source = pictures((id) => (id === 'gone' ? null : large))
    const shown = await withPictures(conversation.thread, conversation.unread, source)
    const kinds = shown.flatMap((message) =>
      message.role === 'user'
        ? message.parts.map((part) => (part.type === 'text' ? part.text : part.url.length))
        : [],
    )
    const leftOut = '[a picture that was left out: too many]'
    assert.deepEqual(kinds, [leftOut, leftOut, '[an image that has been deleted]', 30_000_000])
    assert.deepEqual(source.read, ['c', 'gone', 'b'])
  })

  it('gives up the oldest outputs of tools, but not those of the last turn', () => {
    const own = [
      ...call('1', 'a'.repeat(4_000)),
      ...call('2', 'b'.repeat(4_000)),
      ...call('3', 'c'.repeat(4_000)),
    ]
    const conversation = {
      system: [],
      thread: [words('old'), words('new')],
      own,
      unread: new Map(),
    }
    assert.equal(truncate(conversation, 2_500), null)
    const outputs = (limit: number | null) =>
      shortest(conversation, limit).flatMap((message) =>
        message.role === 'tool' ? [message.output.charAt(0)] : [],
      )
    assert.deepEqual(outputs(null), ['a', 'b', 'c'])
    assert.deepEqual(outputs(2_500), ['[', 'b', 'c'])
    assert.deepEqual(outputs(100), ['[', '[', 'c'])
    assert.deepEqual(shortest(conversation, 100)[0], words('new'))
  })
})
