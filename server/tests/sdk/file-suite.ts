import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type OpenAI from 'openai'
import { toFile } from 'openai'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { checkedFetch } from '../support/factories.ts'

/** Files and uploads as a program uses them through the `openai` package. @param deleteFile `del` in version 4, `delete` since */
export const sdkFileSuite = (
  version: string,
  Client: typeof OpenAI,
  deleteFile: (client: OpenAI, id: string) => Promise<{ deleted: boolean }> = (client, id) =>
    client.files.delete(id),
): void => {
  describe(`files with openai ${version}`, () => {
    let server: BootedServer
    let client: OpenAI

    before(async () => {
      server = await bootServer()
      client = new Client({
        baseURL: server.baseUrl,
        apiKey: server.apiKey,
        maxRetries: 0,
        fetch: checkedFetch(server.baseUrl),
      })
    })
    after(() => server?.[Symbol.asyncDispose]())

    const upload = async (text: string, name: string) =>
      client.files.create({ file: await toFile(Buffer.from(text), name), purpose: 'vision' })

    it('creates, waits, retrieves, reads and deletes', async () => {
      const made = await upload('some bytes', '報告.txt')
      assert.deepEqual([made.filename, made.bytes, made.status], ['報告.txt', 10, 'processed'])
      assert.deepEqual(await client.files.waitForProcessing(made.id), made)
      assert.deepEqual(await client.files.retrieve(made.id), made)
      const response = await client.files.content(made.id)
      assert.equal(await response.text(), 'some bytes')
      assert.equal((await deleteFile(client, made.id)).deleted, true)
      await assert.rejects(
        async () => client.files.retrieve(made.id),
        (error) => error instanceof Client.NotFoundError && error.param === 'id',
      )
    })

    it('sends an expiry', async () => {
      const made = await client.files.create({
        file: await toFile(Buffer.from('x'), 'x.txt'),
        purpose: 'assistants',
        expires_after: { anchor: 'created_at', seconds: 3_600 },
      })
      assert.equal(made.expires_at, made.created_at + 3_600)
      await assert.rejects(async () => client.files.content(made.id), Client.BadRequestError)
    })

    it('walks a list page by page', async () => {
      for (const one of (await client.files.list()).data) await deleteFile(client, one.id)
      const ids: string[] = []
      for (let i = 0; i < 5; i++) ids.push((await upload(String(i), `${i}.txt`)).id)
      const seen: string[] = []
      for await (const { id } of client.files.list({ limit: 2, order: 'asc' })) seen.push(id)
      assert.deepEqual(seen, ids)
      assert.deepEqual((await client.files.list({ purpose: 'assistants' })).data, [])
    })

    it('uploads in parts', async () => {
      const made = await client.uploads.create({
        filename: 'parts.txt',
        purpose: 'vision',
        bytes: 6,
        mime_type: 'text/plain',
      })
      const part = async (text: string) =>
        (await client.uploads.parts.create(made.id, { data: await toFile(Buffer.from(text)) })).id
      const [first, second] = [await part('one'), await part('two')]
      const { status, file } = await client.uploads.complete(made.id, {
        part_ids: [second, first],
      })
      assert.equal(status, 'completed')
      const response = await client.files.content(file?.id ?? '')
      assert.equal(await response.text(), 'twoone')
      const other = await client.uploads.create({
        filename: 'a',
        purpose: 'vision',
        bytes: 1,
        mime_type: 'text/plain',
      })
      assert.equal((await client.uploads.cancel(other.id)).status, 'cancelled')
    })
  })
}
