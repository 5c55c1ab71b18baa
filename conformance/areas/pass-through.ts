import assert from 'node:assert/strict'
import { fileForm } from '../../server/tests/support/factories.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 1 and 2: routes that are handed on to the model's server. */
const { rows, good, error, stream } = rowsOf('pass-through')
export const passThroughRows = rows

const messages = [{ role: 'user', content: 'Say hello.' }]
interface Completion {
  object: string
  choices: { message: { role: string; content: string | null } }[]
}

/** A tenth of a second of silence as WAV. */
const silence = (): Uint8Array<ArrayBuffer> => {
  const [rate, samples] = [8_000, 800]
  const view = new DataView(new ArrayBuffer(44 + samples * 2))
  const text = (at: number, value: string) =>
    [...value].forEach((char, i) => view.setUint8(at + i, char.charCodeAt(0)))
  text(0, 'RIFF')
  view.setUint32(4, 36 + samples * 2, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, samples * 2, true)
  return new Uint8Array(view.buffer)
}

good('createChatCompletion', 'an answer', 'D', async ({ api, model }) => {
  const reply = await api.post<Completion>('/chat/completions', { model, messages })
  assert.equal(reply.object, 'chat.completion')
  assert.equal(reply.choices[0]?.message.role, 'assistant')
})
stream('createChatCompletion', 'a stream of chunks that ends with [DONE]', 'D', async (bench) => {
  const { api, model } = bench
  const body = { model, messages, stream: true }
  const response = await api.fetch('POST', '/chat/completions', { body })
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const blocks = (await response.text()).split('\n\n').filter((block) => block.startsWith('data: '))
  assert.equal(blocks.at(-1), 'data: [DONE]')
  for (const block of blocks.slice(0, -1)) {
    const chunk = JSON.parse(block.slice('data: '.length)) as { object: string }
    assert.equal(chunk.object, 'chat.completion.chunk')
  }
})
good('createChatCompletion', 'tools', 'D', async (bench) => {
  bench.says({ toolCalls: [{ name: 'f', arguments: { a: 1 } }] })
  const reply = await bench.api.post<{
    choices: { message: { tool_calls?: { function: { name: string } }[] } }[]
  }>('/chat/completions', {
    model: bench.model,
    messages,
    tools: [
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ],
    tool_choice: 'required',
  })
  assert.equal(reply.choices[0]?.message.tool_calls?.[0]?.function.name, 'f')
})
good(
  'createSpeech',
  'bytes of sound',
  'D',
  async ({ api, target }) => {
    const body = { model: target.speechModel, input: 'Hello.', voice: 'alloy' }
    const reply = await api.fetch('POST', '/audio/speech', { body })
    assert.equal(reply.status, 200, await reply.clone().text())
    assert.ok((await reply.arrayBuffer()).byteLength > 1_000)
  },
  'a speech model',
)
good(
  'createTranscription',
  'text of sound',
  'D',
  async ({ api, target }) => {
    const body = fileForm(silence(), 'silence.wav', { model: target.transcriptionModel ?? '' })
    const reply = await api.call<{ text: string }>('POST', '/audio/transcriptions', body)
    assert.equal(typeof reply.text, 'string')
  },
  'a transcription model',
)

for (const [operation, path, fields] of [
  ['createChatCompletion', '/chat/completions', { messages }],
  ['createSpeech', '/audio/speech', { input: 'x', voice: 'alloy' }],
] as const)
  error(operation, 'a model that does not exist', 'R', async ({ api }) => {
    const body = { model: 'no-such-model-here', ...fields }
    const message = "The model 'no-such-model-here' does not exist"
    const refusal = { status: 404, message, code: 'model_not_found' }
    await api.refused('POST', path, { body }, refusal)
  })
error('createTranscription', 'model is missing', 'T', async ({ api }) => {
  const body = fileForm(silence(), 'silence.wav', {})
  const refusal = { status: 400, param: 'model', code: 'missing_required_parameter' }
  await api.refused('POST', '/audio/transcriptions', { body }, refusal)
})
error('createTranscription', 'a model that does not exist', 'R', async ({ api }) => {
  const body = fileForm(silence(), 'silence.wav', { model: 'no-such-model-here' })
  const refusal = { status: 404, code: 'model_not_found' }
  await api.refused('POST', '/audio/transcriptions', { body }, refusal)
})
