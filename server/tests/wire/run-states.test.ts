import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 8 and 9, on both engines.
const CALL = { toolCalls: [{ name: 'unit_price', arguments: { price: 120, weight: 2 } }] }

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`run states on ${engine}`, engine === 'postgres' ? skipUnless('postgresql') : {}, () => {
    let model: ScriptedModel
    let server: BootedServer
    let api: Api
    let assistantId: string

    before(async () => {
      model = await startScriptedModel()
      server = await bootServer({ engine, model: { url: model.url } })
      api = new Api(server)
      assistantId = (await api.assistant({ tools: [unitPrice] })).id
    })
    after(async () => {
      await server?.[Symbol.asyncDispose]()
      await model?.[Symbol.asyncDispose]()
    })

    const pathOf = (run: RunObject) => `/threads/${run.thread_id}/runs/${run.id}`
    const start = async () => api.run((await api.thread('hello')).id, assistantId)
    const waiting = async () => {
      model.push(CALL)
      const run = await api.settled(await start())
      assert.equal(run.status, 'requires_action')
      return run
    }
    const outputs = (run: RunObject, output = '60') => ({
      tool_outputs: run.required_action?.submit_tool_outputs.tool_calls.map(({ id }) => ({
        tool_call_id: id,
        output,
      })),
    })
    const unlocked = (run: RunObject) =>
      api.post(`/threads/${run.thread_id}/messages`, { role: 'user', content: 'go on' })

    it('answers at once, whatever the model does', async () => {
      model.push({ text: 'late', firstDelayMs: 3_000 })
      const asked = model.requests.length
      const begun = performance.now()
      const run = await start()
      assert.ok(performance.now() - begun < 1_000)
      assert.equal(run.status, 'queued')
      // Cancelled sooner, the run would leave the scripted turn to the next test.
      await model.waitForRequests(asked + 1)
      await api.post(`${pathOf(run)}/cancel`)
      assert.equal((await api.settled(run, 2_000)).status, 'cancelled')
    })

    it('leaves requires_action inside the submit request', async () => {
      const run = await waiting()
      assert.deepEqual(
        run.required_action?.submit_tool_outputs.tool_calls.map((call) => [
          call.type,
          call.function.name,
          call.function.arguments,
        ]),
        [['function', 'unit_price', '{"price":120,"weight":2}']],
      )
      const [step] = await api.steps(run)
      assert.deepEqual([step?.type, step?.status, step?.usage], ['tool_calls', 'in_progress', null])
      model.push({ text: 'it is 60', firstDelayMs: 200 })
      const submitted = await api.post<RunObject>(
        `${pathOf(run)}/submit_tool_outputs`,
        outputs(run),
      )
      assert.equal(submitted.status, 'queued')
      assert.equal(submitted.required_action, null)
      assert.deepEqual(
        [submitted.started_at, submitted.expires_at],
        [run.started_at, run.expires_at],
      )
      const reread = await api.get<RunObject>(pathOf(run))
      assert.notEqual(reread.status, 'requires_action')
      const [done] = await api.steps(run)
      assert.equal(done?.status, 'completed')
      const details = done?.step_details
      assert.ok(details?.type === 'tool_calls' && details.tool_calls[0]?.type === 'function')
      assert.equal(details.tool_calls[0].function.output, '60')
      assert.equal((await api.settled(run)).status, 'completed')
      const sent = model.requests.at(-1)?.body.messages as { role: string; content: string }[]
      assert.deepEqual(
        sent.map(({ role }) => role),
        ['user', 'assistant', 'tool'],
      )
      assert.equal(sent.at(-1)?.content, '60')
    })

    it('takes outputs once, however often they are sent at the same time', async () => {
      const run = await waiting()
      model.push({ text: 'once' })
      const replies = await Promise.all(
        Array.from({ length: 4 }, () =>
          api.request('POST', `${pathOf(run)}/submit_tool_outputs`, outputs(run)),
        ),
      )
      const counts = replies.map(({ status }) => status).toSorted((a, b) => a - b)
      assert.deepEqual(counts, [200, 400, 400, 400])
      assert.equal((await api.settled(run)).status, 'completed')
      assert.equal(textOf((await api.messages(run.thread_id)).at(-1)), 'once')
    })

    it('wants every pending output in one request', async () => {
      model.push({
        toolCalls: [
          { name: 'unit_price', arguments: {} },
          { name: 'unit_price', arguments: {} },
        ],
      })
      const run = await api.settled(await start())
      const all = outputs(run).tool_outputs ?? []
      assert.equal(all.length, 2)
      const submit = `${pathOf(run)}/submit_tool_outputs`
      for (const tool_outputs of [
        [all[0]],
        [all[0], all[0]],
        [...all, { ...all[0], tool_call_id: 'call_x' }],
      ])
        await api.refused(
          'POST',
          submit,
          { tool_outputs },
          { status: 400, message: /^Expected tool outputs for call_ids \['call_/ },
        )
      assert.deepEqual(await api.get(pathOf(run)), run)
      model.push({ text: 'both' })
      await api.post(submit, { tool_outputs: all.toReversed() })
      assert.equal((await api.settled(run)).status, 'completed')
    })

    it('lets one of many runs have the thread', async () => {
      const thread = await api.thread('hello')
      model.push({ text: 'only', firstDelayMs: 200 })
      const replies = await Promise.all(
        Array.from({ length: 5 }, () =>
          api.request('POST', `/threads/${thread.id}/runs`, { assistant_id: assistantId }),
        ),
      )
      const made = replies.filter(({ status }) => status === 200)
      assert.equal(made.length, 1)
      const run = made[0]?.body as RunObject
      for (const { status, body } of replies)
        if (status !== 200)
          assert.match(JSON.stringify(body), new RegExp(`already has an active run ${run.id}`))
      assert.equal((await api.settled(run)).status, 'completed')
      await unlocked(run)
    })

    it('reads and metadata stay free on a locked thread', async () => {
      const run = await waiting()
      assert.equal((await api.messages(run.thread_id)).length, 1)
      await api.post(`/threads/${run.thread_id}`, { metadata: { a: 'b' } })
      await api.post(`${pathOf(run)}/cancel`)
      const ended = await api.settled(await api.get<RunObject>(pathOf(run)))
      assert.ok(['cancelled', 'cancelling'].includes(ended.status))
    })

    it('cancels a run that waits for its client, and frees the thread', async () => {
      const run = await waiting()
      const reply = await api.post<RunObject>(`${pathOf(run)}/cancel`)
      assert.ok(['cancelling', 'cancelled'].includes(reply.status))
      let ended = await api.get<RunObject>(pathOf(run))
      for (let i = 0; ended.status === 'cancelling' && i < 100; i++)
        ended = await api.get<RunObject>(pathOf(run))
      assert.equal(ended.status, 'cancelled')
      assert.ok(ended.cancelled_at)
      assert.equal((await api.steps(run))[0]?.status, 'cancelled')
      await api.refused('POST', `${pathOf(run)}/cancel`, undefined, { status: 400 })
      await api.refused('POST', `${pathOf(run)}/submit_tool_outputs`, outputs(run), {
        status: 400,
        message: 'Runs in status "cancelled" do not accept tool outputs.',
      })
      await unlocked(run)
    })

    it('tells what a model server answered, without the key', async () => {
      model.push({
        status: 400,
        body: { error: { message: 'bad key sk-scripted-model', code: 'x' } },
      })
      const run = await api.settled(await start())
      assert.equal(run.status, 'failed')
      assert.ok(run.failed_at)
      assert.ok((run.last_error?.message ?? '').length > 5)
      assert.doesNotMatch(JSON.stringify(run), /sk-scripted-model/)
      await unlocked(run)
    })

    it('tries again before the first token, not after', async () => {
      model.push({ status: 503 }, { text: 'second time' })
      const before = model.requests.length
      const run = await api.settled(await start())
      assert.equal(run.status, 'completed')
      assert.equal(model.requests.length - before, 2)
      model.push({ text: ['half'], cutAfter: 1 })
      const cut = await api.settled(await start())
      assert.equal(cut.status, 'failed')
      assert.equal(model.left, 0)
      assert.equal((await api.messages(cut.thread_id)).at(-1)?.status, 'incomplete')
    })

    it('says a rate limit is one', async () => {
      model.push(
        ...Array.from({ length: 8 }, () => ({ status: 429, headers: { 'retry-after': '0' } })),
      )
      const run = await api.settled(await start(), 30_000)
      assert.equal(run.status, 'failed')
      assert.equal(run.last_error?.code, 'rate_limit_exceeded')
    })
  })
