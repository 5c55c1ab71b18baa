import { notWhatItSays } from './read-office.ts'
import { readXml } from './read-xml.ts'
import type { TextSink } from './text-sink.ts'
import { byNumber, openZip } from './zip-archive.ts'

const BUILT_IN_DATES = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47])
const DAY_MS = 86_400_000
/** Day 0 of the 1900 calendar, as spreadsheets count it after its invented 29 February. */
const EPOCH_MS = Date.UTC(1899, 11, 30)

/** A format of dates: one that names days, months, years or hours outside its literals. */
const isDateFormat = (code: string): boolean =>
  /[dmyhs]/i.test(code.replaceAll(/"[^"]*"|\[[^\]]*\]|\\./g, '')) && !/general/i.test(code)

const readShared = (xml: string): string[] => {
  const shared: string[] = []
  let text = ''
  let inText = false
  let phonetic = 0
  readXml(xml, {
    open(name) {
      if (name === 'si') text = ''
      else if (name === 't') inText = true
      else if (name === 'rPh') phonetic += 1
    },
    text(piece) {
      if (inText && phonetic === 0) text += piece
    },
    close(name) {
      if (name === 't') inText = false
      else if (name === 'rPh') phonetic -= 1
      else if (name === 'si') shared.push(text)
    },
  })
  return shared
}

/** Which cell styles show dates. */
const readDateStyles = (xml: string): boolean[] => {
  const own = new Map<number, boolean>()
  const styles: boolean[] = []
  let inCells = false
  readXml(xml, {
    open(name, attributes) {
      if (name === 'numFmt')
        own.set(Number(attributes['numFmtId']), isDateFormat(attributes['formatCode'] ?? ''))
      else if (name === 'cellXfs') inCells = true
      else if (name === 'xf' && inCells) {
        const id = Number(attributes['numFmtId'])
        styles.push(own.get(id) ?? BUILT_IN_DATES.has(id))
      }
    },
    close(name) {
      if (name === 'cellXfs') inCells = false
    },
  })
  return styles
}

const showDate = (value: number): string => {
  const date = new Date(EPOCH_MS + Math.round(value * DAY_MS))
  if (Number.isNaN(date.getTime())) return String(value)
  const text = date.toISOString()
  return value % 1 === 0 ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ')
}

/** Empty cells before a filled one that are kept as such: a cell far to the right needs no thousand tabs. */
const MAX_GAP = 32

/** `C7` is column 2; 0 when nothing is named. */
const columnOf = (reference: string): number => {
  let column = 0
  for (const letter of /^[A-Z]*/.exec(reference)?.[0] ?? '')
    column = column * 26 + letter.charCodeAt(0) - 64
  return Math.max(0, column - 1)
}

const readSheet = (xml: string, shared: string[], dates: boolean[], sink: TextSink): void => {
  let type = ''
  let isDate = false
  let value = ''
  let inValue = false
  let column = 0
  let cells: string[] = []
  const show = (): string => {
    if (type === 's') return shared[Number(value)] ?? ''
    if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE'
    if (isDate && type === '' && value !== '') return showDate(Number(value))
    return value
  }
  readXml(xml, {
    open(name, attributes) {
      if (name === 'row') cells = []
      else if (name === 'c') {
        const kind = attributes['t'] ?? ''
        type = kind === 'n' ? '' : kind
        isDate = dates[Number(attributes['s'] ?? 0)] ?? false
        value = ''
        column = Math.min(columnOf(attributes['r'] ?? ''), cells.length + MAX_GAP)
      } else if (name === 'v' || name === 't') inValue = true
    },
    text(piece) {
      if (inValue) value += piece
    },
    close(name) {
      if (name === 'v' || name === 't') inValue = false
      else if (name === 'c') {
        while (cells.length < column) cells.push('')
        cells.push(show())
      } else if (name === 'row' && cells.some((cell) => cell !== ''))
        sink.add(`${cells.join('\t')}\n`)
    },
  })
}

const readSheetNames = (xml: string): string[] => {
  const names: string[] = []
  readXml(xml, {
    open(name, attributes) {
      if (name === 'sheet') names.push(attributes['name'] ?? '')
    },
  })
  return names
}

/** A workbook: its sheets in order, a line for each row, cells parted by tabs, dates as 2026-01-31. @throws ExtractError */
export const readXlsx = async (bytes: Buffer, sink: TextSink): Promise<void> => {
  const zip = await openZip(bytes)
  if (!zip.has('xl/workbook.xml')) throw notWhatItSays('an Excel workbook')
  const optional = async (name: string) => (zip.has(name) ? zip.text(name) : '')
  const names = readSheetNames(await zip.text('xl/workbook.xml'))
  const shared = readShared(await optional('xl/sharedStrings.xml'))
  const dates = readDateStyles(await optional('xl/styles.xml'))
  const sheets = zip.names.filter((name) => /^xl\/worksheets\/sheet\d+\.xml$/.test(name))
  for (const [index, sheet] of sheets.toSorted(byNumber).entries()) {
    const before = sink.length
    const title = names[index] ?? ''
    if (title !== '') sink.add(`${title}\n`)
    readSheet(await zip.text(sheet), shared, dates, sink)
    if (sink.length > before) sink.add('\n')
  }
}
