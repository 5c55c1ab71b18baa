import path from 'node:path'
import { invalidFile } from './extract-error.ts'
import { readMarkup } from './read-html.ts'
import { notWhatItSays } from './read-office.ts'
import { readXml } from './read-xml.ts'
import type { TextSink } from './text-sink.ts'
import { openZip } from './zip-archive.ts'

const CONTAINER = 'META-INF/container.xml'

const packageFile = (xml: string): string => {
  let found = ''
  readXml(xml, {
    open(name, attributes) {
      if (name === 'rootfile' && found === '') found = attributes['full-path'] ?? ''
    },
  })
  return found
}

/** The files of the chapters in reading order, relative to the package file. */
const spineOf = (xml: string): string[] => {
  const files = new Map<string, string>()
  const order: string[] = []
  readXml(xml, {
    open(name, attributes) {
      const local = name.split(':').at(-1)
      if (local === 'item') files.set(attributes['id'] ?? '', attributes['href'] ?? '')
      else if (local === 'itemref') order.push(attributes['idref'] ?? '')
    },
  })
  return order.flatMap((id) => files.get(id) ?? [])
}

const decoded = (href: string): string => {
  try {
    return decodeURIComponent(href)
  } catch (cause) {
    throw invalidFile('The book names its chapters in a way that cannot be read.', cause)
  }
}

/** A book: its chapters in reading order. @throws ExtractError */
export const readEpub = async (bytes: Buffer, sink: TextSink): Promise<void> => {
  const zip = await openZip(bytes)
  if (!zip.has(CONTAINER)) throw notWhatItSays('an EPUB book')
  const file = packageFile(await zip.text(CONTAINER))
  if (!zip.has(file)) throw notWhatItSays('an EPUB book')
  for (const href of spineOf(await zip.text(file))) {
    const name = path.posix.join(path.posix.dirname(file), decoded(href.split('#')[0] ?? ''))
    if (!zip.has(name)) continue
    readMarkup(await zip.text(name), sink)
    sink.add('\n\n')
  }
}
