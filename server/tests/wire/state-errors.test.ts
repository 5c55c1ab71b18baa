import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 2 and 9: what a thread's and a run's state refuses.
const X = 'x'.repeat(24)

describe('errors of state', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let assistantId: string

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
    assistantId = (await api.assistant({ tools: [unitPrice] })).id
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  it('nothing to say', async () => {
    const thread = await api.thread()
    await api.refused(
      'POST',
      `/threads/${thread.id}/runs`,
      { assistant_id: assistantId },
      {
        status: 400,
        message:
          'Run creation requires a Thread with a user message or an assistant with instructions.',
        code: 'invalid_thread',
      },
    )
  })

  it('a locked thread, wrong outputs, wrong states', async () => {
    model.push({
      toolCalls: [{ name: 'unit_price', arguments: {}, id: 'call_aaaaaaaaaaaaaaaaaaaaaaaa' }],
    })
    const thread = await api.thread('hello')
    const run = await api.settled(await api.run(thread.id, assistantId))
    assert.equal(run.status, 'requires_action')
    const callId = run.required_action?.submit_tool_outputs.tool_calls[0]?.id ?? ''
    const path = `/threads/${thread.id}/runs`
    await api.refused(
      'POST',
      `/threads/${thread.id}/messages`,
      { role: 'user', content: 'x' },
      {
        status: 400,
        message: `Can't add messages to ${thread.id} while a run ${run.id} is active.`,
        param: null,
        code: null,
      },
    )
    await api.refused(
      'POST',
      path,
      { assistant_id: assistantId },
      {
        status: 400,
        message: `Thread ${thread.id} already has an active run ${run.id}.`,
        param: null,
        code: null,
      },
    )
    const submit = `${path}/${run.id}/submit_tool_outputs`
    await api.refused(
      'POST',
      submit,
      { tool_outputs: [{ tool_call_id: 'call_b', output: 'x' }] },
      {
        status: 400,
        message: `Expected tool outputs for call_ids ['${callId}'], got ['call_b']`,
      },
    )
    await api.refused(
      'POST',
      submit,
      { tool_outputs: [] },
      {
        status: 400,
        message: `Expected tool outputs for call_ids ['${callId}'], got []`,
      },
    )
    await api.refused(
      'POST',
      submit,
      { tool_outputs: [{ tool_call_id: callId, output: 5 }] },
      {
        status: 400,
        param: 'tool_outputs[0].output',
        code: 'invalid_type',
      },
    )
    model.push({ text: 'done' })
    await api.post(submit, { tool_outputs: [{ tool_call_id: callId, output: 'x' }] })
    assert.equal((await api.settled(run)).status, 'completed')
    await api.refused(
      'POST',
      submit,
      { tool_outputs: [{ tool_call_id: callId, output: 'x' }] },
      {
        status: 400,
        message: 'Runs in status "completed" do not accept tool outputs.',
      },
    )
    await api.refused('POST', `${path}/${run.id}/cancel`, undefined, {
      status: 400,
      message: "Cannot cancel run with status 'completed'.",
    })
    const stepId = `step_${X}`
    await api.refused('GET', `${path}/${run.id}/steps/${stepId}`, undefined, {
      status: 404,
      message: `No run step found with id '${stepId}'.`,
    })
    await api.refused('GET', `${path}/run_${X}`, undefined, {
      status: 404,
      message: `No run found with id 'run_${X}'.`,
    })
    await api.refused('GET', `/threads/${thread.id}/messages/msg_${X}`, undefined, {
      status: 404,
      message: `No message found with id 'msg_${X}'.`,
    })
    assert.equal((await api.get<RunObject>(`${path}/${run.id}`)).id, run.id)
  })
})
