import path from 'node:path'
import type { Question } from './search-set.ts'

/** A passage as a search gave it. */
export interface RankedPassage {
  filename: string
  text: string
}

/** Where a question's answer came. */
export interface Judged {
  question: Question
  /** 1 for the first passage; Infinity when it was not among them. */
  rank: number
}

/** What many questions came to; shares from 0 to 1, NaN for none. */
export interface Quality {
  questions: number
  /** Share of the questions whose answer stands in one of the first five passages. */
  recall: number
  /** Mean of 1 / rank (MRR). */
  reciprocalRank: number
}

const PLACES = 5

/** A passage answers when it is of the right file and holds the answer whole. */
export const judge = (question: Question, passages: readonly RankedPassage[]): Judged => {
  const place = passages.findIndex(
    ({ filename, text }) =>
      filename === path.basename(question.document) && text.includes(question.answer),
  )
  return { question, rank: place < 0 ? Infinity : place + 1 }
}

export const qualityOf = (judged: readonly Judged[]): Quality => {
  const sum = (value: (rank: number) => number) =>
    judged.reduce((total, { rank }) => total + value(rank), 0)
  return {
    questions: judged.length,
    recall: sum((rank) => (rank <= PLACES ? 1 : 0)) / judged.length,
    reciprocalRank: sum((rank) => 1 / rank) / judged.length,
  }
}
