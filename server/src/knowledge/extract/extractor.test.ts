import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pdfFile } from '../../../tests/support/pdf-file.ts'
import { pdfWithoutFont } from '../../../tests/support/pdf-font.ts'
import { zipFile } from '../../../tests/support/zip-file.ts'
import { ExtractError } from './extract-error.ts'
import { ENCRYPTED_PDF } from './fixtures/encrypted-pdf.ts'
import { Extractor } from './extractor.ts'

const CHUNKING = { maxTokens: 800, overlapTokens: 400 }
const NEVER = new AbortController().signal

async function* once(bytes: Buffer) {
  yield bytes
}

const read = async (
  extractor: Extractor,
  filename: string,
  content: Buffer | string,
  signal = NEVER,
): Promise<string> => {
  const bytes = Buffer.from(content)
  const texts: string[] = []
  const file = { filename, bytes: bytes.length, content: once(bytes) }
  for await (const chunks of extractor.read(file, CHUNKING, signal))
    texts.push(...chunks.map(({ text }) => text))
  return texts.join('\n')
}

const refused = async (
  extractor: Extractor,
  filename: string,
  content: Buffer | string,
  code: string,
  message: RegExp,
) => {
  await assert.rejects(read(extractor, filename, content), (error: unknown) => {
    assert.ok(error instanceof ExtractError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  })
}

describe('reading files', () => {
  let extractor: Extractor
  before(() => {
    extractor = new Extractor()
  })
  after(() => extractor[Symbol.asyncDispose]())

  it('text in the encodings people have', async () => {
    const zh = '達哥是達文西的助手，他今天在圖書館整理資料。'
    // As Big5 and Shift_JIS write them; Node encodes neither.
    const big5 = Buffer.from(
      'b9ccaabab0caa4f4a94da4a4a4e5a672aaccacb0b971b8a3aabab1c0bdc3a143',
      'hex',
    )
    const sjis = Buffer.from('82b182ea82cd93fa967b8cea82cc83658358836782c582b78142', 'hex')
    assert.equal(await read(extractor, 'a.txt', zh), zh)
    assert.equal(await read(extractor, 'a.txt', `\ufeff${zh}`), zh)
    assert.equal(await read(extractor, 'a.csv', Buffer.from(`\ufeff${zh}`, 'utf16le')), zh)
    assert.equal(await read(extractor, 'a.txt', Buffer.from('plain text', 'utf16le')), 'plain text')
    assert.equal(await read(extractor, 'a.txt', big5), new TextDecoder('big5').decode(big5))
    assert.equal(await read(extractor, 'a.txt', sjis), 'これは日本語のテストです。')
    assert.equal(
      await read(extractor, 'a.txt', Buffer.from('caf\xe9 au lait', 'latin1')),
      'café au lait',
    )
  })

  it('web pages, by the encoding they name', async () => {
    const page =
      '<html><head><meta charset="big5"><title>T &amp; T</title><script>no()</script></head><body><h1>Head</h1><p>one <b>two</b><br>three</p><ul><li>x<li>y</ul><table><tr><td>1<td>2</table><style>z{}</style>'
    const text = await read(
      extractor,
      'a.html',
      Buffer.concat([Buffer.from(page), Buffer.from('<p>\xb9\xcc', 'latin1')]),
    )
    assert.equal(
      text,
      `T & T\n\nHead\n\none two\nthree\n\nx\ny\n1\t2\n${new TextDecoder('big5').decode(Buffer.from('b9cc', 'hex'))}`,
    )
  })

  it('Word documents, without what was deleted', async () => {
    const xml =
      '<w:document><w:body><w:p><w:r><w:t>達哥 &amp; Co</w:t></w:r><w:del><w:r><w:t>gone</w:t></w:r></w:del></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>'
    const file = zipFile({
      'word/document.xml': xml,
      'word/footnotes.xml': '<w:p><w:t>note</w:t></w:p>',
    })
    assert.equal(await read(extractor, 'a.docx', file), '達哥 & Co\n\na \tb\nnote')
  })

  it('presentations, slides in order', async () => {
    const slide = (text: string) => `<p:sld><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:sld>`
    const file = zipFile({
      'ppt/presentation.xml': '<p:presentation/>',
      'ppt/slides/slide10.xml': slide('ten'),
      'ppt/slides/slide2.xml': slide('two'),
      'ppt/notesSlides/notesSlide2.xml': slide('said'),
    })
    assert.equal(await read(extractor, 'a.pptx', file), 'two\n\nsaid\n\nten')
  })

  it('workbooks, with dates and gaps', async () => {
    const file = zipFile({
      'xl/workbook.xml': '<workbook><sheets><sheet name="價目"/></sheets></workbook>',
      'xl/sharedStrings.xml':
        '<sst><si><t>蘋果</t></si><si><r><t>A</t></r><r><t>B</t></r></si></sst>',
      'xl/styles.xml':
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy/m/d h:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>',
      'xl/worksheets/sheet1.xml':
        '<worksheet><sheetData><row><c r="A1" t="s"><v>0</v></c><c r="C1"><v>12.5</v></c><c r="D1" s="1"><v>46053</v></c><c r="E1" s="2"><v>46053.5625</v></c></row><row><c r="A2" t="inlineStr"><is><t>in</t></is></c><c t="b"><v>1</v></c><c t="s"><v>1</v></c></row></sheetData></worksheet>',
    })
    assert.equal(
      await read(extractor, 'a.xlsx', file),
      '價目\n蘋果\t\t12.5\t2026-01-31\t2026-01-31 13:30\nin\tTRUE\tAB',
    )
  })

  it('books, chapters in reading order', async () => {
    const file = zipFile({
      'META-INF/container.xml': '<container><rootfile full-path="O/c.opf"/></container>',
      'O/c.opf':
        '<package><manifest><item id="b" href="b%20b.xhtml"/><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
      'O/a.xhtml': '<html><body><p>first</p></body></html>',
      'O/b b.xhtml': '<html><body><p>second</p></body></html>',
    })
    assert.equal(await read(extractor, 'a.epub', file), 'first\n\nsecond')
  })

  it('PDFs, page by page', async () => {
    assert.equal(
      await read(extractor, 'a.pdf', pdfFile(['Hello world', 'page two'])),
      'Hello world\n\npage two',
    )
  })

  it('PDFs whose Chinese font is not in the file', async () => {
    // 達哥 in UCS-2, and 嘐的 in Big5.
    const ucs2 = pdfWithoutFont('UniCNS-UCS2-H', '905454e5')
    assert.equal(await read(extractor, 'a.pdf', ucs2), '達哥')
    assert.equal(await read(extractor, 'a.pdf', pdfWithoutFont('ETen-B5-H', 'b9ccaaba')), '嘐的')
  })

  it('refuses what cannot be read, with what helps', async () => {
    const ole = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)])
    await refused(extractor, 'a.txt', '', 'invalid_file', /empty/)
    await refused(extractor, 'a.txt', ' \n ', 'invalid_file', /no text/)
    await refused(extractor, 'a.pdf', pdfFile(['']), 'invalid_file', /OCR/)
    await refused(extractor, 'a.pdf', ENCRYPTED_PDF, 'invalid_file', /password/)
    await refused(extractor, 'a.docx', ole, 'invalid_file', /password|before 2007/)
    await refused(extractor, 'a.docx', zipFile({ 'x.txt': 'x' }), 'invalid_file', /is none/)
    await refused(extractor, 'a.xlsx', Buffer.from('PK\x03\x04broken'), 'invalid_file', /damaged/)
    await refused(extractor, 'a.xls', 'x', 'unsupported_file', /\.xlsx/)
    await refused(
      extractor,
      'a.png',
      Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      'unsupported_file',
      /neither text/,
    )
  })

  it('goes on after a file that could not be read', async () => {
    await refused(extractor, 'a.txt', '', 'invalid_file', /empty/)
    assert.equal(await read(extractor, 'a.txt', 'fine'), 'fine')
  })
})

describe('limits of reading', () => {
  it('a zip bomb is refused before it is unpacked', async () => {
    await using extractor = new Extractor()
    const bomb = zipFile({ 'word/document.xml': Buffer.alloc(220 * 1024 * 1024) })
    await refused(extractor, 'a.docx', bomb, 'invalid_file', /unpacks to more/)
  })

  it('a PDF of 10,000 pages is refused', async () => {
    await using extractor = new Extractor()
    const book = pdfFile(Array.from({ length: 10_000 }, (_, i) => `p${i}`))
    await refused(extractor, 'a.pdf', book, 'invalid_file', /10000 pages; the limit is 5000/)
  })

  it('more text than can be indexed is refused', async () => {
    await using extractor = new Extractor()
    await refused(
      extractor,
      'a.txt',
      Buffer.alloc(20_000_001, 'a'),
      'invalid_file',
      /5,000,000 tokens/,
    )
  })

  it('what takes too long is killed, and the next file is read', async () => {
    await using extractor = new Extractor({ timeMs: 1_500 })
    const stuck = {
      filename: 'a.txt',
      bytes: 10,
      async *content() {
        yield Buffer.from('12345')
        await sleep(60_000, undefined, { ref: false })
        yield Buffer.from('67890')
      },
    }
    await assert.rejects(async () => {
      for await (const _ of extractor.read(
        { ...stuck, content: stuck.content() },
        CHUNKING,
        NEVER,
      ));
    }, /took too long/)
    assert.equal(await read(extractor, 'a.txt', 'fine'), 'fine')
  })

  it('what takes too much memory is killed', async () => {
    await using extractor = new Extractor({ memoryBytes: 192 * 1024 * 1024 })
    const cells = '<c><v>1</v></c>'.repeat(6_000_000)
    const sheet = zipFile({
      'xl/workbook.xml': '<workbook/>',
      'xl/worksheets/sheet1.xml': `<worksheet><row>${cells}</row></worksheet>`,
    })
    await refused(extractor, 'a.xlsx', sheet, 'invalid_file', /too much memory/)
  })

  it('an abort ends it at once', async () => {
    await using extractor = new Extractor()
    const controller = new AbortController()
    controller.abort(new Error('stop'))
    await assert.rejects(read(extractor, 'a.txt', 'x', controller.signal), /stop/)
    assert.equal(await read(extractor, 'a.txt', 'fine'), 'fine')
  })

  it('files wait for a free process', async () => {
    await using extractor = new Extractor({ processes: 1 })
    const texts = await Promise.all(
      ['one', 'two', 'three'].map((text) => read(extractor, 'a.txt', text)),
    )
    assert.deepEqual(texts, ['one', 'two', 'three'])
  })
})
