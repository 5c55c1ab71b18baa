import { decodeText } from './decode-text.ts'
import { ExtractError, invalidFile, unsupportedFile } from './extract-error.ts'
import { betterFormat, formatOf, type FileFormat } from './file-format.ts'
import { readEpub } from './read-epub.ts'
import { readHtml } from './read-html.ts'
import { readDocx, readPptx } from './read-office.ts'
import { readPdf } from './read-pdf.ts'
import { readXlsx } from './read-xlsx.ts'
import { TextSink } from './text-sink.ts'

/** The container of encrypted office files, and of the formats before 2007. */
const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex')

const checkHead = (bytes: Buffer, filename: string): void => {
  const advice = betterFormat(filename)
  if (advice !== null)
    throw unsupportedFile(`Files of this kind cannot be read. Save it as ${advice}.`)
  if (bytes.subarray(0, OLE.length).equals(OLE)) {
    throw invalidFile(
      'The file is encrypted, or in a format of Office before 2007. Remove its password, or save it as .docx, .pptx or .xlsx.',
    )
  }
}

const readText = (bytes: Buffer, sink: TextSink): void => {
  const text = decodeText(bytes)
  if (text === null) {
    throw unsupportedFile(
      'The file is neither text nor in a format that can be read. Readable are text, Markdown, HTML, CSV, JSON, source code, PDF, docx, pptx, xlsx and EPUB.',
    )
  }
  sink.add(text)
}

const READERS: Record<FileFormat, (bytes: Buffer, sink: TextSink) => void | Promise<void>> = {
  text: readText,
  html: readHtml,
  pdf: readPdf,
  docx: readDocx,
  pptx: readPptx,
  xlsx: readXlsx,
  epub: readEpub,
}

/**
 * The text of a file, by its name and its bytes.
 * @throws ExtractError with a sentence for the file's owner
 */
export const extractText = async (bytes: Buffer, filename: string): Promise<string> => {
  if (bytes.length === 0) throw invalidFile('The file is empty.')
  checkHead(bytes, filename)
  const format = formatOf(filename)
  const sink = new TextSink()
  try {
    await READERS[format](bytes, sink)
  } catch (error) {
    if (error instanceof ExtractError) throw error
    throw invalidFile('The file is damaged and cannot be read. Save it anew.', error)
  }
  const text = sink.finish()
  if (text.trim() !== '') return text
  throw invalidFile(
    format === 'pdf'
      ? 'The PDF holds no text: it is probably scanned. Run text recognition (OCR) over it first.'
      : 'The file holds no text.',
  )
}
