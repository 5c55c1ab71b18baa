/** What a tool's result is to a model: text, and pictures for people. Everything in it was written by the server and is untrusted. */
import type { CallToolResult } from '@modelcontextprotocol/client'
import { isTooDeep } from '../json-depth.ts'
import type { Json, SandboxLimits, SandboxResult } from '../python/sandbox-driver.ts'

type Block = CallToolResult['content'][number]

const PNG_START = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/**
 * Text parts are joined by line breaks; structured content stands in where there is no text. PNG files become pictures within
 * `limits.pictures`; whatever else is not text is named with its type and size, so that the model knows it was there. Text beyond
 * `limits.resultBytes` is cut, and said to be.
 */
export const toResult = (
  result: CallToolResult,
  limits: Pick<SandboxLimits, 'resultBytes' | 'pictures'>,
  clean: (text: string) => string,
  usage: SandboxResult['usage'],
): SandboxResult => {
  const gallery = new Gallery(limits.pictures)
  const parts = result.content.map((block) => textOf(block, gallery))
  const structured = result.structuredContent
  const hasText = result.content.some((block) => block.type === 'text' && block.text.trim() !== '')
  if (!hasText && structured !== undefined) parts.unshift(jsonOf(structured as Json))
  const text = clean(parts.filter((part) => part !== '').join('\n'))
  const bytes = Buffer.byteLength(text)
  const output = bytes > limits.resultBytes ? cutUtf8(text, limits.resultBytes) : text
  return {
    ok: result.isError !== true,
    output:
      output === '' && result.isError === true ? 'The tool failed and gave no reason.' : output,
    stdout: '',
    stderr: '',
    truncated: output.length < text.length,
    error: null,
    pictures: gallery.pictures,
    usage,
  }
}

const jsonOf = (value: Json): string =>
  isTooDeep(value) ? '[Structured content that is nested too deeply.]' : JSON.stringify(value)

class Gallery {
  readonly pictures: Uint8Array[] = []
  readonly #limits: SandboxLimits['pictures']
  #bytes = 0

  constructor(limits: SandboxLimits['pictures']) {
    this.#limits = limits
  }

  /** Takes a PNG file that there is room for. */
  takes(bytes: Buffer): boolean {
    if (!bytes.subarray(0, PNG_START.length).equals(PNG_START)) return false
    if (this.pictures.length >= this.#limits.count) return false
    if (this.#bytes + bytes.length > this.#limits.totalBytes) return false
    this.#bytes += bytes.length
    this.pictures.push(bytes)
    return true
  }
}

const textOf = (block: Block, gallery: Gallery): string => {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image': {
      const bytes = Buffer.from(block.data, 'base64')
      if (block.mimeType === 'image/png' && gallery.takes(bytes)) return ''
      return `[A picture that is not shown: ${named(block.mimeType)}, ${bytes.length} bytes.]`
    }
    case 'audio':
      return `[A sound that is not played: ${named(block.mimeType)}, ${Buffer.byteLength(block.data, 'base64')} bytes.]`
    case 'resource': {
      const { resource } = block
      if ('text' in resource) return `[${named(resource.uri)}]\n${resource.text}`
      const bytes = Buffer.byteLength(resource.blob, 'base64')
      return `[A file that is not shown: ${named(resource.uri)}, ${named(resource.mimeType ?? 'of unknown type')}, ${bytes} bytes.]`
    }
    case 'resource_link': {
      const { uri, name, description } = block
      return `[A link: ${named(name)}, ${named(uri)}${description === undefined ? '' : `: ${description}`}]`
    }
  }
}

const LONGEST_NAMED = 500
const named = (text: string): string =>
  text.length <= LONGEST_NAMED ? text : `${text.slice(0, LONGEST_NAMED).toWellFormed()}...`

/** The longest start of a text of at most `limit` UTF-8 bytes that splits no character. */
const cutUtf8 = (text: string, limit: number): string => {
  const bytes = Buffer.from(text)
  let end = limit
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}
