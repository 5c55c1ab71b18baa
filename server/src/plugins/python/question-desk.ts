/** The host's end of what a plugin asks a model: counts the questions, hands them on, and lets nothing of an inner failure out. */
import type { AnswerMessage, AskMessage } from '@melzi/runner/protocol.ts'
import { AppError } from '../../platform/errors.ts'
import { isTooDeep } from '../json-depth.ts'
import type { AnswerQuestion, Json, ModelQuestion } from './sandbox-driver.ts'

const NO_MODEL = 'No model is set up for this call.'
const FAILED = 'The model could not be asked.'

/** One desk for one call. Never throws: a refusal is an answer. */
export class QuestionDesk {
  readonly #answer: AnswerQuestion | null
  readonly #limit: number
  #count = 0

  /** @param limit questions of the call, `count_token` included */
  constructor(answer: AnswerQuestion | null, limit: number) {
    this.#answer = answer
    this.#limit = limit
  }

  async reply({ id, question }: AskMessage, signal: AbortSignal): Promise<AnswerMessage> {
    const refuse = (error: string): AnswerMessage => ({ t: 'answer', id, error })
    this.#count += 1
    if (this.#count > this.#limit)
      return refuse(`A plugin call may ask ${this.#limit} questions of the model.`)
    if (this.#answer === null) return refuse(NO_MODEL)
    if (isTooDeepToAsk(question)) return refuse('The question is nested too deeply.')
    try {
      return { t: 'answer', id, value: await this.#answer(question, signal) }
    } catch (error) {
      return refuse(error instanceof AppError ? error.message : FAILED)
    }
  }
}

const isTooDeepToAsk = (question: ModelQuestion): boolean =>
  Object.values(question).some((value) => isTooDeep(value as Json))
