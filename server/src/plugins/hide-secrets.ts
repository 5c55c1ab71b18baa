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

/** A mark is never looked at again: it holds a name of the owner's choice, in which other secrets would be found over and over. */
const hideIn = (text: string, known: readonly { form: string; mark: string }[]): string => {
  const present = known.filter(({ form }) => text.includes(form))
  if (present.length === 0) return text
  let pieces = [{ text, isMark: false }]
  for (const { form, mark } of present) {
    pieces = pieces.flatMap((piece) =>
      piece.isMark || !piece.text.includes(form)
        ? [piece]
        : piece.text
            .split(form)
            .flatMap((between, index) => [
              ...(index === 0 ? [] : [{ text: mark, isMark: true }]),
              { text: between, isMark: false },
            ]),
    )
  }
  return pieces.map((piece) => piece.text).join('')
}
