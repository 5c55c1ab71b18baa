import type { ModelRequest, PromptFunction } from '../language-model.ts'
import { asksForCode } from './demo-code.ts'
import { lacksNumbers } from './fill-arguments.ts'
import { spacedName, tellingWords } from './words.ts'

/** A word of the function's name tells more than one of its description. */
const NAME_WEIGHT = 2
const ENOUGH = 2

const score = (message: Set<string>, fn: PromptFunction): number => {
  const name = tellingWords(spacedName(fn.name))
  const rest = tellingWords(
    `${fn.description ?? ''} ${JSON.stringify(fn.parameters['properties'] ?? {})}`,
  )
  let sum = 0
  for (const word of message) {
    if (name.has(word)) sum += NAME_WEIGHT
    else if (rest.has(word)) sum += 1
  }
  return sum
}

/** True when the text names the function as a whole word. */
const isNamed = (text: string, fn: PromptFunction): boolean => {
  const at = text.toLowerCase().indexOf(fn.name.toLowerCase())
  if (at < 0 || fn.name.length < 4) return false
  const around = `${text[at - 1] ?? ' '}${text[at + fn.name.length] ?? ' '}`
  return !/[a-z0-9_-]/i.test(around)
}

const QUESTION =
  /[?？]|\b(?:how|what|when|where|which|who|why)\b|什麼|甚麼|多少|如何|怎麼|為何|哪|誰|幾|嗎/i

/** A question that no other function answers may be answered by the files there are. */
const searchedFor = (text: string, functions: readonly PromptFunction[]): PromptFunction[] =>
  QUESTION.test(text) ? functions.filter(({ name }) => /(?:^|_)file_search$/.test(name)) : []

/** Its name and description share words with messages that Python has no answer to. */
const isInterpreter = ({ name }: PromptFunction): boolean => /(?:^|_)code_interpreter$/.test(name)

/**
 * The functions a user's text asks for: those it names, else Python for code, charts and sums, else the one whose name, description and parameters share most words with
 * it. `tool_choice` rules: none never calls, required always does, a named function is taken as it is.
 */
export const chooseFunctions = (
  text: string,
  request: Pick<ModelRequest, 'functions' | 'toolChoice' | 'parallelToolCalls'>,
): PromptFunction[] => {
  const { functions, toolChoice } = request
  if (functions.length === 0 || toolChoice === 'none') return []
  if (typeof toolChoice === 'object') {
    const forced = toolChoice.type === 'function' ? toolChoice.function.name : null
    return functions.filter((fn) => fn.name === forced)
  }
  const named = functions.filter((fn) => isNamed(text, fn))
  if (named.length > 0) return request.parallelToolCalls ? named : named.slice(0, 1)
  const interpreter = functions.filter(isInterpreter)
  if (interpreter.length > 0 && asksForCode(text)) return interpreter
  const message = tellingWords(text)
  const others = functions.filter((fn) => !isInterpreter(fn))
  const ranked = (others.length > 0 ? others : functions)
    .map((fn) => ({ fn, score: score(message, fn) }))
    .toSorted((a, b) => b.score - a.score)
  const best = ranked[0]
  if (best === undefined) return []
  const isAsked =
    !isInterpreter(best.fn) && best.score >= ENOUGH && !lacksNumbers(text, best.fn.parameters)
  if (isAsked || toolChoice === 'required') return [best.fn]
  return searchedFor(text, functions)
}
