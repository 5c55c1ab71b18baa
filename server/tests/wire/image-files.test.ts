import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { MessageObject } from '@melzi/contract/message.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

const BASE64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg=='
const PICTURE = Buffer.from(BASE64, 'base64')

// behaviour.md 6.
describe('files as pictures in messages', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const part = (file_id: string, detail?: string) => ({
    type: 'image_file',
    image_file: { file_id, ...(detail === undefined ? {} : { detail }) },
  })
  const say = (threadId: string, ...content: object[]) =>
    api.post<MessageObject>(`/threads/${threadId}/messages`, { role: 'user', content })
  const ask = async (threadId: string) => {
    model.push({ text: 'seen' })
    const { id } = await api.assistant()
    assert.equal((await api.settled(await api.run(threadId, id))).status, 'completed')
    return JSON.stringify(model.requests.at(-1)?.body.messages)
  }

  it('are echoed as sent, and given to the model', async () => {
    const [vision, assistants] = [
      await api.file(PICTURE, 'a.png'),
      await api.file(PICTURE, 'a.png', { purpose: 'assistants' }),
    ]
    const thread = await api.thread()
    const content = [part(vision.id, 'low'), part(assistants.id)]
    const made = await say(thread.id, ...content)
    assert.deepEqual(made.content, content)
    assert.deepEqual((await api.messages(thread.id))[0]?.content, content)
    const sent = await ask(thread.id)
    assert.equal(sent.split(`"data:image/png;base64,${BASE64}"`).length - 1, 2)
    assert.match(sent, /"detail":"low"/)
  })

  it('may come with the thread and with the run', async () => {
    const file = await api.file(PICTURE, 'a.png')
    const message = { role: 'user', content: [part(file.id, 'high')] }
    const { id } = await api.post<{ id: string }>('/threads', { messages: [message] })
    assert.deepEqual((await api.messages(id))[0]?.content, message.content)
    model.push({ text: 'seen' })
    const assistant = await api.assistant()
    const run = await api.run(id, assistant.id, { additional_messages: [message] })
    assert.equal((await api.settled(run)).status, 'completed')
    const sent = JSON.stringify(model.requests.at(-1)?.body.messages)
    assert.equal(sent.split(BASE64).length - 1, 2)
  })

  it('may be deleted: the message stays, the model is told', async () => {
    const file = await api.file(PICTURE, 'a.png')
    const thread = await api.thread()
    const made = await say(thread.id, part(file.id))
    await api.delete(`/files/${file.id}`)
    assert.deepEqual(await api.get(`/threads/${thread.id}/messages/${made.id}`), made)
    assert.match(await ask(thread.id), /an image that has been deleted/)
  })

  it('must be there, one’s own, for this purpose, and pictures', async () => {
    const thread = await api.thread()
    const path = `/threads/${thread.id}/messages`
    const refused = (fileId: string, refusal: Parameters<Api['refused']>[3]) =>
      api.refused('POST', path, { role: 'user', content: [part(fileId)] }, refusal)
    const missing = (id: string) => ({
      status: 404,
      message: `No such File object: ${id}`,
      param: 'id',
    })
    await refused('file-none', missing('file-none'))
    const other = new Api(await server.keyOf('Other'))
    const foreign = await other.file(PICTURE, 'a.png')
    await refused(foreign.id, missing(foreign.id))
    const param = 'image_file.file_id'
    const batch = await api.file(PICTURE, 'a.png', { purpose: 'batch' })
    await refused(batch.id, { status: 400, param, message: /purpose 'batch'/ })
    for (const bytes of ['', 'no picture']) {
      const words = await api.file(bytes, 'a.png')
      await refused(words.id, { status: 400, param, message: /is not an image/ })
    }
    const large = await api.file(Buffer.concat([PICTURE, Buffer.alloc(20 * 1024 * 1024)]), 'a.png')
    await refused(large.id, { status: 400, param, message: /too large/ })
    const content = [part(batch.id, 'huge')]
    await api.refused(
      'POST',
      path,
      { role: 'user', content },
      { status: 400, code: 'invalid_value' },
    )
    assert.deepEqual(await api.messages(thread.id), [])
  })
})
