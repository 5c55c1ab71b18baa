import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AzureOpenAI } from 'openai'
import { AzureOpenAI as AzureOpenAI4 } from 'openai-v4'
import { AzureOpenAI as AzureOpenAI5 } from 'openai-v5'
import { AzureOpenAI as AzureOpenAI6 } from 'openai-v6'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { checkedFetch } from '../support/factories.ts'
import { sendJson, startModelServer, type ModelServer } from '../support/model-server.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 15: what the Azure clients of the SDK do, at `/openai/…` with `api-key` and `api-version`.
const SOUND = new Uint8Array([1, 2, 3])
// The classes differ in private parts only; the suite touches what they share.
const CLIENTS = {
  4: AzureOpenAI4 as unknown as typeof AzureOpenAI,
  5: AzureOpenAI5 as unknown as typeof AzureOpenAI,
  6: AzureOpenAI6 as unknown as typeof AzureOpenAI,
  7: AzureOpenAI,
}

describe('Azure clients', () => {
  let model: ScriptedModel
  let sound: ModelServer
  let server: BootedServer

  before(async () => {
    model = await startScriptedModel()
    sound = await startModelServer((request, response) => {
      if (request.path.startsWith('/v1/audio/speech'))
        response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(SOUND)
      else sendJson(response, 200, { text: 'spoken' })
    })
    server = await bootServer({ model: { url: model.url } })
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await sound?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const clientOf = (Client: typeof AzureOpenAI, at: BootedServer = server) =>
    new Client({
      endpoint: at.origin,
      apiKey: at.apiKey,
      apiVersion: '2024-05-01-preview',
      maxRetries: 0,
      fetch: checkedFetch(`${at.origin}/openai`),
    })

  for (const [version, Client] of Object.entries(CLIENTS)) {
    it(`openai ${version}: assistants, threads, runs, streams`, async () => {
      const client = clientOf(Client)
      const assistant = await client.beta.assistants.create({ model: 'scripted', name: 'Azure' })
      assert.equal((await client.beta.assistants.retrieve(assistant.id)).name, 'Azure')
      const listed: string[] = []
      for await (const { id } of client.beta.assistants.list()) listed.push(id)
      assert.ok(listed.includes(assistant.id))
      const thread = await client.beta.threads.create({
        messages: [{ role: 'user', content: 'hello' }],
      })
      model.push({ text: 'polled' }, { text: ['str', 'eamed'] })
      const run = await client.beta.threads.runs.createAndPoll(
        thread.id,
        { assistant_id: assistant.id },
        { pollIntervalMs: 20 },
      )
      assert.equal(run.status, 'completed')
      let text = ''
      const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id })
      stream.on('textDelta', (delta) => (text += delta.value ?? ''))
      const [message] = await stream.finalMessages()
      assert.equal(text, 'streamed')
      assert.equal(message?.role, 'assistant')
      await assert.rejects(client.beta.assistants.retrieve('asst_none'), { status: 404 })
    })

    it(`openai ${version}: chat completions of a deployment`, async () => {
      model.push({ text: 'whole' }, { text: ['in ', 'pieces'] })
      const chat = { model: 'any-deployment', messages: [{ role: 'user' as const, content: 'hi' }] }
      const client = clientOf(Client)
      const answer = await client.chat.completions.create(chat)
      assert.equal(answer.choices[0]?.message.content, 'whole')
      assert.equal(model.requests.at(-1)?.body.model, 'scripted')
      let text = ''
      for await (const chunk of await client.chat.completions.create({ ...chat, stream: true }))
        text += chunk.choices[0]?.delta.content ?? ''
      assert.equal(text, 'in pieces')
    })
  }

  it('audio of a deployment', async () => {
    await using audio = await bootServer({ model: { url: `${sound.origin}/v1` } })
    for (const Client of Object.values(CLIENTS)) {
      const client = new Client({
        endpoint: audio.origin,
        apiKey: audio.apiKey,
        apiVersion: '2024-10-21',
        maxRetries: 0,
      })
      const speech = await client.audio.speech.create({ model: 'tts', input: 'hi', voice: 'alloy' })
      assert.deepEqual(new Uint8Array(await speech.arrayBuffer()), SOUND)
      assert.equal(sound.lastJson()['model'], 'scripted')
      const file = new File([SOUND], 'a.wav', { type: 'audio/wav' })
      const heard = await client.audio.transcriptions.create({ model: 'stt', file })
      assert.equal(heard.text, 'spoken')
    }
    assert.equal(sound.requests.length, 2 * Object.keys(CLIENTS).length)
  })

  it('takes the newer prefix, and refuses a wrong key as everywhere', async () => {
    const path = '/openai/v1/threads?api-version=preview'
    const good = await fetch(server.origin + path, { headers: { 'api-key': server.apiKey } })
    assert.equal(good.status, 200)
    const bad = await fetch(server.origin + path, { headers: { 'api-key': 'nope' } })
    assert.equal(bad.status, 401)
    const none = await fetch(`${server.origin}/openai/deployments/x/chat/completions`, {
      method: 'POST',
    })
    assert.equal(none.status, 401)
    const absent = await fetch(`${server.origin}/v1/deployments/x/chat/completions`, {
      method: 'POST',
      headers: { 'api-key': server.apiKey },
    })
    assert.equal(absent.status, 404)
  })
})
