import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import type { ModelList, ModelObject } from '@melzi/contract/model.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 3 and 4.
describe('assistants', () => {
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

  it('fills what is not given', async () => {
    const { id, created_at: at, ...rest } = await api.assistant()
    assert.match(id, /^asst_[0-9A-Za-z]{24}$/)
    assert.ok(Math.abs(at - Date.now() / 1000) < 5)
    assert.deepEqual(rest, {
      object: 'assistant',
      name: null,
      description: null,
      model: 'scripted',
      instructions: null,
      tools: [],
      top_p: 1,
      temperature: 1,
      reasoning_effort: null,
      tool_resources: {},
      metadata: {},
      response_format: 'auto',
    })
  })

  it('keeps what is given, in the live key order', async () => {
    const fields = {
      model: 'gpt-4o',
      name: '達哥',
      description: 'd',
      instructions: 'Be 簡短.',
      metadata: { a: 'b' },
      temperature: 0,
      top_p: 0.5,
      reasoning_effort: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
      },
    }
    const made = await api.assistant(fields)
    for (const [key, value] of Object.entries(fields))
      assert.deepEqual(made[key as keyof AssistantObject], value, key)
    const order =
      'id, object, created_at, name, description, model, instructions, tools, top_p, temperature, reasoning_effort, tool_resources, metadata, response_format'
    assert.equal(Object.keys(made).join(', '), order)
    assert.deepEqual(await api.get(`/assistants/${made.id}`), made)
  })

  it('echoes a function with strict and with parameters', async () => {
    const made = await api.assistant({
      tools: [
        { type: 'function', function: { name: 'bare' } },
        { type: 'function', function: { name: 'strict', strict: true, description: 'd' } },
      ],
    })
    assert.deepEqual(made.tools, [
      {
        type: 'function',
        function: { name: 'bare', parameters: { type: 'object', properties: {} }, strict: false },
      },
      {
        type: 'function',
        function: {
          name: 'strict',
          description: 'd',
          parameters: { type: 'object', properties: {} },
          strict: true,
        },
      },
    ])
  })

  it('refuses what is out of range', async () => {
    const refused: [fields: object, param: string, code: string][] = [
      [{ top_p: 1.1 }, 'top_p', 'decimal_above_max_value'],
      [{ temperature: -1 }, 'temperature', 'decimal_below_min_value'],
      [{ temperature: '1' }, 'temperature', 'invalid_type'],
      [{ description: 'd'.repeat(513) }, 'description', 'string_above_max_length'],
      [{ instructions: 'i'.repeat(256_001) }, 'instructions', 'string_above_max_length'],
      [{ metadata: { a: 'v'.repeat(513) } }, 'metadata.a', 'string_above_max_length'],
      [{ response_format: 'yaml' }, 'response_format', 'invalid_value'],
    ]
    for (const [fields, param, code] of refused)
      await api.refused(
        'POST',
        '/assistants',
        { model: 'm', ...fields },
        { status: 400, param, code },
      )
    for (const name of ['with space', 'x'.repeat(65), ''])
      await api.refused(
        'POST',
        '/assistants',
        { model: 'm', tools: [{ type: 'function', function: { name } }] },
        { status: 400 },
      )
    await api.refused(
      'POST',
      '/assistants',
      {
        model: 'm',
        tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'nonsense' } } }],
      },
      { status: 400, code: 'invalid_function_parameters' },
    )
  })

  it('changes what is sent and leaves the rest', async () => {
    const made = await api.assistant({
      name: 'A',
      instructions: 'i',
      temperature: 0.3,
      metadata: { a: '1', b: '2' },
    })
    const path = `/assistants/${made.id}`
    const changed = await api.post<AssistantObject>(path, { name: 'B', metadata: { c: '3' } })
    assert.deepEqual(changed, { ...made, name: 'B', metadata: { c: '3' } })
    const cleared = await api.post<AssistantObject>(path, { name: null, instructions: null })
    assert.deepEqual(cleared, { ...changed, name: null, instructions: null })
    assert.deepEqual(await api.post(path, {}), cleared)
    assert.deepEqual(await api.get(path), cleared)
  })

  it('deletes once', async () => {
    const { id } = await api.assistant()
    assert.deepEqual(await api.delete(`/assistants/${id}`), {
      id,
      object: 'assistant.deleted',
      deleted: true,
    })
    await api.refused('DELETE', `/assistants/${id}`, undefined, { status: 404 })
    await api.refused('GET', `/assistants/${id}`, undefined, { status: 404 })
  })

  it('lists newest first, page by page, in both directions', async () => {
    const made: string[] = []
    for (let i = 0; i < 5; i++) made.unshift((await api.assistant({ name: `page ${i}` })).id)
    const page = (query: string) => api.get<ListReply<AssistantObject>>(`/assistants?${query}`)
    const ids = ({ data }: ListReply<AssistantObject>) => data.map(({ id }) => id)

    const first = await page('limit=2')
    assert.deepEqual(ids(first), made.slice(0, 2))
    assert.deepEqual([first.first_id, first.last_id, first.has_more], [made[0], made[1], true])
    const second = await page(`limit=2&after=${first.last_id}`)
    assert.deepEqual(ids(second), made.slice(2, 4))
    const back = await page(`limit=2&before=${made[4]}`)
    assert.deepEqual(ids(back), made.slice(2, 4))
    const upwards = await page(`order=asc&limit=2&after=${made[3]}`)
    assert.deepEqual(ids(upwards), [made[2], made[1]])
    const oldest = await page('order=asc&limit=1')
    const none = await page(`limit=5&after=${oldest.last_id}`)
    assert.deepEqual(none, {
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    })
    await api.refused('GET', `/assistants?after=asst_${'x'.repeat(24)}`, undefined, { status: 404 })
  })

  it('has models to choose from', async () => {
    const { data } = await api.get<ModelList>('/models')
    const [first] = data
    assert.ok(first)
    assert.deepEqual(await api.get<ModelObject>(`/models/${encodeURIComponent(first.id)}`), first)
  })
})
