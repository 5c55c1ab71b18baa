import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { getDocumentProxy } from 'unpdf'
import { invalidFile } from './extract-error.ts'
import type { TextSink } from './text-sink.ts'

const MAX_PAGES = 5_000

/**
 * What Chinese, Japanese and Korean fonts that are not in the file write: which codes stand for which characters. Made when a PDF is opened
 * and not when the module is loaded.
 */
const cMapUrl = (): string =>
  `${path.join(path.dirname(fileURLToPath(import.meta.resolve('pdfjs-dist/package.json'))), 'cmaps')}${path.sep}`

const named = (error: unknown): string => (error instanceof Error ? error.name : '')

const open = async (bytes: Buffer) => {
  try {
    // A copy of its own: the reader takes the memory over.
    return await getDocumentProxy(new Uint8Array(bytes), {
      verbosity: 0,
      cMapUrl: cMapUrl(),
      cMapPacked: true,
    })
  } catch (error) {
    if (named(error) === 'PasswordException')
      throw invalidFile('The PDF is encrypted. Remove its password and upload it again.', error)
    throw invalidFile('The PDF is damaged and cannot be read. Save it anew.', error)
  }
}

/**
 * The text of a PDF, page by page. Pictures of pages are not read.
 * @throws ExtractError invalid_file for an encrypted or damaged file and one of more than 5,000 pages
 */
export const readPdf = async (bytes: Buffer, sink: TextSink): Promise<void> => {
  const document = await open(bytes)
  if (document.numPages > MAX_PAGES) {
    throw invalidFile(
      `The PDF has ${document.numPages} pages; the limit is ${MAX_PAGES}. Split it into smaller files.`,
    )
  }
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number)
    const { items } = await page.getTextContent()
    for (const item of items) {
      if ('str' in item) sink.add(item.hasEOL ? `${item.str}\n` : item.str)
    }
    sink.add('\n\n')
    page.cleanup()
  }
  await document.cleanup()
}
