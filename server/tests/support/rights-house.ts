import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config/config.ts'
import { createContext, type Context } from '../../src/context.ts'
import { newKeyText } from '../../src/features/keys/service.ts'
import { newId } from '../../src/platform/ids.ts'
import type { Role } from '../../src/platform/principal.ts'
import type { TestEngine } from './store-engines.ts'
import { fakeSandbox } from './fake-sandbox.ts'
import { pythonFile } from './plugin-files.ts'
import { CALLERS, type Caller } from './rights-callers.ts'

const PREFIX = '/api/assts/v1'

export interface Answer {
  status: number
  /** Parsed JSON where it is some. */
  body: unknown
  text: string
}

/** A person of the house. */
export interface Person {
  workspaceId: string
  personId: string
}

export type House = Awaited<ReturnType<typeof buildHouse>>

/** A whole server in this process, with one key for each caller and with things of the owner's. */
export const buildHouse = async (engine: TestEngine) => {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-rights-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const where = await engine.freshConfig()
  const config = readConfig({
    MELZI_DATA: dir,
    MELZI_SANDBOX: 'off',
    MELZI_INTERPRETER: 'off',
    MELZI_LOG_LEVEL: 'silent',
    MELZI_ALLOW_INTERNAL_HOSTS: '127.0.0.1:9',
    ...(where.kind === 'postgres' ? { DATABASE_URL: where.url } : {}),
  })
  const { driver } = fakeSandbox()
  const context = stack.use(
    await createContext(config, { kind: 'demo', isChosen: true }, { sandbox: driver }),
  )
  const app = createApp(context)
  stack.defer(() => app.close())
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  await context.dispatcher.start(false)
  await context.indexer.start(false)
  const { people, keys } = await populate(context)

  const send = async (
    who: Caller,
    method: string,
    address: string,
    body?: unknown,
    root = false,
  ): Promise<Answer> => {
    const isJson = body !== undefined && !(body instanceof FormData)
    const response = await fetch(origin + (root ? '' : PREFIX) + address, {
      method,
      headers: {
        ...(keys[who] === '' ? {} : { authorization: `Bearer ${keys[who]}` }),
        ...(isJson ? { 'content-type': 'application/json' } : {}),
      },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as FormData) }),
    })
    const text = await response.text()
    const type = response.headers.get('content-type') ?? ''
    return {
      status: response.status,
      text,
      body: type.includes('json') ? (JSON.parse(text) as unknown) : null,
    }
  }

  /** Makes something, and gives it. */
  const make = async <T = { id: string }>(
    who: Caller,
    address: string,
    body: unknown,
  ): Promise<T> => {
    const answer = await send(who, 'POST', address, body)
    assert.equal(answer.status, 200, `${who} POST ${address}: ${answer.text}`)
    return answer.body as T
  }

  const assistant = await make('owner', '/assistants', {
    model: 'demo',
    name: 'Shared',
    instructions: 'canary-instructions',
  })
  const share = (assistantId: string) =>
    context.store.write('test.shares', async (tx) => {
      for (const who of ['guest', 'use', 'view', 'edit'] as const) {
        await tx.run(
          `insert into shares (workspace_id, id, assistant_id, grantee_kind, grantee_id, access, created_by, created_at)
         values (?1, ?2, ?3, 'person', ?4, ?5, ?6, 1)`,
          [
            people.owner.workspaceId,
            newId('share_'),
            assistantId,
            people[who].personId,
            who === 'guest' ? 'use' : who,
            people.owner.personId,
          ],
        )
      }
      await tx.run(
        `update api_keys set assistant_ids = ?2, most = 'use' where secret_sha256 = ?1`,
        [sha256(keys.limited), JSON.stringify([assistant.id, assistantId])],
      )
    })
  await share(assistant.id)

  /** Waits until something of the owner's has this status. */
  const until = async (address: string, status: string): Promise<void> => {
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(5)) {
      const { body } = await send('owner', 'GET', address)
      if ((body as { status: string }).status === status) return
    }
    throw new Error(`${address} does not become ${status}`)
  }

  const owned = stack.move()
  return {
    context,
    people,
    keys,
    assistantId: assistant.id,
    send,
    make,
    until,

    /** A new member of the owner's workspace; gives its id. */
    member: (): Promise<string> =>
      context.store.write('test.member', async (tx) => {
        const id = newId('person_')
        await tx.run("insert into people (id, name, email, created_at) values (?1, 'M', null, 1)", [
          id,
        ])
        await tx.run(
          "insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, 'member', 1)",
          [people.owner.workspaceId, id],
        )
        return id
      }),

    /** Another assistant of the owner's, shared in the same way. */
    async sharedCopy(): Promise<string> {
      const { id } = await make('owner', '/assistants', { model: 'demo', name: 'Copy' })
      await share(id)
      return id
    },

    thread: (who: Caller = 'owner') =>
      make(who, '/threads', { messages: [{ role: 'user', content: 'Hello' }] }),
    message: (threadId: string) =>
      make('owner', `/threads/${threadId}/messages`, { role: 'user', content: 'More' }),
    file: (who: Caller = 'owner') => make(who, '/files', fileForm('assistants')),
    plugin: (id: string) => make('owner', '/plugins', pythonFile(id)),
    vectorStore: () => make('owner', '/vector_stores', { name: 'handbook' }),
    upload: (who: Caller = 'owner') =>
      make(who, '/uploads', {
        purpose: 'assistants',
        filename: 'a.txt',
        bytes: 4,
        mime_type: 'text/plain',
      }),

    /** A run of the owner's that has ended, on a thread of its own. */
    async run(): Promise<{ threadId: string; runId: string }> {
      const { id: threadId } = await this.thread()
      const { id: runId } = await make('owner', `/threads/${threadId}/runs`, {
        assistant_id: assistant.id,
      })
      for (const until = Date.now() + 10_000; Date.now() < until;) {
        const { body } = await send('owner', 'GET', `/threads/${threadId}/runs/${runId}`)
        if ((body as { status: string }).status === 'completed') return { threadId, runId }
      }
      throw new Error('a run of the demo model does not end')
    },

    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

export const fileForm = (purpose: string): FormData => {
  const form = new FormData()
  form.set('purpose', purpose)
  form.set('file', new Blob(['text']), 'a.txt')
  return form
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const ROLES: Partial<Record<Caller, Role>> = { guest: 'guest', admin: 'admin', outsider: 'owner' }

const populate = async (context: Context) => {
  const { store, keys } = context
  const people = {} as Record<Caller, Person>
  const texts = {} as Record<Caller, string>
  await store.write('test.people', async (tx) => {
    const home = newId('ws_')
    const other = newId('ws_')
    for (const id of [home, other]) {
      await tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 1)', [id, 'W'])
    }
    // the house needs somebody who owns the workspace and is nobody of the matrix
    for (const who of ['head', ...CALLERS] as const) {
      if (who === 'nobody' || who === 'limited') continue
      const person = {
        workspaceId: who === 'outsider' ? other : home,
        personId: newId('person_'),
      }
      await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, null, 1)', [
        person.personId,
        who,
      ])
      const role: Role = who === 'head' ? 'owner' : (ROLES[who] ?? 'member')
      await tx.run(
        'insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, ?3, 1)',
        [person.workspaceId, person.personId, role],
      )
      if (who !== 'head') people[who] = person
    }
    people.limited = people.owner
    people.nobody = people.foreign
    texts.nobody = ''
    for (const who of CALLERS) {
      if (who === 'nobody') continue
      texts[who] = newKeyText()
      await keys.add(tx, people[who], { name: who }, texts[who])
    }
  })
  return { people, keys: texts }
}
