/** What models' servers send and take on the routes that go through: as far as this server knows it, and open for more. */
import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'

const head = { id: z.string(), created: unixSeconds, model: z.string() }

export const ChatCompletion = z.looseObject({
  ...head,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      message: z.looseObject({ role: z.literal('assistant'), content: z.nullish(z.string()) }),
      finish_reason: z.nullable(z.string()),
    }),
  ),
})

export const ChatCompletionChunk = z.looseObject({
  ...head,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      delta: z.looseObject({ content: z.nullish(z.string()) }),
      finish_reason: z.nullish(z.string()),
    }),
  ),
})

export const SpeechRequest = z.looseObject({
  model: z.string(),
  input: z.string(),
  voice: z.string(),
})

/** The fields beside the file. */
export const TranscriptionFields = z.looseObject({ model: z.string() })

export const Transcription = z.looseObject({ text: z.string() })
