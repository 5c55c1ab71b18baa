import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PluginCallObject } from '@melzi/contract/plugin-call.ts'
import type { PluginObject } from '@melzi/contract/plugin.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import { addText } from '../support/vector-stores.ts'

// What an owner sees of a call, made in the real sandbox.
describe('trials of plugins', () => {
  let server: BootedServer
  let api: Api

  before(async () => {
    server = await bootServer({ sandbox: true, env: { MELZI_POLL_MS: '100' } })
    api = new Api(server)
  })
  after(() => server?.[Symbol.asyncDispose]())

  const make = (source: string, melzi: object = {}): Promise<PluginObject> =>
    api.post('/plugins', { id: 'tried', melzi, api: { type: 'python', python: { source } } })
  const test = async (id: string, body: object = {}): Promise<PluginCallObject> =>
    PluginCallObject.parse(await api.post(`/plugins/${id}/test`, body))

  it('show output, parameters, time and memory', async () => {
    const { id } = await make(
      'import sys\nprint(a * 2, CUSTOMIZED_PARAMS)\nprint("e", file=sys.stderr)',
    )
    const call = await test(id, { arguments: { a: 21 }, customized_params: { msg: 'hi' } })
    assert.equal(call.status, 'completed')
    assert.equal(call.stdout?.trim(), '42 {"msg": "hi"}')
    assert.equal(call.stderr?.trim(), 'e')
    assert.equal(call.output?.trim(), call.stdout?.trim())
    assert.ok((call.usage?.ms ?? 0) > 0 && (call.usage?.peak_mib ?? 0) > 0)
    assert.ok((call.duration_ms ?? -1) >= (call.usage?.ms ?? 0))
  })

  it('show an exception with the lines of the source', async () => {
    const { id } = await make('def half(x):\n    return 1 / x\n\nhalf(0)\n')
    const call = await test(id)
    assert.deepEqual([call.status, call.error?.kind], ['failed', 'python'])
    assert.match(call.error?.message ?? '', /^ZeroDivisionError/)
    assert.match(call.error?.traceback ?? '', /line 4[^]*line 2/)
  })

  it('show an address that was refused, and why', async () => {
    const source =
      'from pyodide.http import pyfetch\ntry:\n  await pyfetch("http://127.0.0.1/")\nexcept Exception as e:\n  print(e)'
    const { id } = await make(source, { network: ['127.0.0.1'] })
    const [request] = (await test(id)).usage?.http ?? []
    assert.deepEqual([request?.host, request?.status], ['127.0.0.1', null])
    assert.match(request?.refused ?? '', /public|internal|address/)
  })

  it('search the vector store that the owner picked, as long as it is his', async () => {
    const store = await api.post<VectorStoreObject>('/vector_stores', { name: 'rules' })
    await addText(api, store.id, 'Dogs are welcome in the library on Tuesdays.', 'rules.txt')
    await addText(api, store.id, 'The pool closes at nine.', 'pool.txt')
    const file = {
      id: '館規',
      name_for_model: 'rules',
      description_for_model: 'The rules of the house',
      api: {
        type: 'AzureCognitiveSearch',
        azure_cognitive_search_params: { indexName: 'rules-index' },
      },
    }
    await api.refused('POST', '/plugins', file, {
      status: 400,
      param: 'vector_store_id',
      message: /searches the index 'rules-index' of a service that is not here/,
    })
    const other = new Api(await server.keyOf('Salaì'))
    await other.refused('POST', `/plugins?vector_store_id=${store.id}`, file, { status: 404 })
    const plugin = await api.post<PluginObject>(`/plugins?vector_store_id=${store.id}`, file)
    assert.deepEqual(
      [plugin.kind, plugin.vector_store_id, plugin.functions[0]?.name, plugin.missing],
      ['search', store.id, 'rules', []],
    )
    const call = await test(plugin.id, { arguments: { query: 'dogs in the library', top: 1 } })
    const found = JSON.parse(call.output ?? '') as { file: string; text: string }[]
    assert.deepEqual(
      found.map((one) => [one.file, one.text]),
      [['rules.txt', 'Dogs are welcome in the library on Tuesdays.']],
    )
    const nothing = await test(plugin.id, { arguments: { query: 'xylophone' } })
    assert.deepEqual([nothing.status, nothing.output], ['completed', 'Nothing was found.'])
    for (const wrong of [{}, { query: '' }, { query: 'x', top: 0 }, { query: 'x', top: [] }])
      assert.equal((await test(plugin.id, { arguments: wrong })).error?.kind, 'arguments')
    await api.delete(`/vector_stores/${store.id}`)
    const gone = await test(plugin.id, { arguments: { query: 'dogs' } })
    assert.equal(gone.error?.kind, 'unavailable')
    assert.match(gone.output ?? '', /was not searched: No vector store found/)
  })
})
