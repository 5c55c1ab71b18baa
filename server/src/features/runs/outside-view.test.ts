import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOutsideEvents } from './outside-view.ts'
import type { RunRecord } from './run-record.ts'

const RUN = {
  pluginMode: 'server',
  plugins: [
    { functionName: 'served', pluginId: 'plug_1' },
    { functionName: 'asks', pluginId: 'plug_2', asksBefore: true },
  ],
} as Pick<RunRecord, 'pluginMode' | 'plugins'> as RunRecord

const delta = (...calls: object[]) => ({
  event: 'thread.run.step.delta',
  data: JSON.stringify({
    id: 'step_1',
    object: 'thread.run.step.delta',
    delta: { step_details: { type: 'tool_calls', tool_calls: calls } },
  }),
})

const functionCall = (index: number, fields: object, id?: string) => ({
  index,
  ...(id === undefined ? {} : { id }),
  type: 'function',
  function: fields,
})

describe('what an outside reader hears of calls that grow', () => {
  const hear = (shown: ReturnType<typeof createOutsideEvents>, ...calls: object[]) => {
    const heard = shown(delta(...calls))
    if (heard === null) return null
    const { delta: said } = JSON.parse(heard.data) as {
      delta: { step_details: { tool_calls: object[] } }
    }
    return said.step_details.tool_calls
  }

  it('is that a call of this server is made, and all of one that the client makes', () => {
    const shown = createOutsideEvents(RUN)
    const open = { name: 'served', arguments: '', output: null }
    assert.deepEqual(hear(shown, functionCall(0, open, 'call_1')), [
      functionCall(0, open, 'call_1'),
    ])
    assert.equal(hear(shown, functionCall(0, { arguments: '{"secret":' })), null)
    assert.equal(hear(shown, functionCall(0, { output: 'secret' })), null)
    for (const name of ['asks', 'of_client']) {
      const mine = { name, arguments: '', output: null }
      assert.deepEqual(hear(shown, functionCall(1, mine, 'call_2')), [
        functionCall(1, mine, 'call_2'),
      ])
      const more = functionCall(1, { arguments: '{"city":' })
      assert.deepEqual(hear(shown, more), [more])
      assert.deepEqual(hear(shown, functionCall(0, { arguments: 'secret' }), more), [more])
    }
  })

  it('is nothing of a call whose beginning was not heard', () => {
    const shown = createOutsideEvents(RUN)
    assert.equal(hear(shown, functionCall(0, { arguments: '{"secret":' })), null)
  })

  it('is no line of Python and no passage', () => {
    const shown = createOutsideEvents(RUN)
    const python = (fields: object) => ({
      index: 0,
      type: 'code_interpreter',
      code_interpreter: fields,
    })
    assert.deepEqual(hear(shown, { ...python({ input: 'secret', outputs: [] }), id: 'call_1' }), [
      { ...python({ input: '', outputs: [] }), id: 'call_1' },
    ])
    assert.equal(hear(shown, python({ input: 'secret' })), null)
    assert.equal(
      hear(shown, python({ outputs: [{ index: 0, type: 'logs', logs: 'secret' }] })),
      null,
    )
    const search = { index: 1, id: 'call_2', type: 'file_search' }
    assert.deepEqual(hear(shown, { ...search, file_search: { results: ['secret'] } }), [
      { ...search, file_search: {} },
    ])
  })

  it('is every message as it was said, unread', () => {
    const shown = createOutsideEvents(RUN)
    // no JSON: a reader of it would throw
    for (const event of ['thread.message.delta', 'thread.message.completed', 'thread.created']) {
      const said = { event, data: '{' }
      assert.equal(shown(said), said)
    }
  })
})
