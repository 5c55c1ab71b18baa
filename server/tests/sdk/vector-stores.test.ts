import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import OpenAI4 from 'openai-v4'
import OpenAI5 from 'openai-v5'
import OpenAI6 from 'openai-v6'
import { bootServer, type BootedServer } from '../support/boot.ts'

// What the SDKs' helpers do with vector stores: their pollers must end (behaviour.md 13). The methods used here have one form in all
// versions.
const VERSIONS: Record<string, typeof OpenAI> = {
  '4': OpenAI4 as unknown as typeof OpenAI,
  '5': OpenAI5 as unknown as typeof OpenAI,
  '6': OpenAI6 as unknown as typeof OpenAI,
  '7': OpenAI,
}

const fileOf = (text: string, name: string) => new File([text], name)

for (const [version, Client] of Object.entries(VERSIONS))
  describe(`vector stores with openai ${version}`, () => {
    let server: BootedServer
    let client: OpenAI
    let storeId = ''

    before(async () => {
      server = await bootServer({ env: { MELZI_POLL_MS: '100' } })
      client = new Client({ baseURL: server.baseUrl, apiKey: server.apiKey, maxRetries: 0 })
      storeId = (await client.vectorStores.create({ name: 'handbook' })).id
    })
    after(() => server?.[Symbol.asyncDispose]())

    it('vectorStores.files.uploadAndPoll', async () => {
      const start = performance.now()
      const one = await client.vectorStores.files.uploadAndPoll(
        storeId,
        fileOf('達哥 likes figs', 'figs.txt'),
      )
      assert.equal(one.status, 'completed')
      assert.ok(performance.now() - start < 4_500, 'the poller came again when it was told to')
    })

    it('vectorStores.files.createAndPoll', async () => {
      const bad = await client.files.create({
        file: fileOf('', 'empty.txt'),
        purpose: 'assistants',
      })
      const failed = await client.vectorStores.files.createAndPoll(storeId, { file_id: bad.id })
      assert.equal(failed.status, 'failed')
      assert.equal(failed.last_error?.code, 'invalid_file')
    })

    it('vectorStores.files.upload and poll', async () => {
      const sent = await client.vectorStores.files.upload(storeId, fileOf('sloes', 'sloes.txt'))
      const done = await client.vectorStores.files.poll(storeId, sent.id)
      assert.equal(done.status, 'completed')
    })

    it('vectorStores.fileBatches.uploadAndPoll', async () => {
      const batch = await client.vectorStores.fileBatches.uploadAndPoll(storeId, {
        files: [fileOf('pears', 'pears.txt'), fileOf('plums', 'plums.txt')],
      })
      assert.equal(batch.status, 'completed')
      assert.equal(batch.file_counts.completed, 2)
    })

    it('vectorStores.fileBatches.createAndPoll', async () => {
      const file = await client.files.create({
        file: fileOf('quinces', 'quinces.txt'),
        purpose: 'assistants',
      })
      const batch = await client.vectorStores.fileBatches.createAndPoll(storeId, {
        file_ids: [file.id],
      })
      assert.equal(batch.status, 'completed')
    })

    it('vectorStores.search', async () => {
      const names: string[] = []
      for await (const hit of client.vectorStores.search(storeId, { query: '達哥' }))
        names.push(hit.filename)
      assert.deepEqual(names, ['figs.txt'])
    })

    it('vectorStores.files.list, page by page', async () => {
      const listed: string[] = []
      for await (const file of client.vectorStores.files.list(storeId, { limit: 1 }))
        listed.push(file.status)
      assert.deepEqual(listed.toSorted(), [...Array(5).fill('completed'), 'failed'])
      const found = await client.vectorStores.retrieve(storeId)
      assert.equal(found.file_counts.total, 6)
    })

    it('vectorStores: update and list, page by page', async () => {
      const other = await client.vectorStores.create({
        expires_after: { anchor: 'last_active_at', days: 1 },
      })
      assert.equal((await client.vectorStores.update(other.id, { name: 'b' })).name, 'b')
      const ids: string[] = []
      for await (const { id } of client.vectorStores.list({ limit: 1 })) ids.push(id)
      assert.deepEqual(ids, [other.id, storeId])
    })
  })
