import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { referenceDocument } from '@melzi/contract/reference/document.ts'
import { referencePage } from './page.ts'
import type { Locale } from './words.ts'

/** Stands in what is kept for the origin that each request came to. */
const PLACEHOLDER = 'http://origin.invalid'
/** The base that the page shows: DaVinci's own (behaviour.md 0 row 1). */
const PAGE_PREFIX = '/api/assts/v1'
/** Under this one models are named in paths too (behaviour.md 15). */
const AZURE_PREFIX = '/openai'
const PACKAGE = new URL('../../../package.json', import.meta.url)
/** What an origin is made of; whoever sends anything else gets addresses without one. */
const ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/[\w./~-]*)?$/i

/** @param origin '' leaves paths alone, the root as a slash */
const place = (text: string, origin: string): string =>
  (origin === '' ? text.replaceAll(`"${PLACEHOLDER}"`, '"/"') : text).replaceAll(
    PLACEHOLDER,
    origin,
  )

export interface ReferenceText {
  text: string
  /** An entity tag of exactly this text. */
  etag: string
}

export type ReferenceService = ReturnType<typeof createReferenceService>

/** The API reference: each text is made once, when it is first asked for, and then only told where it is. */
export const createReferenceService = () => {
  const kept = new Map<string, Promise<string>>()
  const keep = (name: string, make: () => Promise<string>): Promise<string> => {
    const known = kept.get(name) ?? make()
    kept.set(name, known)
    return known
  }

  const makeDocument = async (prefix: string) => {
    const { version } = JSON.parse(await readFile(PACKAGE, 'utf8')) as { version: string }
    const azure = prefix === AZURE_PREFIX
    return referenceDocument({ baseUrl: PLACEHOLDER + prefix, version, azure })
  }

  const at = async (origin: string, text: Promise<string>): Promise<ReferenceText> => {
    const placed = place(await text, ORIGIN.test(origin) ? origin : '')
    return { text: placed, etag: `"${createHash('sha256').update(placed).digest('base64url')}"` }
  }

  return {
    /** The OpenAPI document of one prefix, as JSON. @param origin `https://host`, without a slash at its end */
    document: (origin: string, prefix: string): Promise<ReferenceText> =>
      at(
        origin,
        keep(`document ${prefix}`, async () => JSON.stringify(await makeDocument(prefix))),
      ),

    /** The page, as HTML. @param origin as of {@link document} */
    page: (origin: string, locale: Locale): Promise<ReferenceText> =>
      at(
        origin,
        keep(`page ${locale}`, async () => referencePage(await makeDocument(PAGE_PREFIX), locale)),
      ),
  }
}
