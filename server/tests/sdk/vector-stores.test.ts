import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import OpenAI4 from 'openai-v4'
import OpenAI5 from 'openai-v5'
import OpenAI6 from 'openai-v6'
import { bootServer, type BootedServer } from '../support/boot.ts'

// What the SDKs' helpers do with vector stores: their pollers must end (behaviour.md 13). The methods used here have one form in all
// versions but for the two below.
const VERSIONS: Record<string, typeof OpenAI> = {
  '4': OpenAI4 as unknown as typeof OpenAI,
  '5': OpenAI5 as unknown as typeof OpenAI,
  '6': OpenAI6 as unknown as typeof OpenAI,
  '7': OpenAI,
}

describe('vector stores with the openai package', () => {
  let server: BootedServer
  before(async () => {
    server = await bootServer()
  })
  after(() => server?.[Symbol.asyncDispose]())

  for (const [version, Client] of Object.entries(VERSIONS)) {
    it(`version ${version}: upload and poll, batches, search`, async () => {
      const client = new Client({ baseURL: server.baseUrl, apiKey: server.apiKey, maxRetries: 0 })
      const store = await client.vectorStores.create({ name: 'handbook' })
      const fileOf = (text: string, name: string) => new File([text], name)

      const start = performance.now()
      const one = await client.vectorStores.files.uploadAndPoll(
        store.id,
        fileOf('達哥 likes figs', 'figs.txt'),
      )
      assert.equal(one.status, 'completed')
      assert.ok(performance.now() - start < 4_500, 'the poller came again when it was told to')

      const bad = await client.files.create({
        file: fileOf('', 'empty.txt'),
        purpose: 'assistants',
      })
      const failed = await client.vectorStores.files.createAndPoll(store.id, { file_id: bad.id })
      assert.equal(failed.status, 'failed')
      assert.equal(failed.last_error?.code, 'invalid_file')

      const batch = await client.vectorStores.fileBatches.uploadAndPoll(store.id, {
        files: [fileOf('pears', 'pears.txt'), fileOf('plums', 'plums.txt')],
      })
      assert.equal(batch.status, 'completed')
      assert.equal(batch.file_counts.completed, 2)
      const ids = [one.id]
      const again = await client.vectorStores.fileBatches.createAndPoll(store.id, { file_ids: ids })
      assert.equal(again.status, 'completed')

      const names: string[] = []
      for await (const hit of client.vectorStores.search(store.id, { query: '達哥' }))
        names.push(hit.filename)
      assert.deepEqual(names, ['figs.txt'])
      const listed: string[] = []
      for await (const file of client.vectorStores.files.list(store.id, { limit: 1 }))
        listed.push(file.status)
      assert.deepEqual(listed.toSorted(), ['completed', 'completed', 'completed', 'failed'])
      const found = await client.vectorStores.retrieve(store.id)
      assert.equal(found.file_counts.total, 4)
    })
  }
})
