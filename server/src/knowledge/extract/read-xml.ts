import { Parser } from 'htmlparser2'

export interface XmlEvents {
  open?(name: string, attributes: Record<string, string>): void
  text?(text: string): void
  close?(name: string): void
}

/** Reads XML as events, names with their prefixes. No document type, no external entity is ever followed. */
export const readXml = (xml: string, events: XmlEvents): void => {
  const parser = new Parser(
    {
      onopentag: (name, attributes) => events.open?.(name, attributes),
      ontext: (text) => events.text?.(text),
      onclosetag: (name) => events.close?.(name),
    },
    { xmlMode: true, decodeEntities: true },
  )
  parser.write(xml.replace(/^\uFEFF/, ''))
  parser.end()
}
