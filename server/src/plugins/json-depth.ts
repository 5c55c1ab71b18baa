import type { Json } from './python/sandbox-driver.ts'

/** Levels of arrays and objects that JSON from outside may have: enough for people, too few for the stack of JSON.stringify. */
export const DEEPEST_JSON = 100

/** Whether arrays and objects lie within each other more than {@link DEEPEST_JSON} levels deep. Never recurses. */
export const isTooDeep = (value: Json): boolean => {
  let level: Json[] = [value]
  for (let depth = 0; ; depth += 1) {
    const inner: Json[] = []
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue
      if (depth === DEEPEST_JSON) return true
      for (const child of Array.isArray(one) ? one : Object.values(one)) inner.push(child)
    }
    if (inner.length === 0) return false
    level = inner
  }
}
