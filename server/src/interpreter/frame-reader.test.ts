import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameReader } from './frame-reader.ts'

const read = (text: string, size: number) => {
  const seen: string[] = []
  const reader = new FrameReader(
    (line) => {
      seen.push(`line ${line.toString()}`)
      return Number(/^body (\d+)$/.exec(line.toString())?.[1] ?? 0)
    },
    (body) => seen.push(`body ${body.toString()}`),
  )
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
  return { seen, pending: reader.pendingLineBytes }
}

test('lines and bodies, in pieces of any size', () => {
  const text = 'one\nbody 5\na\nb\nctwo\n\nbody 0\nbody 3\nxyzrest'
  const expected = ['one', 'body 5', 'a\nb\nc', 'two', '', 'body 0', 'body 3', 'xyz']
  for (const size of [1, 2, 3, 7, 100]) {
    const { seen, pending } = read(text, size)
    assert.deepEqual(
      seen.map((entry) => entry.slice(5)),
      expected,
      String(size),
    )
    assert.deepEqual(
      seen.filter((entry) => entry.startsWith('body')).map((entry) => entry.slice(5)),
      ['a\nb\nc', 'xyz'],
    )
    assert.equal(pending, 4)
  }
})

test('a line that does not end counts, a body does not', () => {
  assert.equal(read('x'.repeat(10_000), 3).pending, 10_000)
  assert.equal(read(`body 20000\n${'x'.repeat(10_000)}`, 3).pending, 0)
})
