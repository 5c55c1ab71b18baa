import type { JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'
import type { ParameterPlace, ParameterStyle, Serialization } from './document-plan.ts'

/** Styles a parameter may have in its place; the first is the usual one. */
const STYLES: Readonly<Record<ParameterPlace, readonly ParameterStyle[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
}
/** Style and explode as the specification fills them in. */
export const serializationOf = (given: JsonObject, place: ParameterPlace): Serialization => {
  const style = STYLES[place].find((one) => one === given.style) ?? STYLES[place][0] ?? 'form'
  const explode: Json = given.explode ?? (style === 'form' || style === 'deepObject')
  return { style, explode: explode === true, asJson: false }
}
