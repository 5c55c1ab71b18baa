/** What a plugin asks the model: every question is a line to the host, every answer a line back. */
import type { AnswerMessage, AskMessage, ModelQuestion } from './protocol.ts'

interface Waiting {
  resolve: (text: string) => void
  reject: (error: Error) => void
}

export class QuestionBridge {
  #nextId = 1
  readonly #waiting = new Map<number, Waiting>()
  readonly #send: (message: AskMessage) => void

  constructor(send: (message: AskMessage) => void) {
    this.#send = send
  }

  /** @param text JSON of a question. @returns JSON of the answer; rejects with the host's sentence. */
  ask = (text: string): Promise<string> => {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#send({ t: 'ask', id, question: JSON.parse(text) as ModelQuestion })
    })
  }

  settle(answer: AnswerMessage): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error !== undefined) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(JSON.stringify(answer.value ?? null))
  }
}
