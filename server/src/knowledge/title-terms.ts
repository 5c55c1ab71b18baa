import { indexTerms } from './bigrams.ts'

/** Longest title, in UTF-16 units: what is longer is no title but text. */
const MAX_TITLE = 120

/**
 * Terms of a file's name, without its ending, and of the first line of its text. They are indexed with every chunk of the file, since a
 * passage seldom says itself which edition or product it speaks of (docs/search-quality.md).
 */
export const titleTerms = (filename: string, text: string): string[] => {
  const [firstLine = ''] = text.trimStart().slice(0, MAX_TITLE).split('\n')
  return [...indexTerms(filename.replace(/\.\w+$/, '')), ...indexTerms(firstLine)]
}
