import assert from 'node:assert/strict'
import { it } from 'node:test'
import { WEBHOOK_EVENTS, WebhookEvent, type RunEventData } from '@melzi/contract/webhook.ts'
import { errors } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import {
  calls,
  finish,
  hang,
  openRunHouse,
  orphan,
  text,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { openWebhooks } from '../../../tests/support/webhook-house.ts'
import type { NotedRun } from './outbox.ts'

const URL = 'http://127.0.0.1:9/'
const reach = { internalHosts: ['127.0.0.1:9'] }

/** What was noted, oldest first. */
const noted = async (store: Store, webhookId?: string) => {
  const rows = await store.all<{ webhook_id: string; event: string; body: string }>(
    'select webhook_id, event, body from webhook_deliveries order by id',
  )
  return rows.filter((row) => webhookId === undefined || row.webhook_id === webhookId)
}

const names = async (store: Store, webhookId?: string) =>
  (await noted(store, webhookId)).map(({ event }) => event)

const aRun = (assistantId: string, owner: Principal, fields: Partial<NotedRun> = {}): NotedRun => ({
  workspaceId: owner.workspaceId,
  id: 'run_a',
  threadId: 'thread_a',
  assistantId,
  ownerId: owner.personId,
  attempt: 1,
  status: 'completed',
  createdAt: 1,
  startedAt: 2,
  usage: null,
  lastError: null,
  incompleteReason: null,
  ...fields,
})

onEachEngine('what webhooks are told', (engine) => {
  it('is noted with each end and wait of a run, once, and says nothing of what was said', async () => {
    await using house = await openRunHouse(engine)
    await using home = openWebhooks(house.store, reach)
    await home.create(house.owner, URL, WEBHOOK_EVENTS)
    const secret = 'the-secret-of-the-run'
    const node = await house.node({
      script: (nth, _, signal) => {
        if (nth === 0) return calls(['look', JSON.stringify({ for: secret })])
        if (nth === 1) return [...text(secret), finish()]
        if (nth === 2) return [...text(secret), finish('length')]
        if (nth === 3) throw new Error(secret)
        return hang(text(secret), signal)
      },
    })
    const assistant = await node.assistant(['look'])
    const start = async () => node.create((await node.thread(secret)).id, assistant)

    const asking = await start()
    await node.until(asking, 'requires_action')
    const [call] = JSON.parse(String((await node.row(asking))['required_action']))
      .submit_tool_outputs.tool_calls
    await node.runs.submit(house.owner, asking.threadId, asking.id, {
      tool_outputs: [{ tool_call_id: call.id, output: secret }],
      stream: false,
    })
    await node.until(asking, 'completed')
    await node.until(await start(), 'incomplete')
    await node.until(await start(), 'failed')
    const cancelled = await start()
    await node.until(cancelled, 'in_progress')
    await node.runs.cancel(house.owner, cancelled.threadId, cancelled.id)
    await node.until(cancelled, 'cancelled')
    const brief = await house.node({
      expiresSeconds: 1,
      script: (_, __, signal) => hang([], signal),
    })
    await node.dispatcher[Symbol.asyncDispose]()
    const late = await brief.create((await brief.thread(secret)).id, assistant)
    await brief.until(late, 'expired')

    const rows = await noted(house.store)
    assert.deepEqual(
      rows.map(({ event }) => event),
      [
        'run.requires_action',
        'run.completed',
        'run.incomplete',
        'run.failed',
        'run.cancelled',
        'run.expired',
      ],
    )
    for (const { body } of rows) assert.ok(!body.includes(secret), body)
    const [waits, completed, incomplete, failed] = rows.map(({ event, body }) => {
      const parsed = WebhookEvent.parse(JSON.parse(body))
      assert.equal(parsed.type, event)
      return parsed.data as RunEventData
    })
    assert.equal(waits?.id, asking.id)
    assert.equal(waits?.usage, null)
    assert.equal(waits?.ended_at, null)
    assert.equal(completed?.id, asking.id)
    assert.equal(completed?.thread_id, asking.threadId)
    assert.deepEqual(completed?.usage, {
      prompt_tokens: 20,
      completion_tokens: 10,
      total_tokens: 30,
    })
    assert.ok(completed?.ended_at)
    assert.deepEqual(incomplete?.incomplete_details, { reason: 'max_completion_tokens' })
    assert.deepEqual(failed?.last_error, { code: 'server_error' })
  })

  it('is noted once when the answer to a commit is lost and the unit is tried again', async () => {
    await using house = await openRunHouse(engine)
    await using home = openWebhooks(house.store, reach)
    await home.create(house.owner, URL)
    let lost = 0
    const store = refusing(house.store, (name, phase) => {
      if (lost > 0 || name !== 'run.end' || phase !== 'after') return null
      lost += 1
      return errors.unavailable('the answer to the commit is lost', 1)
    })
    const node = await house.node({ store })
    const run = await node.create((await node.thread()).id, await node.assistant())
    await node.until(run, 'completed')
    assert.equal(lost, 1)
    assert.deepEqual(await names(house.store), ['run.completed'])
  })

  it('is noted once when another node takes the run over', async () => {
    await using house = await openRunHouse(engine)
    await using home = openWebhooks(house.store, reach)
    await home.create(house.owner, URL)
    const go = Promise.withResolvers<void>()
    const stalled = await house.node({
      script: async function* () {
        yield* text('a')
        await go.promise
        yield finish()
      },
    })
    const run = await stalled.create((await stalled.thread()).id, await stalled.assistant())
    await stalled.until(run, 'in_progress')
    await orphan(house, run.id)
    const next = await house.node()
    await next.until(run, 'completed')
    go.resolve()
    await stalled.dispatcher[Symbol.asyncDispose]()
    assert.equal((await next.row(run))['attempt'], 2)
    assert.deepEqual(await names(house.store), ['run.completed'])
  })

  it('reaches the owner of the assistant and the person of the run, and nobody else', async () => {
    await using house = await openFeatureStore(engine)
    const { store } = house
    await using home = openWebhooks(store, reach)
    const owner = await house.person()
    const user = await house.person(owner.workspaceId)
    const stranger = await house.person(owner.workspaceId)
    const foreign = await house.person()
    const assistant = await house.assistant(owner)
    const other = await house.assistant(owner)
    const hooks = {
      owners: await home.create(owner, URL),
      ownersOne: await home.create(owner, URL, ['run.completed'], assistant),
      ownersOther: await home.create(owner, URL, ['run.completed'], other),
      ownersFailures: await home.create(owner, URL, ['run.failed']),
      users: await home.create(user, URL),
      strangers: await home.create(stranger, URL),
      foreign: await home.create(foreign, URL),
    }
    const paused = await home.create(owner, URL)
    await home.webhooks.update(owner, paused.id, { paused: true })
    await store.write('test.note', (tx) => home.outbox.noteRun(tx, aRun(assistant, user)))
    const told = (await noted(store)).map(({ webhook_id }) => webhook_id)
    const expected = [hooks.owners, hooks.ownersOne, hooks.users].map(({ id }) => id)
    assert.deepEqual(told.toSorted(), expected.toSorted())
    const ids = (await noted(store)).map(({ body }) => (JSON.parse(body) as WebhookEvent).id)
    assert.equal(new Set(ids).size, 1, 'one event, told three times')
  })

  it('has shares for the owner and the person they are for, each time anew', async () => {
    await using house = await openFeatureStore(engine)
    const { store } = house
    await using home = openWebhooks(store, reach)
    const owner = await house.person()
    const friend = await house.person(owner.workspaceId)
    const stranger = await house.person(owner.workspaceId)
    const assistant = await house.assistant(owner)
    const owners = await home.create(owner, URL, WEBHOOK_EVENTS)
    const friends = await home.create(friend, URL, WEBHOOK_EVENTS)
    await home.create(stranger, URL, WEBHOOK_EVENTS)
    const share = (type: 'assistant.shared' | 'assistant.unshared', kind: 'person' | 'link') =>
      store.write('test.share', (tx) =>
        home.outbox.noteShare(tx, {
          type,
          workspaceId: owner.workspaceId,
          assistantId: assistant,
          id: 'share_a',
          granteeKind: kind,
          granteeId: kind === 'person' ? friend.personId : 'share_a',
          access: 'use',
          by: owner.personId,
        }),
      )
    await share('assistant.shared', 'person')
    await share('assistant.unshared', 'person')
    await share('assistant.shared', 'person')
    await share('assistant.shared', 'link')
    const [on, off] = ['assistant.shared', 'assistant.unshared']
    assert.deepEqual(await names(store, owners.id), [on, off, on, on])
    assert.deepEqual(await names(store, friends.id), [on, off, on])
    const rows = await noted(store)
    assert.equal(rows.length, 7)
    assert.deepEqual(WebhookEvent.parse(JSON.parse(String(rows[0]?.body))).data, {
      id: 'share_a',
      object: 'assistant.share',
      assistant_id: assistant,
      grantee: { type: 'person', id: friend.personId },
      access: 'use',
      by: owner.personId,
    })
    assert.match(String(rows.at(-1)?.body), /"grantee":\{"type":"link","id":null\}/)
  })
})
