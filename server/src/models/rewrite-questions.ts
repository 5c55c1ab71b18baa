import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../platform/log.ts'
import type { LanguageModel, ModelRequest } from './language-model.ts'

/** A search waits no longer for its question, ms. */
const LIMIT_MS = 5_000
/** Of each question that comes back, in characters; a longer one is an answer and no query. */
const MAX_QUERY = 500
/** Room to think for models that do. */
const MAX_TOKENS = 1_000

const INSTRUCTIONS =
  'You turn questions into search queries for a collection of documents. For each line you get, write one line: the words a document that ' +
  'answers it would contain, in the language of the question, with names, numbers and terms unchanged, and without politeness, ' +
  'filler and numbering. Never answer the question. Write nothing but the queries, in the same order.'

const requestFor = (model: string, questions: readonly string[]): ModelRequest => ({
  model,
  messages: [
    { role: 'system', text: INSTRUCTIONS },
    { role: 'user', parts: [{ type: 'text', text: questions.map(inOneLine).join('\n') }] },
  ],
  functions: [],
  toolChoice: 'none',
  parallelToolCalls: false,
  temperature: null,
  topP: null,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens: MAX_TOKENS,
})

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** @returns null when it is not one usable query for each question */
const readQueries = (text: string, count: number): string[] | null => {
  const lines = text
    .split('\n')
    .map((line) => line.trim().replaceAll(/^["'「『]+|["'」』]+$/g, ''))
    .filter((line) => line !== '')
  const usable = lines.length === count && lines.every((line) => line.length <= MAX_QUERY)
  return usable ? lines : null
}

const answerOf = async (
  model: LanguageModel,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<string> => {
  let text = ''
  for await (const part of model.stream(request, signal)) {
    if (part.type === 'text') text += part.delta
    if (part.type === 'refusal') return ''
    if (text.length > MAX_QUERY * 40) return ''
  }
  return text
}

/**
 * Has a model rewrite questions into search queries, all in one short call. When the model fails, takes longer than 5 s, or writes something
 * else, the questions stay as they are: a search does not fail for want of a better question.
 * @param model answers under `name`
 */
export const rewriteQuestions = async (
  { model, name, log, limitMs = LIMIT_MS }: RewriteDeps,
  questions: readonly string[],
): Promise<readonly string[]> => {
  const limit = new AbortController()
  try {
    const text = await Promise.race([
      answerOf(model, requestFor(name, questions), limit.signal),
      // Also for a model that does not heed its signal.
      sleep(limitMs, null, { signal: limit.signal }),
    ])
    if (text === null) log.info({ limitMs }, 'a question was not rewritten in time')
    return (text === null ? null : readQueries(text, questions.length)) ?? questions
  } catch (error) {
    log.warn({ err: error }, 'a question could not be rewritten; it is searched as it is')
    return questions
  } finally {
    limit.abort()
  }
}

export interface RewriteDeps {
  model: LanguageModel
  name: string
  log: Pick<Logger, 'info' | 'warn'>
  limitMs?: number
}
