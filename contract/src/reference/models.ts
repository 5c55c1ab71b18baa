import { CreateChatCompletionRequest } from '../chat.ts'
import { ModelList, ModelObject } from '../model.ts'
import {
  ChatCompletion,
  ChatCompletionChunk,
  SpeechRequest,
  Transcription,
  TranscriptionFields,
} from '../passthrough.ts'
import { json, jsonOrEvents, type Operation, type Part } from './operation.ts'

export const modelPart: Part = {
  tag: 'Models',
  description: 'The models this server can ask.',
  operations: [
    {
      id: 'listModels',
      method: 'get',
      path: '/models',
      summary: 'List models',
      description: 'Names and aliases, as `model` takes them.',
      reply: json(ModelList),
      sdk: 'models.list',
    },
    {
      id: 'retrieveModel',
      method: 'get',
      path: '/models/{model}',
      summary: 'Read a model',
      description: 'A name may hold slashes.',
      reply: json(ModelObject),
      sdk: 'models.retrieve',
    },
  ],
  schemas: { ModelList, ModelObject },
}

const chat: Operation = {
  id: 'createChatCompletion',
  method: 'post',
  path: '/chat/completions',
  summary: 'Ask a model',
  description:
    'Without assistant or thread. Where the model’s server speaks this wire, the request goes through as it came and the answer comes back as it is; other models take the settings named here. With `"stream": true` the answer comes in chunks.',
  body: {
    type: 'json',
    schema: CreateChatCompletionRequest,
    example: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Good morning!' }] },
  },
  reply: jsonOrEvents(ChatCompletion, ChatCompletionChunk),
  nameless: true,
  errors: [404, 429, 502],
  sdk: 'chat.completions.create',
}

const speech: Operation = {
  id: 'createSpeech',
  method: 'post',
  path: '/audio/speech',
  summary: 'Turn text into speech',
  description: 'Goes through to the model’s server, where one that speaks this wire is configured.',
  body: {
    type: 'json',
    schema: SpeechRequest,
    example: { model: 'tts-1', input: 'Good morning!', voice: 'alloy' },
  },
  reply: { 'audio/mpeg': null },
  savedAs: 'speech.mp3',
  errors: [404, 429, 502],
  sdk: 'audio.speech.create',
}

const transcription: Operation = {
  id: 'createTranscription',
  method: 'post',
  path: '/audio/transcriptions',
  summary: 'Turn speech into text',
  description: 'Goes through to the model’s server, where one that speaks this wire is configured.',
  body: {
    type: 'form',
    schema: TranscriptionFields,
    file: { field: 'file', sample: 'meeting.mp3' },
    example: { model: 'whisper-1' },
  },
  reply: json(Transcription),
  errors: [404, 429, 502],
  sdk: 'audio.transcriptions.create',
}

/** As Azure has it: the model is named in the path, and the body need not name it. */
const atDeployment = ({ sdk: _sdk, ...operation }: Operation): Operation => ({
  ...operation,
  id: `${operation.id}AtDeployment`,
  path: `/deployments/{deployment}${operation.path}`,
  place: 'azure',
})

export const passthroughPart: Part = {
  tag: 'Pass-through',
  description: 'Requests to models outside of any assistant.',
  operations: [
    chat,
    speech,
    transcription,
    atDeployment(chat),
    atDeployment(speech),
    atDeployment(transcription),
  ],
  schemas: { ChatCompletion, ChatCompletionChunk, CreateChatCompletionRequest },
}
