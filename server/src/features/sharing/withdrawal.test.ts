import { asPrincipal } from '../../../tests/support/principal.ts'
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunObject } from '@melzi/contract/run.ts'
import type { NewShare } from '@melzi/contract/share.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from '../../../tests/support/door-house.ts'
import { unitPrice } from '../../../tests/support/factories.ts'
import type { WireEvent } from '../../../tests/support/sse.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { newId } from '../../platform/ids.ts'

/** Said at once, and then nothing until the connection goes. */
const HANGING = { text: ['Once ', 'upon'], hangAfter: 2 }
/** Beside the second that is promised: machines that test are busy. */
const SLACK_MS = 1_500

onEachEngine('what is withdrawn', (engine) => {
  describe('in the middle of a run', () => {
    let house: DoorHouse
    let owner: Somebody
    let friend: Somebody
    let assistant: string

    before(async () => {
      house = await openDoorHouse(engine)
      owner = await house.person()
      friend = await house.person({ workspaceId: owner.workspaceId })
      assistant = (await owner.api.assistant({ instructions: 'Tell a story.' })).id
    })
    after(() => house?.[Symbol.asyncDispose]())

    const share = (body: object): Promise<NewShare> =>
      owner.api.post(`/assistants/${assistant}/shares`, body)

    const opened = async (who: Somebody, aid = assistant) => {
      house.model.push(HANGING)
      const question = `Go on, ${newId('call_')}.`
      const thread = await who.api.thread(question)
      const stream = who.api.stream(`/threads/${thread.id}/runs`, { assistant_id: aid })
      const heard: WireEvent[] = []
      for (;;) {
        const { value, done } = await stream.next()
        assert.ok(done !== true, `the story begins: ${JSON.stringify(heard.at(-1))}`)
        heard.push(value as WireEvent)
        if (heard.at(-1)?.event === 'thread.message.delta') break
      }
      const run = heard.find(({ event }) => event === 'thread.run.created')?.data as RunObject
      const request = house.model.requests.find(({ body }) =>
        JSON.stringify(body).includes(question),
      )
      return { run, stream, request }
    }

    /** What comes from now on. */
    const rest = async (stream: AsyncIterable<WireEvent>): Promise<WireEvent[]> => {
      const events: WireEvent[] = []
      for await (const event of stream) events.push(event)
      return events
    }

    const storedStatus = async (id: string) =>
      (
        await house.context.store.get<{ status: string }>('select status from runs where id = ?1', [
          id,
        ])
      )?.status

    const cancelled = async (id: string): Promise<void> => {
      const until = Date.now() + 5_000
      while ((await storedStatus(id)) !== 'cancelled') {
        assert.ok(Date.now() < until, `the run is ${await storedStatus(id)}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }

    const endsWith = (events: readonly WireEvent[], code: string) => {
      const last = events.at(-1)
      assert.equal(last?.event, 'error', JSON.stringify(events))
      const { error } = last.data as { error: { code: string; type: string } }
      assert.equal(error.code, code)
      assert.equal(error.type, 'invalid_request_error')
    }

    /** Of the events route, whose error has no `id:` line. */
    const isLastWord = (text: string, code: string): boolean =>
      new RegExp(`\\n\\nevent: error\\ndata: .*"code":"${code}".*\\n\\n$`).test(text)

    type Prepare = (aid: string, friend: Somebody) => Promise<() => Promise<unknown>>
    const shareOf = (aid: string, body: object): Promise<NewShare> =>
      owner.api.post(`/assistants/${aid}/shares`, body)
    const withdrawn = (aid: string, id: string) => () =>
      owner.api.delete(`/assistants/${aid}/shares/${id}`)

    const ways: [title: string, prepare: Prepare][] = [
      [
        'a share with a person',
        async (aid, { personId }) => {
          const share = { type: 'person', person_id: personId, access: 'edit' }
          return withdrawn(aid, (await shareOf(aid, share)).id)
        },
      ],
      [
        'a share with the workspace',
        async (aid) => withdrawn(aid, (await shareOf(aid, { type: 'workspace' })).id),
      ],
      [
        'a group that is left',
        async (aid, { workspaceId, personId }) => {
          const group = newId('group_')
          await house.sql(
            'insert into person_groups (workspace_id, id, name, created_at) values (?1, ?2, ?2, 1)',
            workspaceId,
            group,
          )
          await house.sql(
            'insert into group_members (workspace_id, group_id, person_id, added_at) values (?1, ?2, ?3, 1)',
            workspaceId,
            group,
            personId,
          )
          await shareOf(aid, { type: 'group', group_id: group, access: 'view' })
          return () => house.sql('delete from group_members where group_id = ?1', group)
        },
      ],
      [
        'a share whose end comes',
        async (aid, { personId }) => {
          const end = Math.floor(house.context.clock.now() / 1000) + 4
          await shareOf(aid, { type: 'person', person_id: personId, expires_at: end })
          return async () => house.pass(4_000)
        },
      ],
      [
        'a link',
        async (aid, friend) => {
          const { id, link } = await shareOf(aid, { type: 'link' })
          await friend.api.post('/share-links/redeem', { token: link?.token })
          return withdrawn(aid, id)
        },
      ],
    ]
    describe('ends the streams and the run', { concurrency: true }, () => {
      for (const [title, prepare] of ways)
        it(title, async () => {
          const aid = (await owner.api.assistant()).id
          const caller = await house.person({ workspaceId: owner.workspaceId })
          const withdraw = await prepare(aid, caller)
          const mine = await opened(owner, aid)
          const { run, stream, request } = await opened(caller, aid)
          const again = await fetch(
            `${house.baseUrl}/threads/${run.thread_id}/runs/${run.id}/events`,
            { headers: { authorization: `Bearer ${caller.apiKey}` } },
          )
          const replay = again.text()
          await withdraw()
          const at = Date.now()
          const [events, replayed] = await Promise.all([rest(stream), replay])
          const took = Date.now() - at
          assert.ok(took < 1_000 + SLACK_MS, `${took} ms`)
          endsWith(events, 'insufficient_permissions')
          assert.ok(isLastWord(replayed, 'insufficient_permissions'), replayed)
          await cancelled(run.id)
          await request?.closed
          assert.equal(request?.aborted, true)
          // nobody else's
          assert.equal(await storedStatus(mine.run.id), 'in_progress')
          await mine.stream.return(undefined)
          await owner.api.post(`/threads/${mine.run.thread_id}/runs/${mine.run.id}/cancel`)
          await cancelled(mine.run.id)
        })
    })

    it('ends what a key began when the key is deleted, paused, over or kept to others', async () => {
      const deeds: [code: string, deed: (key: Somebody) => Promise<unknown>][] = [
        ['invalid_api_key', (key) => house.context.keys.delete(asPrincipal(owner), key.keyId)],
        [
          'invalid_api_key',
          (key) => house.sql('update api_keys set paused = 1 where id = ?1', key.keyId),
        ],
        [
          'invalid_api_key',
          (key) => house.sql('update api_keys set expires_at = 1 where id = ?1', key.keyId),
        ],
        [
          'insufficient_permissions',
          (key) =>
            house.sql('update api_keys set assistant_ids = ?2 where id = ?1', key.keyId, '[]'),
        ],
      ]
      await Promise.all(
        deeds.map(async ([code, deed]) => {
          const key = await house.key(owner)
          const { run, stream } = await opened(key)
          await deed(key)
          endsWith(await rest(stream), code)
          await cancelled(run.id)
        }),
      )
    })

    it('ends the streams of another key, and not the run of the key that began it', async () => {
      const second = await house.key(owner)
      const { run, stream } = await opened(owner)
      const reply = await fetch(`${house.baseUrl}/threads/${run.thread_id}/runs/${run.id}/events`, {
        headers: { authorization: `Bearer ${second.apiKey}` },
      })
      await house.context.keys.delete(asPrincipal(owner), second.keyId)
      const replayed = await reply.text()
      assert.ok(isLastWord(replayed, 'invalid_api_key'), replayed)
      assert.equal(await storedStatus(run.id), 'in_progress')
      await stream.return(undefined)
      await owner.api.post(`/threads/${run.thread_id}/runs/${run.id}/cancel`)
      await cancelled(run.id)
    })

    it('ends what a person began who is removed', async () => {
      const passing = await house.person({ workspaceId: owner.workspaceId })
      await share({ type: 'person', person_id: passing.personId })
      const { run, stream } = await opened(passing)
      await house.sql('delete from memberships where person_id = ?1', passing.personId)
      endsWith(await rest(stream), 'invalid_api_key')
      await cancelled(run.id)
    })

    it('ends what an owner began who hands over and keeps nothing', async () => {
      const first = await house.person({ workspaceId: owner.workspaceId })
      const aid = (await first.api.assistant()).id
      const { run, stream } = await opened(first, aid)
      const path = `/assistants/${aid}/transfer`
      await first.api.post(path, { person_id: friend.personId, keep: null })
      endsWith(await rest(stream), 'insufficient_permissions')
      await cancelled(run.id)
    })

    it('ends a run that nobody reads, and one that waits for its client', async () => {
      const { id } = await share({ type: 'person', person_id: friend.personId })
      const asked = house.model.requests.length
      house.model.push(HANGING)
      const thread = await friend.api.thread('Go on.')
      const unread = await friend.api.run(thread.id, assistant)
      await house.model.waitForRequests(asked + 1)
      const tooled = (await owner.api.assistant({ tools: [unitPrice] })).id
      const other: NewShare = await owner.api.post(`/assistants/${tooled}/shares`, {
        type: 'person',
        person_id: friend.personId,
      })
      house.model.push({ toolCalls: [{ name: 'unit_price', arguments: {} }] })
      const waiting = await friend.api.settled(
        await friend.api.run((await friend.api.thread('How much?')).id, tooled),
      )
      assert.equal(waiting.status, 'requires_action')
      await owner.api.delete(`/assistants/${assistant}/shares/${id}`)
      await owner.api.delete(`/assistants/${tooled}/shares/${other.id}`)
      await friend.api.refused(
        'POST',
        `/threads/${waiting.thread_id}/runs/${waiting.id}/submit_tool_outputs`,
        { tool_outputs: [{ tool_call_id: 'call_x', output: '1' }] },
        { status: 404 },
      )
      await cancelled(unread.id)
      await cancelled(waiting.id)
      // the thread is its owner's still
      const kept = await friend.api.get<RunObject>(
        `/threads/${waiting.thread_id}/runs/${waiting.id}`,
      )
      assert.equal(kept.status, 'cancelled')
      await friend.api.post(`/threads/${waiting.thread_id}/messages`, {
        role: 'user',
        content: 'Well.',
      })
    })

    it('leaves a run alone whose assistant is deleted', async () => {
      const aid = (await owner.api.assistant()).id
      const { run, stream } = await opened(owner, aid)
      await owner.api.delete(`/assistants/${aid}`)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      assert.equal(await storedStatus(run.id), 'in_progress')
      await stream.return(undefined)
      await owner.api.post(`/threads/${run.thread_id}/runs/${run.id}/cancel`)
    })
  })

  describe('at the next request, before anybody has looked', () => {
    let house: DoorHouse
    before(async () => {
      house = await openDoorHouse(engine, { MELZI_RUN_CONCURRENCY: '1' })
      await house.context.rightWatch[Symbol.asyncDispose]()
    })
    after(() => house?.[Symbol.asyncDispose]())

    it('is not found on the events of a run that goes on, nor are outputs taken', async () => {
      const owner = await house.person()
      const friend = await house.person({ workspaceId: owner.workspaceId })
      const aid = (await owner.api.assistant({ tools: [unitPrice] })).id
      const { id }: NewShare = await owner.api.post(`/assistants/${aid}/shares`, {
        type: 'workspace',
      })
      house.model.push({ toolCalls: [{ name: 'unit_price', arguments: {} }] })
      const thread = await friend.api.thread('How much?')
      const run = await friend.api.settled(await friend.api.run(thread.id, aid))
      const call = run.required_action?.submit_tool_outputs.tool_calls[0]?.id
      await owner.api.delete(`/assistants/${aid}/shares/${id}`)
      const path = `/threads/${thread.id}/runs/${run.id}`
      await friend.api.refused('GET', `${path}/events`, undefined, { status: 404 })
      const body = { tool_outputs: [{ tool_call_id: call, output: '1' }] }
      const other = await friend.api.thread('And now?')
      for (const more of [{}, { stream: true }]) {
        await friend.api.refused(
          'POST',
          `${path}/submit_tool_outputs`,
          { ...body, ...more },
          { status: 404 },
        )
      }
      await friend.api.refused(
        'POST',
        `/threads/${other.id}/runs`,
        { assistant_id: aid },
        {
          status: 404,
        },
      )
      await friend.api.refused(
        'POST',
        `/pluginapi?tid=${thread.id}&aid=${aid}&pid=unit_price`,
        {},
        {
          status: 404,
        },
      )
      assert.equal(
        (await friend.api.request('GET', path)).status,
        200,
        'what was said is its thread’s',
      )
    })
  })
})
