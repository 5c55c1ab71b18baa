import { invalidFile } from './extract-error.ts'
import { readXml } from './read-xml.ts'
import type { TextSink } from './text-sink.ts'
import { byNumber, openZip } from './zip-archive.ts'

/** Text of the runs of one part: `w:t` in Word, `a:t` in PowerPoint; paragraphs become lines, cells are parted by tabs. */
const readRuns = (xml: string, prefix: 'w' | 'a', sink: TextSink): void => {
  let inText = false
  let deleted = 0
  let cells = 0
  readXml(xml, {
    open(name) {
      if (name === `${prefix}:t`) inText = true
      else if (name === `${prefix}:tab`) sink.add('\t')
      else if (name === `${prefix}:br` || name === `${prefix}:cr`) sink.add('\n')
      else if (name === `${prefix}:tc`) cells += 1
      else if (name === 'w:del' || name === 'mc:Fallback') deleted += 1
    },
    text(text) {
      if (inText && deleted === 0) sink.add(text)
    },
    close(name) {
      if (name === `${prefix}:t`) inText = false
      else if (name === `${prefix}:p`) sink.add(cells > 0 ? ' ' : '\n\n')
      else if (name === `${prefix}:tc`) {
        cells -= 1
        sink.add('\t')
      } else if (name === `${prefix}:tr`) sink.add('\n')
      else if (name === 'w:del' || name === 'mc:Fallback') deleted -= 1
    },
  })
}

const NOTES = ['word/footnotes.xml', 'word/endnotes.xml', 'word/comments.xml']

/** A Word document: body, then notes. @throws ExtractError */
export const readDocx = async (bytes: Buffer, sink: TextSink): Promise<void> => {
  const zip = await openZip(bytes)
  if (!zip.has('word/document.xml')) throw notWhatItSays('a Word document')
  for (const name of ['word/document.xml', ...NOTES.filter((note) => zip.has(note))])
    readRuns(await zip.text(name), 'w', sink)
}

/** A PowerPoint presentation: its slides in order, each with its speaker's notes. @throws ExtractError */
export const readPptx = async (bytes: Buffer, sink: TextSink): Promise<void> => {
  const zip = await openZip(bytes)
  const slides = zip.names.filter((name) => /^ppt\/slides\/slide\d+\.xml$/.test(name))
  if (!zip.has('ppt/presentation.xml')) throw notWhatItSays('a PowerPoint presentation')
  for (const slide of slides.toSorted(byNumber)) {
    readRuns(await zip.text(slide), 'a', sink)
    const notes = slide.replace('slides/slide', 'notesSlides/notesSlide')
    if (zip.has(notes)) readRuns(await zip.text(notes), 'a', sink)
    sink.add('\n\n')
  }
}

export const notWhatItSays = (kind: string) =>
  invalidFile(`The file is named as ${kind}, but is none. Save it anew under the right name.`)
