/**
 * What the house's own checks need to know of a TypeScript file: its text without comments and string contents, and its imports.
 * TypeScript 7 has no JavaScript API, and a lexer of this size reads the whole tree in a few milliseconds.
 */

export interface Import {
  specifier: string
  /** Counted from 1. */
  line: number
}

/** The source with comments blanked, and with string contents blanked too unless `keepStrings`. Lines and columns stay. */
export const maskSource = (source: string, { keepStrings = false } = {}): string => {
  const out = source.split('')
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' '
  }
  // One entry for each `${` we are inside of: how many braces are open in it.
  const templates: number[] = []
  let i = 0
  const template = (from: number): number => {
    let at = from
    while (
      at < source.length &&
      source[at] !== '`' &&
      !(source[at] === '$' && source[at + 1] === '{')
    )
      at += source[at] === '\\' ? 2 : 1
    if (!keepStrings) blank(from, at)
    if (source[at] !== '$') return at + 1
    templates.push(0)
    return at + 2
  }
  while (i < source.length) {
    const c = source[i]
    if (c === '/' && (source[i + 1] === '/' || source[i + 1] === '*')) {
      const line = source[i + 1] === '/'
      const end = source.indexOf(line ? '\n' : '*/', i + 2)
      const to = end < 0 ? source.length : line ? end : end + 2
      blank(i, to)
      i = to
    } else if (c === "'" || c === '"') {
      let to = i + 1
      while (to < source.length && source[to] !== c && source[to] !== '\n')
        to += source[to] === '\\' ? 2 : 1
      if (!keepStrings) blank(i + 1, to)
      i = to + 1
    } else if (c === '`') {
      i = template(i + 1)
    } else if (c === '/' && startsRegExp(source, i)) {
      const to = endOfRegExp(source, i)
      if (!keepStrings) blank(i + 1, to - 1)
      i = to
    } else if (templates.length > 0 && (c === '{' || c === '}')) {
      const open = templates.pop() ?? 0
      if (c === '}' && open === 0) i = template(i + 1)
      else {
        templates.push(open + (c === '{' ? 1 : -1))
        i++
      }
    } else i++
  }
  return out.join('')
}

/** A slash begins a regular expression where an operand is due. */
const startsRegExp = (source: string, at: number): boolean => {
  const before = source.slice(Math.max(0, at - 40), at).trimEnd()
  return (
    before === '' ||
    /[(,=:[!&|?{};+*%~^<>-]$|\b(?:return|typeof|case|in|of|do|else|await|yield|void)$/.test(before)
  )
}

const endOfRegExp = (source: string, from: number): number => {
  let inClass = false
  for (let i = from + 1; i < source.length; i++) {
    const c = source[i]
    if (c === '\\') i++
    else if (c === '\n') return i
    else if (c === '[') inClass = true
    else if (c === ']') inClass = false
    else if (c === '/' && !inClass) return i + 1
  }
  return source.length
}

const FROM =
  /(?:^|[;}\n])[ \t]*(import|export)\b(?:\s*[\w$*{][^'"`;()]*?\bfrom)?\s*(['"])([^'"\n]+)\2/g
const CALL = /\b(?:import|require)\s*\(\s*(['"])([^'"\n]+)\1/g

/** Every import and re-export of a file, static and dynamic, in order of appearance. */
export const importsOf = (source: string): Import[] => {
  const text = maskSource(source, { keepStrings: true })
  const code = maskSource(source)
  const lineOf = (at: number) => text.slice(0, at).split('\n').length
  const found: (Import & { at: number })[] = []
  for (const match of text.matchAll(FROM)) {
    const at = match.index + match[0].search(/import|export/)
    // A keyword that is blank in the code was inside a string.
    if (code.slice(at, at + 6) !== match[1]) continue
    found.push({ specifier: match[3] ?? '', line: lineOf(at), at })
  }
  for (const match of text.matchAll(CALL)) {
    if (code[match.index] === ' ') continue
    found.push({ specifier: match[2] ?? '', line: lineOf(match.index), at: match.index })
  }
  return found.toSorted((a, b) => a.at - b.at).map(({ specifier, line }) => ({ specifier, line }))
}
