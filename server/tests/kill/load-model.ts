import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

/** What a client asks for: the first word of its message, with a token of its own after it. */
export type Kind = 'text' | 'client' | 'server'
export const KINDS: readonly Kind[] = ['text', 'client', 'text', 'server', 'client']

/** The answer the model gives in the end, from which the token can be told. */
export const answerTo = (token: string): string => `All of it is done for ${token} and nobody else.`

interface Message {
  role: string
  content?: string | { text?: string }[] | null
}

const textOf = ({ content }: Message): string =>
  typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('')

/** Answers every request by its newest user message, in small pieces with pauses, so that kills meet it in mid-sentence. */
export const startLoadModel = (delayMs: number): Promise<ScriptedModel> =>
  startScriptedModel({
    delayMs,
    handler: ({ body }) => {
      const messages = (body.messages ?? []) as Message[]
      const asked = messages.findLast(({ role }) => role === 'user')
      const [kind, token = ''] = (asked === undefined ? '' : textOf(asked)).split(' ')
      if (messages.at(-1)?.role !== 'tool') {
        if (kind === 'client')
          return { toolCalls: [{ name: 'ask_client', arguments: { token }, pieces: 4 }] }
        if (kind === 'server')
          return {
            text: ['Let me ', 'count.'],
            toolCalls: ['a', 'b'].map((end) => ({
              name: 'counted',
              arguments: { token: `${token}-${end}` },
            })),
          }
      }
      return { text: answerTo(token).split(/(?<= )/) }
    },
  })
