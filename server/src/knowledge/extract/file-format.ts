import path from 'node:path'

export type FileFormat = 'text' | 'html' | 'pdf' | 'docx' | 'pptx' | 'xlsx' | 'epub'

const BY_EXTENSION: Readonly<Record<string, FileFormat>> = {
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  pdf: 'pdf',
  docx: 'docx',
  docm: 'docx',
  pptx: 'pptx',
  pptm: 'pptx',
  xlsx: 'xlsx',
  xlsm: 'xlsx',
  epub: 'epub',
}

/** What to save a file as whose format is not read, by its extension. */
const ADVICE: Readonly<Record<string, string>> = {
  doc: '.docx',
  ppt: '.pptx',
  xls: '.xlsx',
  odt: '.docx or .pdf',
  odp: '.pptx or .pdf',
  ods: '.xlsx',
  rtf: '.docx or .pdf',
  pages: '.docx or .pdf',
  numbers: '.xlsx',
  key: '.pptx or .pdf',
  mobi: '.epub',
}

const extensionOf = (filename: string): string =>
  path.posix.extname(filename).slice(1).toLowerCase()

/** How a file is read, by its name; what has no format of its own is tried as text: notes, tables, source code. */
export const formatOf = (filename: string): FileFormat =>
  BY_EXTENSION[extensionOf(filename)] ?? 'text'

/** A format to save the file in instead, or null when there is no better advice. */
export const betterFormat = (filename: string): string | null =>
  ADVICE[extensionOf(filename)] ?? null
