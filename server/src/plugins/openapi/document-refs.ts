import { isObject, type JsonObject } from '../manifest-fields.ts'
import { DocumentError } from './document-error.ts'

const LONGEST_CHAIN = 50
const NOTHING: readonly string[] = []

/**
 * References within a document (`#/components/schemas/Pet`). Nothing is fetched and no file is read: a reference to anything else is an
 * error where it is followed. References are followed one at a time and only where they are needed: a document as a whole may unfold to
 * more than any machine holds.
 */
export class DocumentRefs {
  readonly #document: JsonObject
  /** What each reference that was followed led to. */
  readonly #known = new Map<string, unknown>()

  constructor(document: JsonObject) {
    this.#document = document
  }

  /**
   * An object that may be a reference, and what it refers to. Other keys beside `$ref` win over those of the target (3.1).
   * @returns null where there is no object
   * @throws DocumentError for a reference to another document, to nothing, or in a circle of references only
   */
  follow(value: unknown): { object: JsonObject; trail: readonly string[] } | null {
    if (!isObject(value)) return null
    if (typeof value.$ref !== 'string') return { object: value, trail: NOTHING }
    const trail: string[] = []
    let object: unknown = value
    let beside: JsonObject = {}
    while (isObject(object) && typeof object.$ref === 'string') {
      const { $ref, ...rest } = object
      if (trail.includes($ref) || trail.length >= LONGEST_CHAIN)
        throw new DocumentError(`The document's reference '${short($ref)}' leads back to itself.`)
      trail.push($ref)
      if (Object.keys(rest).length > 0) beside = { ...rest, ...beside }
      object = this.#at($ref)
    }
    if (!isObject(object)) return null
    return { object: Object.keys(beside).length === 0 ? object : { ...object, ...beside }, trail }
  }

  /** {@link follow} for places where only the object counts. */
  object(value: unknown): JsonObject | null {
    return this.follow(value)?.object ?? null
  }

  #at(ref: string): unknown {
    if (!this.#known.has(ref)) this.#known.set(ref, this.#find(ref))
    return this.#known.get(ref)
  }

  #find(ref: string): unknown {
    if (ref !== '#' && !ref.startsWith('#/')) {
      throw new DocumentError(
        `The document refers to another document ('${short(ref)}'), and such references are not followed. Bundle the parts into one document.`,
      )
    }
    let place: unknown = this.#document
    for (const part of ref.split('/').slice(1)) {
      const key = unescapePart(part)
      const isThere = typeof place === 'object' && place !== null && Object.hasOwn(place, key)
      if (!isThere)
        throw new DocumentError(`The document's reference '${short(ref)}' leads nowhere.`)
      place = (place as Record<string, unknown>)[key]
    }
    return place
  }
}

const short = (ref: string) => ref.slice(0, 200)

/** RFC 6901, in a URI fragment. */
const unescapePart = (part: string): string => {
  let plain = part
  try {
    plain = decodeURIComponent(part)
  } catch {
    // A lone percent sign is part of the key.
  }
  return plain.replaceAll('~1', '/').replaceAll('~0', '~')
}
