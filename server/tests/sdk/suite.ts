import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type OpenAI from 'openai'
import type { AssistantStream } from 'openai/lib/AssistantStream'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { checkedFetch, unitPrice } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

type Run = OpenAI.Beta.Threads.Runs.Run
type RunStep = OpenAI.Beta.Threads.Runs.RunStep
type ToolOutputs = OpenAI.Beta.Threads.Runs.RunSubmitToolOutputsParams['tool_outputs']
interface Deleted {
  id: string
  deleted: boolean
}

/** Calls whose arguments changed between the SDK's major versions. */
export interface Dialect {
  retrieveRun(client: OpenAI, run: Run): Promise<Run>
  cancelRun(client: OpenAI, run: Run): Promise<Run>
  pollRun(client: OpenAI, run: Run): Promise<Run>
  submit(client: OpenAI, run: Run, outputs: ToolOutputs): Promise<Run>
  submitAndPoll(client: OpenAI, run: Run, outputs: ToolOutputs): Promise<Run>
  submitStream(client: OpenAI, run: Run, outputs: ToolOutputs): AssistantStream
  steps(client: OpenAI, run: Run): AsyncIterable<RunStep>
  retrieveStep(client: OpenAI, run: Run, stepId: string): Promise<RunStep>
  deleteAssistant(client: OpenAI, id: string): Promise<Deleted>
  deleteThread(client: OpenAI, id: string): Promise<Deleted>
}

export const currentDialect: Dialect = {
  retrieveRun: (client, run) =>
    client.beta.threads.runs.retrieve(run.id, { thread_id: run.thread_id }),
  cancelRun: (client, run) => client.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id }),
  pollRun: (client, run) => client.beta.threads.runs.poll(run.id, { thread_id: run.thread_id }),
  submit: (client, run, outputs) =>
    client.beta.threads.runs.submitToolOutputs(run.id, {
      thread_id: run.thread_id,
      tool_outputs: outputs,
    }),
  submitAndPoll: (client, run, outputs) =>
    client.beta.threads.runs.submitToolOutputsAndPoll(run.id, {
      thread_id: run.thread_id,
      tool_outputs: outputs,
    }),
  submitStream: (client, run, outputs) =>
    client.beta.threads.runs.submitToolOutputsStream(run.id, {
      thread_id: run.thread_id,
      tool_outputs: outputs,
    }),
  steps: (client, run) =>
    client.beta.threads.runs.steps.list(run.id, { thread_id: run.thread_id, order: 'asc' }),
  retrieveStep: (client, run, stepId) =>
    client.beta.threads.runs.steps.retrieve(stepId, { thread_id: run.thread_id, run_id: run.id }),
  deleteAssistant: (client, id) => client.beta.assistants.delete(id),
  deleteThread: (client, id) => client.beta.threads.delete(id),
}

/**
 * One suite for every major version of the `openai` package: what a program does with it, against the booted server and the scripted
 * model. The SDK's own helpers judge the streams.
 * @param Client the version's client class
 */
export const sdkSuite = (version: string, Client: typeof OpenAI, dialect: Dialect): void => {
  describe(`openai ${version}`, () => {
    let model: ScriptedModel
    let server: BootedServer
    let client: OpenAI
    let assistantId: string

    before(async () => {
      model = await startScriptedModel()
      server = await bootServer({ model: { url: model.url } })
      client = new Client({
        baseURL: server.baseUrl,
        apiKey: server.apiKey,
        maxRetries: 0,
        fetch: checkedFetch(server.baseUrl),
      })
      const assistant = await client.beta.assistants.create({
        model: 'scripted',
        tools: [unitPrice],
      })
      assistantId = assistant.id
    })
    after(async () => {
      await server?.[Symbol.asyncDispose]()
      await model?.[Symbol.asyncDispose]()
    })

    const newThread = async () =>
      (await client.beta.threads.create({ messages: [{ role: 'user', content: 'hello' }] })).id
    const toolCall = { toolCalls: [{ name: 'unit_price', arguments: { price: 120, weight: 2 } }] }
    const outputsFor = (run: Run) =>
      (run.required_action?.submit_tool_outputs.tool_calls ?? []).map(({ id }) => ({
        tool_call_id: id,
        output: '60',
      }))
    const answerOf = async (threadId: string) => {
      const { data } = await client.beta.threads.messages.list(threadId)
      const part = data[0]?.content[0]
      return part?.type === 'text' ? part.text.value : undefined
    }

    it('creates and polls, at the pace the server asks for', async () => {
      model.push({ text: 'hello you' })
      const threadId = await newThread()
      const start = performance.now()
      const run = await client.beta.threads.runs.createAndPoll(threadId, {
        assistant_id: assistantId,
      })
      assert.equal(run.status, 'completed')
      assert.equal(run.usage?.total_tokens, 15)
      assert.equal(await answerOf(threadId), 'hello you')
      assert.ok(performance.now() - start < 4_000, 'openai-poll-after-ms is heeded')
    })

    it('streams', async () => {
      model.push({ text: ['hel', 'lo'] })
      const threadId = await newThread()
      const seen: string[] = []
      const stream = client.beta.threads.runs
        .stream(threadId, { assistant_id: assistantId })
        .on('textDelta', ({ value }) => seen.push(value ?? ''))
        .on('textDone', ({ value }) => seen.push(`done ${value}`))
      const run = await stream.finalRun()
      assert.equal(run.status, 'completed')
      assert.deepEqual(seen, ['hel', 'lo', 'done hello'])
      const [message] = await stream.finalMessages()
      assert.equal(message?.content[0]?.type === 'text' && message.content[0].text.value, 'hello')
      assert.equal((await stream.finalRunSteps()).length, 1)
    })

    it('iterates a raw stream', async () => {
      model.push({ text: 'hi' })
      const stream = await client.beta.threads.runs.create(await newThread(), {
        assistant_id: assistantId,
        stream: true,
      })
      const names: string[] = []
      for await (const { event } of stream) names.push(event)
      assert.equal(names[0], 'thread.run.created')
      assert.equal(names.at(-1), 'thread.run.completed')
    })

    it('submits outputs', async () => {
      model.push(toolCall, { text: 'it is 60' })
      const threadId = await newThread()
      const waiting = await client.beta.threads.runs.createAndPoll(threadId, {
        assistant_id: assistantId,
      })
      assert.equal(waiting.status, 'requires_action')
      const submitted = await dialect.submit(client, waiting, outputsFor(waiting))
      assert.equal(submitted.status, 'queued')
      assert.equal(submitted.required_action, null)
      assert.equal((await dialect.pollRun(client, waiting)).status, 'completed')
      assert.equal(await answerOf(threadId), 'it is 60')
    })

    it('submits outputs and polls', async () => {
      model.push(toolCall, { text: 'it is 60' })
      const waiting = await client.beta.threads.runs.createAndPoll(await newThread(), {
        assistant_id: assistantId,
      })
      const run = await dialect.submitAndPoll(client, waiting, outputsFor(waiting))
      assert.equal(run.status, 'completed')
      assert.equal(run.usage?.total_tokens, 30)
    })

    it('streams a call, submits and streams the answer', async () => {
      model.push(toolCall, { text: ['it is ', '60'] })
      const seen: string[] = []
      const stream = client.beta.threads.runs
        .stream(await newThread(), { assistant_id: assistantId })
        .on('toolCallCreated', ({ type }) => seen.push(`created ${type}`))
        .on('toolCallDone', (call) => {
          if (call.type === 'function')
            seen.push(`${call.function.name} ${call.function.arguments}`)
        })
      const waiting = await stream.finalRun()
      assert.equal(waiting.status, 'requires_action')
      assert.deepEqual(seen, ['created function', 'unit_price {"price":120,"weight":2}'])
      const answer = dialect.submitStream(client, waiting, outputsFor(waiting))
      assert.equal((await answer.finalRun()).status, 'completed')
      const [message] = await answer.finalMessages()
      assert.equal(
        message?.content[0]?.type === 'text' && message.content[0].text.value,
        'it is 60',
      )
    })

    it('creates a thread and a run at once, and polls', async () => {
      model.push({ text: 'both' })
      const run = await client.beta.threads.createAndRunPoll({
        assistant_id: assistantId,
        thread: { messages: [{ role: 'user', content: 'hello' }] },
      })
      assert.equal(run.status, 'completed')
      assert.equal(await answerOf(run.thread_id), 'both')
    })

    it('creates a thread and a run at once, and streams', async () => {
      model.push({ text: 'both' })
      const stream = client.beta.threads.createAndRunStream({
        assistant_id: assistantId,
        thread: { messages: [{ role: 'user', content: 'hello' }] },
      })
      assert.equal((await stream.finalRun()).status, 'completed')
    })

    it('lists and retrieves steps', async () => {
      model.push(toolCall, { text: 'it is 60' })
      const waiting = await client.beta.threads.runs.createAndPoll(await newThread(), {
        assistant_id: assistantId,
      })
      const run = await dialect.submitAndPoll(client, waiting, outputsFor(waiting))
      const steps: RunStep[] = []
      for await (const step of dialect.steps(client, run)) steps.push(step)
      assert.deepEqual(
        steps.map(({ type, status }) => `${type} ${status}`),
        ['tool_calls completed', 'message_creation completed'],
      )
      const first = steps[0]
      assert.ok(first)
      assert.deepEqual(await dialect.retrieveStep(client, run, first.id), first)
      const details = first.step_details
      const [call] = details.type === 'tool_calls' ? details.tool_calls : []
      assert.equal(call?.type === 'function' && call.function.output, '60')
    })

    it('cancels', async () => {
      model.push({ text: ['one', 'two'], hangAfter: 1 })
      const before = model.requests.length
      const run = await client.beta.threads.runs.create(await newThread(), {
        assistant_id: assistantId,
      })
      await model.waitForRequests(before + 1)
      const cancelling = await dialect.cancelRun(client, run)
      assert.equal(cancelling.status, 'cancelling')
      const ended = await dialect.pollRun(client, run)
      assert.equal(ended.status, 'cancelled')
      assert.equal((await dialect.retrieveRun(client, run)).status, 'cancelled')
    })

    it('waits for its turn on a busy thread, by the extra property `queue`', async () => {
      model.push({ toolCalls: [{ name: 'unit_price', arguments: { price: 1, weight: 1 } }] })
      const { beta } = client
      const threadId = await newThread()
      const first = await beta.threads.runs.create(threadId, { assistant_id: assistantId })
      assert.equal((await dialect.pollRun(client, first)).status, 'requires_action')
      const message = { role: 'user' as const, content: 'meanwhile', queue: true }
      await beta.threads.messages.create(threadId, message)
      model.push({ text: 'at last' })
      const body = { assistant_id: assistantId, queue: true }
      const stream = beta.threads.runs.stream(threadId, body)
      await stream.emitted('event')
      await dialect.cancelRun(client, first)
      assert.equal((await stream.finalRun()).status, 'completed')
      const { data } = await beta.threads.messages.list(threadId, { limit: 2 })
      const texts = data.map(({ content: [part] }) => part?.type === 'text' && part.text.value)
      assert.deepEqual(texts, ['at last', 'meanwhile'])
    })

    it('walks a list of 45 messages page by page', async () => {
      const { id } = await client.beta.threads.create()
      for (let i = 0; i < 45; i++)
        await client.beta.threads.messages.create(id, { role: 'user', content: `message ${i}` })
      const seen: string[] = []
      for await (const message of client.beta.threads.messages.list(id, { limit: 20 })) {
        const part = message.content[0]
        if (part?.type === 'text') seen.push(part.text.value)
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 45 }, (_, i) => `message ${44 - i}`),
      )
    })

    it('keeps, changes and deletes assistants and threads', async () => {
      const { assistants, threads } = client.beta
      const made = await assistants.create({ model: 'scripted', name: 'A', temperature: 0 })
      assert.equal(made.temperature, 0)
      assert.equal((await assistants.retrieve(made.id)).name, 'A')
      const changed = await assistants.update(made.id, { name: 'B', metadata: { a: 'b' } })
      assert.deepEqual([changed.name, changed.metadata, changed.temperature], ['B', { a: 'b' }, 0])
      assert.ok((await assistants.list()).data.some(({ id }) => id === made.id))
      assert.equal((await dialect.deleteAssistant(client, made.id)).deleted, true)
      await assert.rejects(async () => assistants.retrieve(made.id), Client.NotFoundError)
      const thread = await threads.create({ metadata: { a: 'b' } })
      assert.equal((await dialect.deleteThread(client, thread.id)).deleted, true)
      await assert.rejects(async () => threads.retrieve(thread.id), Client.NotFoundError)
    })

    it('throws the class, code and param of each error', async () => {
      const { APIError, NotFoundError, BadRequestError, AuthenticationError } = Client
      const missing = `thread_${'x'.repeat(24)}`
      await assert.rejects(
        async () => client.beta.threads.retrieve(missing),
        (error) =>
          error instanceof NotFoundError &&
          error.message === `404 No thread found with id '${missing}'.` &&
          error.type === 'invalid_request_error',
      )
      await assert.rejects(
        async () => client.beta.assistants.create({ model: 'scripted', temperature: 3 }),
        (error) =>
          error instanceof BadRequestError &&
          error.param === 'temperature' &&
          error.code === 'decimal_above_max_value',
      )
      const stranger = new Client({ baseURL: server.baseUrl, apiKey: 'mlz_wrong', maxRetries: 0 })
      await assert.rejects(
        async () => stranger.beta.threads.create(),
        (error) => error instanceof AuthenticationError && error.code === 'invalid_api_key',
      )
      assert.ok(NotFoundError.prototype instanceof APIError)
    })

    it('lists models', async () => {
      const { data } = await client.models.list()
      assert.ok(data.length > 0)
    })
  })
}

/** What openai 4's stream helper cannot read (behaviour.md 11): a run that ends incomplete. */
export const incompleteStreamTest = (version: string, Client: typeof OpenAI): void => {
  it(`openai ${version} ends a stream that the token limit cut`, async () => {
    await using model = await startScriptedModel()
    await using server = await bootServer({ model: { url: model.url } })
    const client = new Client({ baseURL: server.baseUrl, apiKey: server.apiKey, maxRetries: 0 })
    const { id } = await client.beta.assistants.create({ model: 'scripted' })
    model.push({ text: ['cut'], finishReason: 'length' })
    const stream = client.beta.threads.createAndRunStream({
      assistant_id: id,
      thread: { messages: [{ role: 'user', content: 'hello' }] },
    })
    assert.equal((await stream.finalRun()).status, 'incomplete')
  })
}
