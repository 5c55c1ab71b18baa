import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { Somebody } from '../../../tests/support/door-house.ts'
import { textOf } from '../../../tests/support/factories.ts'
import {
  CANARIES,
  KNOWN,
  openOutsideHouse,
  type OutsideHouse,
} from '../../../tests/support/outside-house.ts'
import type { WireEvent } from '../../../tests/support/sse.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { ASSISTANTS } from '../../../tests/support/vector-stores.ts'
import { MemoryEventLog } from '../../platform/events/memory-event-log.ts'

/** All that a person gets of a run, by every route that tells of it. */
interface Heard {
  run: RunObject
  steps: RunStepObject[]
  answer: MessageObject
  text: string
}

onEachEngine('runs of a shared assistant', (engine) => {
  describe('told to those who may use it', () => {
    let h: OutsideHouse
    before(async () => {
      h = await openOutsideHouse(engine)
    })
    after(() => h?.[Symbol.asyncDispose]())

    const rawOf = async ({ apiKey }: Somebody, path: string): Promise<string> => {
      const headers = { authorization: `Bearer ${apiKey}` }
      const response = await fetch(h.house.baseUrl + path, { headers })
      const text = await response.text()
      assert.equal(response.status, 200, `${path}: ${text}`)
      return text + JSON.stringify([...response.headers])
    }

    const CONTENT = 'include[]=step_details.tool_calls[*].file_search.results[*].content'

    /** Reads everything there is of a run. */
    const reads = async (who: Somebody, { thread_id, id }: RunObject): Promise<Heard> => {
      const runs = `/threads/${thread_id}/runs`
      const steps = await who.api.steps({ thread_id, id } as RunObject)
      const texts = await Promise.all(
        [
          `/assistants/${h.assistant.id}`,
          '/assistants',
          runs,
          `${runs}/${id}`,
          `${runs}/${id}/events?after=0`,
          `${runs}/${id}/events?after=3`,
          `${runs}/${id}/events?after=999999`,
          `${runs}/${id}/steps?${CONTENT}`,
          ...steps.map((step) => `${runs}/${id}/steps/${step.id}?${CONTENT}`),
          `/threads/${thread_id}`,
          `/threads/${thread_id}/messages`,
          '/files',
        ].map((path) => rawOf(who, path)),
      )
      const answer = (await who.api.messages(thread_id)).at(-1)
      assert.ok(answer !== undefined)
      return { run: await who.api.get(`${runs}/${id}`), steps, answer, text: texts.join('\n') }
    }

    /** Runs it on a thread, listening, and reads all there is afterwards. */
    const runs = async (who: Somebody, threadId: string, fields: object = {}): Promise<Heard> => {
      const path = `/threads/${threadId}/runs?${CONTENT}`
      const events: WireEvent[] = await who.api.events(path, {
        assistant_id: h.assistant.id,
        ...fields,
      })
      const run = events.find(({ event }) => event === 'thread.run.created')?.data as RunObject
      const heard = await reads(who, run)
      return { ...heard, text: events.map(({ raw }) => raw).join('\n') + heard.text }
    }

    const holdsNone = (text: string, ...allowed: (keyof typeof CANARIES)[]): void => {
      for (const [what, word] of Object.entries(CANARIES)) {
        if (allowed.includes(what as keyof typeof CANARIES)) continue
        const at = text.indexOf(word)
        assert.ok(at === -1, `${what}: ${text.slice(Math.max(0, at - 300), at + 100)}`)
      }
      for (const id of [h.storeId, h.knowledgeId, h.codeFileId, h.pluginId]) {
        assert.ok(!text.includes(id), `an id of the maker's: ${id}`)
      }
    }

    const ownFileThread = async (who: Somebody): Promise<{ threadId: string; fileId: string }> => {
      const { id: fileId } = await who.api.file('Travel is paid.', 'mine.txt', ASSISTANTS)
      const { id: threadId } = await who.api.post<{ id: string }>('/threads', {
        messages: [
          {
            role: 'user',
            content: 'What of leave?',
            attachments: [{ file_id: fileId, tools: [{ type: 'file_search' }] }],
          },
        ],
      })
      return { threadId, fileId }
    }

    it('show what was said, and nothing of how it is made', async () => {
      await h.share('use')
      const before = h.house.model.requests.length
      const asked = h.python.length
      const { threadId, fileId } = await ownFileThread(h.friend)
      const { run, steps, answer, text } = await runs(h.friend, threadId)
      assert.equal(run.status, 'completed')
      holdsNone(text)
      // it works all the same: the model has the maker's instructions, finds its files and calls its plugin
      const heard = h.heardSince(before)
      assert.ok(heard.includes(CANARIES.instructions))
      assert.ok(textOf(answer).includes(KNOWN))
      // what it is not told it cannot repeat
      for (const word of [CANARIES.knowledgeName, CANARIES.attribute, CANARIES.line]) {
        assert.ok(!heard.includes(word), word)
      }
      assert.deepEqual(h.python[asked]?.files, [])
      // the reader's own file is named; the maker's is not, and has no annotation, whose id could not be read
      assert.match(textOf(answer), /【\d+:\d+†source】/)
      assert.match(textOf(answer), /【\d+:\d+†mine\.txt】/)
      const annotations = answer.content.flatMap((part) =>
        part.type === 'text' ? part.text.annotations : [],
      )
      assert.deepEqual(
        annotations.map((one) => one.type === 'file_citation' && one.file_citation.file_id),
        [fileId],
      )
      // names of tools, not their settings
      assert.equal(run.instructions, null)
      assert.deepEqual(
        run.tools.map(({ type }) => type),
        ['file_search', 'code_interpreter', 'function'],
      )
      const calls = steps.flatMap(({ step_details: details }) =>
        details.type === 'tool_calls' ? details.tool_calls : [],
      )
      assert.deepEqual(
        calls.map(({ type }) => type),
        run.tools.map(({ type }) => type),
      )
    })

    it('name files and give them to Python where the maker says so', async () => {
      const settings = `/assistants/${h.assistant.id}/settings`
      await h.owner.api.post(settings, { shows_citations: true, mounts_files: true })
      try {
        const asked = h.python.length
        const thread = await h.friend.api.thread('What of leave?')
        const { answer } = await runs(h.friend, thread.id)
        assert.ok(textOf(answer).includes(`†${CANARIES.knowledgeName}】`))
        assert.deepEqual(
          h.python[asked]?.files.map(({ id }) => id),
          [h.codeFileId],
        )
      } finally {
        await h.owner.api.post(settings, { shows_citations: false, mounts_files: false })
      }
    })

    it('are judged by the right there is now', async () => {
      await h.share('view')
      const thread = await h.friend.api.thread('What of leave?')
      const { run, answer, text } = await runs(h.friend, thread.id)
      assert.equal(run.instructions, CANARIES.instructions)
      assert.ok(textOf(answer).includes(`†${CANARIES.knowledgeName}】`))
      assert.ok(text.includes(CANARIES.parameter) && text.includes(CANARIES.code))
      await h.share('use')
      const { run: later, steps } = await reads(h.friend, run)
      assert.deepEqual([later.instructions, later.tool_resources], [null, {}])
      // what the answer said to one who could look into it stays said; the rest of the run is closed again
      holdsNone(JSON.stringify([later, steps]))
    })

    it('tell a reader less from the moment on when its right is less', async () => {
      await h.share('view')
      h.house.model.push({ text: ['Once ', 'upon ', 'a ', 'time ', 'there ', 'was'], delayMs: 400 })
      const { id } = await h.friend.api.thread('Tell a story')
      const events: WireEvent[] = []
      const body = { assistant_id: h.assistant.id }
      for await (const event of h.friend.api.stream(`/threads/${id}/runs`, body)) {
        events.push(event)
        if (events.length === 1) await h.share('use')
      }
      const instructionsOf = (name: string) =>
        (events.find(({ event }) => event === name)?.data as RunObject | undefined)?.instructions
      assert.equal(instructionsOf('thread.run.created'), CANARIES.instructions)
      assert.equal(instructionsOf('thread.run.completed'), null)
      assert.equal(events.at(-1)?.event, 'done')
    })

    it('keep from a limited key what the whole key of the same person ran on its thread', async () => {
      const limited = await h.limitedKey()
      const { id } = await limited.api.thread('What of leave?')
      const before = h.house.model.requests.length
      const asked = h.python.length
      const { run, answer } = await runs(h.owner, id)
      assert.equal(run.instructions, CANARIES.instructions)
      assert.ok(textOf(answer).includes(KNOWN))
      assert.deepEqual(h.python[asked]?.files, [])
      assert.ok(!h.heardSince(before).includes(CANARIES.knowledgeName))
      holdsNone((await reads(limited, run)).text)
      holdsNone((await runs(limited, id)).text)
      // on a thread of the owner's own all is as it was
      const own = await h.owner.api.thread('What of leave?')
      const { answer: told } = await runs(h.owner, own.id)
      assert.ok(textOf(told).includes(`†${CANARIES.knowledgeName}】`))
      assert.ok(textOf(told).includes(CANARIES.line))
    })

    it('fail without the words of the provider, which may quote what it was told', async () => {
      const refusal = { error: { message: `bad: ${CANARIES.provider} ${CANARIES.instructions}` } }
      h.house.model.push({ status: 400, body: refusal })
      const { id } = await h.friend.api.thread('Hello')
      const path = `/threads/${id}/runs`
      const events = await h.friend.api.events(path, { assistant_id: h.assistant.id })
      const run = events.find(({ event }) => event === 'thread.run.failed')?.data as RunObject
      assert.equal(run.status, 'failed')
      assert.deepEqual(run.last_error, {
        code: 'invalid_prompt',
        message: 'The model refused this request.',
      })
      holdsNone(events.map(({ raw }) => raw).join('\n'))
      holdsNone((await reads(h.friend, run)).text)
    })

    it('take no settings in place of its own from those who may use it, here and with a new thread', async () => {
      const { id } = await h.friend.api.thread('Hello')
      const begun = h.house.model.requests.length
      for (const [name, value] of [
        ['model', 'scripted'],
        ['instructions', 'Say all you know.'],
        ['tools', []],
      ] as const) {
        const body = { assistant_id: h.assistant.id, [name]: value }
        const refusal = { status: 403, param: name }
        await h.friend.api.refused('POST', `/threads/${id}/runs`, body, refusal)
        await h.friend.api.refused('POST', '/threads/runs', body, refusal)
      }
      const resources = { code_interpreter: { file_ids: [] } }
      const body = { assistant_id: h.assistant.id, tool_resources: resources }
      const refusal = { status: 403, param: 'tool_resources' }
      await h.friend.api.refused('POST', '/threads/runs', body, refusal)
      assert.equal(h.house.model.requests.length, begun)
      const allowed = {
        additional_instructions: 'Be brief.',
        additional_messages: [{ role: 'user', content: 'And travel?' }],
        metadata: { of: 'mine' },
        max_completion_tokens: 4_000,
        tool_choice: 'auto',
        truncation_strategy: { type: 'last_messages', last_messages: 5 },
      }
      const { run, text } = await runs(h.friend, id, allowed)
      assert.deepEqual([run.status, run.metadata], ['completed', { of: 'mine' }])
      holdsNone(text)
    })

    it('give the plugin on its own address without its lines too, and its owner not what was said', async () => {
      const settings = `/assistants/${h.assistant.id}/settings`
      await h.owner.api.post(settings, { plugin_mode: 'client' })
      const { id } = await h.friend.api.thread('I am ill')
      const call = async (
        who: Somebody,
        threadId: string,
      ): Promise<{ text: string; call_id: string }> => {
        const address = `${h.house.baseUrl}/pluginapi?tid=${threadId}&aid=${h.assistant.id}&pid=look`
        const headers = { authorization: `Bearer ${who.apiKey}` }
        const response = await fetch(address, {
          method: 'POST',
          headers,
          body: JSON.stringify({ what: 'I am ill' }),
        })
        assert.equal(response.status, 200)
        return (await response.json()) as { text: string; call_id: string }
      }
      const { text, call_id: callId } = await call(h.friend, id)
      assert.equal(text, 'The plugin failed: NameError.')
      const record = JSON.parse(
        await rawOf(h.owner, `/plugins/${h.pluginId}/calls/${callId}`).then((raw) =>
          raw.slice(0, raw.lastIndexOf('}') + 1),
        ),
      ) as {
        arguments: string
        output: unknown
        stderr: unknown
        error: { message: string; traceback: string }
      }
      assert.deepEqual([record.arguments, record.output, record.stderr], ['', null, null])
      assert.equal(record.error.message, 'NameError')
      assert.match(record.error.traceback, /line 2.*\n.*zebra_line\nNameError$/s)
      const own = await h.owner.api.thread('Hello')
      const told = await call(h.owner, own.id)
      assert.ok(told.text.includes(CANARIES.line))
      const whole = await rawOf(h.owner, `/plugins/${h.pluginId}/calls/${told.call_id}`)
      assert.ok(whole.includes('I am ill') && whole.includes('not defined'))
      await h.owner.api.post(settings, { plugin_mode: 'server' })
    })

    it('let whoever may change the assistant send back what is there, and add only what is theirs', async () => {
      await h.share('edit')
      const path = `/assistants/${h.assistant.id}`
      const whole = await h.friend.api.get<AssistantObject>(path)
      const { instructions, tools, tool_resources, metadata } = whole
      assert.deepEqual(tool_resources, h.assistant.tool_resources)
      const back = { instructions, tools, tool_resources, metadata }
      const kept = await h.friend.api.post<AssistantObject>(path, back)
      assert.deepEqual(kept, whole)
      const { id: foreign } = await h.owner.api.file('x', 'other.csv', ASSISTANTS)
      const added = { code_interpreter: { file_ids: [h.codeFileId, foreign] } }
      await h.friend.api.refused('POST', path, { tool_resources: added }, { status: 404 })
      const { id: mine } = await h.friend.api.file('x', 'mine.csv', ASSISTANTS)
      const own = { code_interpreter: { file_ids: [h.codeFileId, mine] } }
      const after = await h.friend.api.post<AssistantObject>(path, { tool_resources: own })
      assert.deepEqual(after.tool_resources?.code_interpreter, own.code_interpreter)
      await h.friend.api.post(path, { tool_resources })
      // what stands behind it stays its owner's
      for (const theirs of [
        `/vector_stores/${h.storeId}`,
        `/vector_stores/${h.storeId}/files/${h.knowledgeId}/content`,
        `/files/${h.codeFileId}`,
        `/plugins/${h.pluginId}/file`,
      ]) {
        await h.friend.api.refused('GET', theirs, undefined, { status: 404 })
      }
      await h.share('use')
    })

    it('leave calls of the client whole, and the run closed before and after them', async () => {
      const description = CANARIES.parameter
      const { id: aid } = await h.owner.api.assistant({
        instructions: CANARIES.instructions,
        tools: [{ type: 'function', function: { name: 'clock_in', description } }],
      })
      const share = { type: 'person', person_id: h.friend.personId, access: 'use' }
      await h.owner.api.post(`/assistants/${aid}/shares`, share)
      h.house.model.push({ toolCalls: [{ name: 'clock_in', arguments: { at: 'nine' } }] })
      const { id } = await h.friend.api.thread('Good morning')
      const before = await h.friend.api.events(`/threads/${id}/runs`, { assistant_id: aid })
      const waiting = before.find(({ event }) => event === 'thread.run.requires_action')
        ?.data as RunObject
      const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? []
      assert.deepEqual(call?.function, { name: 'clock_in', arguments: '{"at":"nine"}' })
      h.house.model.push({ text: 'Done.' })
      const after = await h.friend.api.events(
        `/threads/${id}/runs/${waiting.id}/submit_tool_outputs`,
        { tool_outputs: [{ tool_call_id: call?.id, output: 'noted' }] },
      )
      assert.ok(after.some(({ raw }) => raw.includes('noted')))
      const { steps, text } = await reads(h.friend, waiting)
      assert.ok(JSON.stringify(steps).includes('noted'))
      holdsNone([...before, ...after].map(({ raw }) => raw).join('\n') + text)
    })

    it('give what is stored in the same way when the events are gone', async () => {
      const { id } = await h.friend.api.thread('What of leave?')
      const { run } = await runs(h.friend, id)
      h.house.pass(10 * 60_000)
      const { events } = h.house.context
      assert.ok(events instanceof MemoryEventLog)
      events.sweep()
      const path = `/threads/${id}/runs/${run.id}/events?after=0`
      const text = await rawOf(h.friend, path)
      assert.ok(text.includes('thread.run.snapshot'), text.slice(0, 200))
      holdsNone(text)
      assert.ok((await rawOf(h.friend, path)).includes(KNOWN))
    })
  })
})
