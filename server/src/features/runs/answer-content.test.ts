import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnswerContent } from './answer-content.ts'

describe('content of an answer', () => {
  it('counts offsets in code points over all pieces of the part, also when a pair is cut', () => {
    const content = new AnswerContent()
    assert.equal(content.addImage('file-i'), 0)
    assert.deepEqual(content.addText('text', '達哥\ud83d'), { index: 1, head: true })
    assert.deepEqual(content.addText('text', '\ude00.'), { index: 1, head: false })
    const cited = content.addMark({
      text: '【1:0†😀.txt】',
      mark: { type: 'file_citation', fileId: 'file-a' },
    })
    assert.deepEqual(cited, {
      index: 1,
      head: false,
      annotationIndex: 0,
      annotation: {
        type: 'file_citation',
        text: '【1:0†😀.txt】',
        start_index: 4,
        end_index: 15,
        file_citation: { file_id: 'file-a' },
      },
    })
    const path = content.addMark({
      text: 'sandbox:/mnt/data/x',
      mark: { type: 'file_path', fileId: 'file-x' },
    })
    assert.equal(path.annotationIndex, 1)
    const [image, text] = content.parts
    assert.deepEqual(image, { type: 'image_file', image_file: { file_id: 'file-i' } })
    assert.ok(text?.type === 'text')
    for (const { text: mark, start_index: start, end_index: end } of text.text.annotations) {
      assert.equal([...text.text.value].slice(start, end).join(''), mark)
    }
  })

  it('opens a new part where the kind changes, and a text by its mark', () => {
    const content = new AnswerContent()
    const mark = { text: '【1:0†a】', mark: { type: 'file_citation', fileId: 'f' } } as const
    assert.deepEqual([content.addMark(mark).head, content.addMark(mark).head], [true, false])
    assert.deepEqual(content.addText('refusal', 'No'), { index: 1, head: true })
    assert.deepEqual(content.addText('refusal', '.'), { index: 1, head: false })
    assert.deepEqual(content.addText('text', 'x'), { index: 2, head: true })
    assert.deepEqual(
      content.parts.map((part) => part.type),
      ['text', 'refusal', 'text'],
    )
  })
})
