/** The model's name in a body that otherwise goes through as it came. */

/** `JSON.rawJSON` and the reviver's third argument (ES2026), which TypeScript's library does not know yet. */
interface RawJson {
  rawJSON(text: string): object
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): Record<string, unknown>
}
const raw = JSON as unknown as RawJson

/** A JSON body with another `model`. Numbers stay as they were written: a 64-bit seed has no exact JavaScript number. */
export const renameInJson = (body: Buffer, model: string): Buffer => {
  // without the mark some editors begin a file with, which the JSON of a request may have too
  const text = new TextDecoder().decode(body)
  const value = raw.parse(text.trim() === '' ? '{}' : text, (_key, inner, { source }) =>
    typeof inner === 'number' && source !== undefined && String(inner) !== source
      ? raw.rawJSON(source)
      : inner,
  )
  return Buffer.from(JSON.stringify({ ...value, model }))
}

interface FormField {
  /** Where its value begins and ends, in bytes. */
  from: number
  to: number
}

const BOUNDARY = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i

/** The boundary in the content type of a form; null when there is none. */
export const boundaryOf = (contentType: string): string | null => {
  const [, quoted, bare] = BOUNDARY.exec(contentType) ?? []
  return quoted ?? bare ?? null
}

const findField = (body: Buffer, boundary: string, name: string): FormField | null => {
  const mark = Buffer.from(`--${boundary}`)
  for (let at = body.indexOf(mark); at >= 0;) {
    const head = at + mark.length
    const next = body.indexOf(mark, head)
    if (next < 0) return null
    const from = body.indexOf('\r\n\r\n', head)
    if (from < 0) return null
    const headers = body.subarray(head, Math.min(from, head + 2000)).toString('latin1')
    const [, quoted, bare] = /[;\s]name=(?:"([^"]*)"|([^;\s]+))/i.exec(headers) ?? []
    if (from < next && (quoted ?? bare) === name) return { from: from + 4, to: next - 2 }
    at = next
  }
  return null
}

/** The text of a form's field; null when the form has no such field. */
export const fieldText = (body: Buffer, boundary: string, name: string): string | null => {
  const field = findField(body, boundary, name)
  return field === null ? null : body.subarray(field.from, field.to).toString('utf8')
}

/** A form with another `model`, which is put in front when the form has none. */
export const renameInForm = (body: Buffer, boundary: string, model: string): Buffer => {
  const field = findField(body, boundary, 'model')
  if (field !== null) {
    return Buffer.concat([
      body.subarray(0, field.from),
      Buffer.from(model),
      body.subarray(field.to),
    ])
  }
  const part = `--${boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n`
  return Buffer.concat([Buffer.from(part), body])
}
