import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SearchPage } from '@melzi/contract/vector-store-search.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import { addText } from '../support/vector-stores.ts'

describe('rewrite_query', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let storeId = ''

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
    storeId = (await api.post<VectorStoreObject>('/vector_stores')).id
    await addText(api, storeId, 'The valve opens at 40 bar.', 'valve.txt')
    await addText(api, storeId, 'Lunch is at noon.', 'lunch.txt')
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const search = async (query: unknown, rewrite: boolean) =>
    SearchPage.parse(
      await api.post(`/vector_stores/${storeId}/search`, { query, rewrite_query: rewrite }),
    )

  it('searches what the default model makes of the question, and says so', async () => {
    model.push({ text: 'valve opening pressure' })
    const page = await search('Hi, when does that thing let go?', true)
    assert.deepEqual(page.search_query, ['valve opening pressure'])
    assert.equal(page.data[0]?.filename, 'valve.txt')
    const asked = model.requests.at(-1)?.body
    assert.equal(asked?.model, 'scripted')
    assert.match(JSON.stringify(asked), /when does that thing let go/)
  })

  it('leaves the question as it is when the model fails', async () => {
    model.push({ status: 401 })
    const page = await search('lunch', true)
    assert.deepEqual(page.search_query, ['lunch'])
    assert.equal(page.data[0]?.filename, 'lunch.txt')
  })

  it('asks no model when it is not wanted', async () => {
    const before = model.requests.length
    assert.deepEqual((await search(['lunch', 'valve'], false)).search_query, ['lunch', 'valve'])
    assert.equal(model.requests.length, before)
  })
})

describe('rewrite_query with the demo model', () => {
  it('leaves the question as it is', async () => {
    await using server = await bootServer()
    const api = new Api(server)
    const { id } = await api.post<VectorStoreObject>('/vector_stores')
    const reply = await api.post(`/vector_stores/${id}/search`, { query: 'x', rewrite_query: true })
    assert.deepEqual(SearchPage.parse(reply).search_query, ['x'])
  })
})
