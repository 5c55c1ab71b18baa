import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** The labelled set by which search is judged: our own documents in two languages, and questions whose answers stand in them. */

const FOLDER = path.join(import.meta.dirname, 'search-set')

export const LANGUAGES = ['en', 'zh-TW'] as const
/**
 * keyword: in the document's own words. paraphrase: in others. number: codes, amounts, telephone numbers. two-character: one Chinese word of two characters and
 * nothing else. confusable: another document answers the same question differently.
 */
export const KINDS = ['keyword', 'paraphrase', 'number', 'two-character', 'confusable'] as const

export interface Question {
  question: string
  language: (typeof LANGUAGES)[number]
  kind: (typeof KINDS)[number]
  /** The file that answers, such as `en/pool-rules.md`. */
  document: string
  /** Stands word for word in that file, and must stand in the passage that is found. */
  answer: string
  /** Settings were chosen by every second question (`tune`); the others were left alone until then (`judge`). */
  half: 'tune' | 'judge'
}

export interface SearchSet {
  documents: { name: string; text: string }[]
  questions: Question[]
}

/** The whole set, documents in the order of their names. */
export const readSearchSet = async (): Promise<SearchSet> => {
  const names: string[] = []
  for (const folder of ['en', 'zh'])
    for (const name of await readdir(path.join(FOLDER, folder))) names.push(`${folder}/${name}`)
  const documents = await Promise.all(
    names
      .toSorted()
      .map(async (name) => ({ name, text: await readFile(path.join(FOLDER, name), 'utf8') })),
  )
  const lines = (await readFile(path.join(FOLDER, 'questions.jsonl'), 'utf8')).trim().split('\n')
  const questions = lines.map((line, index): Question => ({
    ...(JSON.parse(line) as Omit<Question, 'half'>),
    half: index % 2 === 0 ? 'tune' : 'judge',
  }))
  return { documents, questions }
}
