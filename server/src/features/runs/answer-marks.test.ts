import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { citationMark, MarkReader, type AnswerPiece } from './answer-marks.ts'

const MARK = '【4:0†a.txt】'
const known = {
  citations: new Map([
    [MARK, 'file-a'],
    ['4:0', 'file-a'],
    ['【2:1†old.txt】', 'file-old'],
  ]),
  paths: new Map([
    ['sandbox:/mnt/data/table.csv', 'file-csv'],
    ['sandbox:/mnt/data/table.csv.gz', 'file-gz'],
    ['sandbox:/mnt/data/報表 1.xlsx', 'file-xlsx'],
  ]),
}

/** Pieces as `text` or `<text>` for marks, neighbouring texts joined. */
const readAll = (
  given: readonly string[],
  marks = known,
): { said: string; pieces: AnswerPiece[] } => {
  const reader = new MarkReader(marks)
  const pieces = [...given.flatMap((piece) => reader.read(piece)), ...reader.end()]
  const said = pieces.map(({ text, mark }) => (mark === null ? text : `<${text}>`)).join('')
  return { said, pieces }
}

describe('marks in an answer', () => {
  it('finds a citation however it is cut, whole and with its file', () => {
    const answer = `Ten days.${MARK} Ask.`
    for (let at = 0; at <= answer.length; at += 1) {
      const { said, pieces } = readAll([answer.slice(0, at), answer.slice(at)])
      assert.equal(said, `Ten days.<${MARK}> Ask.`)
      const marked = pieces.filter(({ mark }) => mark !== null)
      assert.deepEqual(marked, [{ text: MARK, mark: { type: 'file_citation', fileId: 'file-a' } }])
    }
    assert.equal(readAll(answer.split('')).said, `Ten days.<${MARK}> Ask.`)
  })

  it('knows a passage by its numbers when the model changed the name, and an earlier one by its whole mark only', () => {
    assert.equal(readAll(['x【4:0†source】']).said, 'x<【4:0†source】>')
    assert.equal(readAll(['x【2:1†old.txt】']).said, 'x<【2:1†old.txt】>')
    assert.equal(readAll(['x【2:1†source】']).said, 'x【2:1†source】')
  })

  it('leaves made-up marks, other brackets and an unfinished one as text, and says all of it', () => {
    for (const text of [
      '【9:9†b.txt】',
      '【註】',
      '【4:0†a.txt',
      '【【4:0',
      `【${'x'.repeat(2_000)}`,
      'sandbox:/mnt/data/no.txt',
    ]) {
      assert.equal(readAll([text, ' end']).said.replaceAll(/[<>]/g, ''), `${text} end`)
      assert.doesNotMatch(readAll([text, ' end']).said, /</)
    }
    assert.equal(readAll([`【註】${MARK}`]).said, `【註】<${MARK}>`)
  })

  it('does not hold text back where nothing can be marked, nor for longer than a mark can be', () => {
    const none = new MarkReader({ citations: new Map(), paths: new Map() })
    assert.deepEqual(none.read('a 【 sandbox:'), [{ text: 'a 【 sandbox:', mark: null }])
    const reader = new MarkReader(known)
    assert.deepEqual(reader.read('ab 【4'), [{ text: 'ab ', mark: null }])
    assert.deepEqual(reader.read('x'), [{ text: '【4x', mark: null }])
    assert.deepEqual(reader.read('【4:0†'), [])
    const [late] = reader.read('x'.repeat(1_300))
    assert.ok((late?.text.length ?? 0) > 1_000)
  })

  it('finds links to written files, the longest that is known, with blanks and Chinese in the name', () => {
    const answer =
      '[t](sandbox:/mnt/data/table.csv) [z](sandbox:/mnt/data/table.csv.gz) [報](sandbox:/mnt/data/報表 1.xlsx)'
    const expected =
      '[t](<sandbox:/mnt/data/table.csv>) [z](<sandbox:/mnt/data/table.csv.gz>) [報](<sandbox:/mnt/data/報表 1.xlsx>)'
    assert.equal(readAll([answer]).said, expected)
    assert.equal(readAll(answer.split('')).said, expected)
    assert.equal(
      readAll(['see sandbox:/mnt/data/table.csv']).said,
      'see <sandbox:/mnt/data/table.csv>',
    )
  })

  it('takes no file for another whose name only begins alike', () => {
    for (const text of [
      'sandbox:/mnt/data/table.csv.bak',
      'sandbox:/mnt/data/table.csv_2',
      'sandbox:/mnt/data/table.csvx',
    ]) {
      assert.equal(readAll([text]).said, text)
      assert.equal(readAll(text.split('')).said, text)
    }
    const sentences = 'Take sandbox:/mnt/data/table.csv. sandbox:/mnt/data/table.csv給你'
    const expected = 'Take <sandbox:/mnt/data/table.csv>. <sandbox:/mnt/data/table.csv>給你'
    assert.equal(readAll([sentences]).said, expected)
    assert.equal(readAll(sentences.split('')).said, expected)
  })

  it('makes marks that can be read again, whatever the file is called', () => {
    const name = '規章【修訂】†v2.pdf'
    const mark = citationMark(7, 3, name)
    const marks = { citations: new Map([[mark, 'file-x']]), paths: new Map<string, string>() }
    assert.equal(readAll([...`依規定${mark}。`], marks).said, `依規定<${mark}>。`)
  })
})
