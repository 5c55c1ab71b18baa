/** Shorter values are words that stand in any text, and no secrets. */
const SHORTEST = 6

/**
 * Takes a plugin's secrets out of what it says, to whomever: a plugin that prints the address it fetched, or fails with it in its
 * traceback, would put its key into run steps, records and prompts. It is no wall, since a plugin can write a value in any other form.
 * @param made what was made of them and shown to somebody, such as a token or a header; `[secret]` stands for it
 * @returns a copy of any JSON value in which `[secret NAME]` stands for each value, plain, in JSON or percent-encoded
 */
export const secretHider = (
  secrets: Readonly<Record<string, string>>,
  made: readonly string[] = [],
): (<T>(value: T) => T) => {
  const known = [
    ...Object.entries(secrets).map(([name, value]) => ({ value, mark: `[secret ${name}]` })),
    ...made.map((value) => ({ value, mark: '[secret]' })),
  ]
    .filter(({ value }) => value.length >= SHORTEST)
    .flatMap(({ value, mark }) => {
      const inJson = JSON.stringify(value).slice(1, -1)
      const forms = new Set([value, inJson, encodeURIComponent(value.toWellFormed())])
      return [...forms].map((form) => ({ form, mark }))
    })
    .toSorted((a, b) => b.form.length - a.form.length)
  const hide = (value: unknown): unknown => {
    if (typeof value === 'string') return hideIn(value, known)
    if (Array.isArray(value)) return value.map(hide)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [hide(key), hide(inner)]))
  }
  return <T>(value: T): T => (known.length === 0 ? value : (hide(value) as T))
}

/**
 * A mark is never looked at again: it holds a name of the owner's choice, in which other secrets would be found over and over.
 * @param known longest first
 */
const hideIn = (text: string, known: readonly { form: string; mark: string }[]): string => {
  const present = known.filter(({ form }) => text.includes(form))
  if (present.length === 0) return text
  /** Of each place within a match, where that ends; 0 elsewhere. */
  const ends = new Int32Array(text.length)
  const starts: number[] = []
  const marks = new Map<number, string>()
  for (const { form, mark } of present) {
    for (let at = text.indexOf(form); at >= 0;) {
      // Who stands there already is as long or longer, so that it covers the first place or the last.
      const taken = ends[at] || ends[at + form.length - 1] || 0
      if (taken === 0) {
        ends.fill(at + form.length, at, at + form.length)
        starts.push(at)
        marks.set(at, mark)
      }
      at = text.indexOf(form, taken === 0 ? at + form.length : taken)
    }
  }
  const pieces: string[] = []
  let done = 0
  for (const at of new Int32Array(starts).toSorted()) {
    pieces.push(text.slice(done, at), marks.get(at) ?? '')
    done = ends[at] ?? text.length
  }
  return pieces.join('') + text.slice(done)
}
