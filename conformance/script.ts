import type { ServerResponse } from 'node:http'
import type { ChatBody } from '../server/tests/support/scripted-auto.ts'
import { startScriptedModel } from '../server/tests/support/scripted-model.ts'
import type { ScriptedTurn } from '../server/tests/support/scripted-turn.ts'

/** The model behind a booted server: what it says next is written by the row that asks. */

export type Turn = ScriptedTurn | ((body: ChatBody) => ScriptedTurn)

export interface Script extends AsyncDisposable {
  readonly url: string
  push(...turns: Turn[]): void
  /** Forgets what was not said. */
  clear(): void
  /** How often it was asked. */
  readonly asked: number
  /** Waits until it was asked so often. @throws Error after 5 s */
  waitFor(count: number): Promise<void>
}

export const startScript = async (): Promise<Script> => {
  const turns: Turn[] = []
  const model = await startScriptedModel({
    auto: true,
    handler: ({ body }) => {
      const turn = turns.shift()
      return typeof turn === 'function' ? turn(body) : turn
    },
  })
  return {
    url: model.url,
    push: (...more) => {
      turns.push(...more)
    },
    clear: () => {
      turns.length = 0
    },
    get asked() {
      return model.requests.length
    },
    waitFor: async (count) => {
      await model.waitForRequests(count)
    },
    [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
  }
}

/** Calls the tool that is not the client's, with this text wherever it takes one. */
export const useBuiltIn =
  (text: string) =>
  ({ tools = [] }: ChatBody): ScriptedTurn => {
    const fn = tools.map((tool) => tool.function).find(({ name }) => name !== 'unit_price')
    if (fn === undefined)
      return { status: 400, body: { error: { message: 'the model was offered no built-in tool' } } }
    const properties = Object.entries(fn.parameters?.properties ?? {})
    const required = fn.parameters?.required ?? properties.map(([name]) => name)
    const wanted = properties.filter(([name]) => required.includes(name))
    const value = (type: string | undefined) =>
      type === 'array' ? [text] : type === 'string' ? text : 1
    const args = Object.fromEntries(wanted.map(([name, { type }]) => [name, value(type)]))
    return { toolCalls: [{ name: fn.name, arguments: args }] }
  }

/** Repeats the first marker a tool showed it, in pieces as models send it. */
export const cite = ({ messages = [] }: ChatBody): ScriptedTurn => {
  const shown = JSON.stringify(messages.filter(({ role }) => role === 'tool'))
  const [, marks = '4:0', name = 'harbour.txt'] = /【([^†】]+)†([^】]+)】/.exec(shown) ?? []
  return { text: ['The clock is blue【', `${marks}†`, `${name}】`, '.'] }
}

/** What a voice server answers: enough for speech and transcription. */
export const answerVoice = (url: string, response: ServerResponse): void => {
  if (url.endsWith('/audio/speech')) {
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(Buffer.alloc(2_000, 7))
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"hello"}')
}
