/** A whole server in this process, with a maker whose every private text is a canary, and people with each right on what it made. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config/config.ts'
import { readModelsConfig } from '../../src/config/models-config.ts'
import { createContext, type Context } from '../../src/context.ts'
import { newKeyText } from '../../src/features/keys/service.ts'
import { presentRun } from '../../src/features/runs/present.ts'
import type { RunRecord } from '../../src/features/runs/run-record.ts'
import { newId } from '../../src/platform/ids.ts'
import { createLog } from '../../src/platform/log.ts'
import { createMailer } from '../../src/platform/mail.ts'
import type { Role } from '../../src/platform/principal.ts'
import { CANARIES, leakyModel, leakySandbox } from './canaries.ts'
import { fakePython } from './fake-python.ts'
import { pythonFile } from './plugin-files.ts'
import { startScriptedModel } from './scripted-model.ts'
import type { TestEngine } from './store-engines.ts'

const BASE = '/v1'
/** Whatever is not answered by then fails the test that asked. */
const ANSWER_MS = 10_000

/** What an answer of the server was, all of it. */
export interface Heard {
  what: string
  status: number
  headers: string
  bytes: Buffer
  text: string
}

/** Somebody who calls, and all that it ever heard. */
export interface Caller {
  name: string
  personId: string
  headers: Record<string, string>
  heard: Heard[]
}

export type LeakHouse = Awaited<ReturnType<typeof openLeakHouse>>

const jsonOf = <T>(text: string): T => JSON.parse(text) as T

/** The service behind the maker's OpenAPI plugin: it fails, and says why. */
const startService = async () => {
  const address = `/${CANARIES.openapiUrl}`
  const document = {
    openapi: '3.1.0',
    info: { title: CANARIES.openapiTitle, version: '1' },
    paths: {
      [`${address}/weather`]: { get: { operationId: 'weather', summary: CANARIES.openapiTitle } },
    },
  }
  const server = createServer((request, response) => {
    const isDocument = request.url === `${address}/openapi.json`
    response.writeHead(isDocument ? 200 : 500, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isDocument ? document : { error: CANARIES.upstream }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { host, url: `http://${host}${address}/openapi.json`, stop }
}

export const openLeakHouse = async (engine: TestEngine) => {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-leak-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const model = stack.use(await startScriptedModel({ handler: leakyModel }))
  const service = await startService()
  stack.defer(service.stop)
  const where = await engine.freshConfig()
  const env = {
    MELZI_DATA: dir,
    MELZI_SANDBOX: 'off',
    MELZI_INTERPRETER: 'off',
    MELZI_LOG_LEVEL: 'silent',
    MELZI_ALLOW_INTERNAL_HOSTS: service.host,
    MELZI_MODEL_BASE_URL: model.url,
    MELZI_MODEL_API_KEY: 'sk-scripted-model',
    MELZI_MODEL: 'scripted',
    ...(where.kind === 'postgres' ? { DATABASE_URL: where.url } : {}),
  }
  const python = fakePython(() => Promise.resolve({ logs: CANARIES.codeLogs }))
  const mailer = createMailer({ smtpUrl: null, from: 'x' }, createLog('silent'), () => undefined)
  const context = stack.use(
    await createContext(
      readConfig(env),
      readModelsConfig(env, () => ''),
      { sandbox: leakySandbox(), interpreter: python.interpreter, mailer },
    ),
  )
  const app = createApp(context)
  stack.defer(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  await context.dispatcher.start(true)
  await context.indexer.start(false)

  /** Asks, and remembers the answer whole. @param until ends the reading of a stream: it gets the text so far */
  const ask = async (
    who: Caller,
    method: string,
    address: string,
    body?: unknown,
    until?: (text: string) => boolean,
  ): Promise<Heard> => {
    const isForm = body instanceof FormData
    const leave = new AbortController()
    const response = await fetch(origin + (address.startsWith('/api/') ? '' : BASE) + address, {
      method: method.toUpperCase(),
      signal: AbortSignal.any([leave.signal, AbortSignal.timeout(ANSWER_MS)]),
      redirect: 'manual',
      headers: {
        ...who.headers,
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    })
    const pieces: Buffer[] = []
    const reader = response.body?.getReader()
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (value !== undefined) pieces.push(Buffer.from(value))
      if (done || until?.(Buffer.concat(pieces).toString()) === true) break
    }
    leave.abort()
    const bytes = Buffer.concat(pieces)
    const headers = JSON.stringify([...response.headers])
    const what = `${who.name}: ${method.toUpperCase()} ${address} ${isForm ? '' : (JSON.stringify(body) ?? '')}`
    const heard = { what, status: response.status, headers, bytes, text: bytes.toString() }
    who.heard.push(heard)
    return heard
  }
  const make = async <T = { id: string }>(who: Caller, address: string, body: unknown) => {
    const heard = await ask(who, 'POST', address, body)
    assert.equal(heard.status, 200, `${heard.what}: ${heard.text}`)
    return jsonOf<T>(heard.text)
  }
  const get = async <T>(who: Caller, address: string) => {
    const heard = await ask(who, 'GET', address)
    assert.equal(heard.status, 200, `${heard.what}: ${heard.text}`)
    return jsonOf<T>(heard.text)
  }

  const homeId = await newWorkspace(context)
  /** A new person with a key. */
  const person = async (name: string, role: Role = 'member', workspaceId = homeId) => {
    const personId = await newMember(context, { workspaceId, name, role })
    return keyOf(context, { workspaceId, personId }, { name })
  }
  /** The same person with a key that only uses these assistants. */
  const limitedKey = async (who: Caller, assistantIds: readonly string[]): Promise<Caller> => {
    return keyOf(
      context,
      { workspaceId: homeId, personId: who.personId },
      { name: 'limited key', assistantIds: [...assistantIds], most: 'use' },
    )
  }
  const share = (maker: Caller, assistantId: string, who: Caller, access: string) =>
    make(maker, `/assistants/${assistantId}/shares`, {
      type: 'person',
      person_id: who.personId,
      access,
    })
  /** Somebody new who came by a link. */
  const linkGuest = async (maker: Caller, assistantIds: readonly string[]): Promise<Caller> => {
    const guest: Caller = { name: 'link guest', personId: '', headers: { origin }, heard: [] }
    for (const id of assistantIds) {
      const { link } = await make<{ link: { token: string } }>(maker, `/assistants/${id}/shares`, {
        type: 'link',
        guests: true,
      })
      const answer = await ask(guest, 'POST', '/share-links/redeem', { token: link.token })
      assert.equal(answer.status, 200, answer.text)
      guest.personId = jsonOf<{ person_id: string }>(answer.text).person_id
      const [, cookie] = /"set-cookie","([^;"]+)/.exec(answer.headers) ?? []
      if (cookie !== undefined) guest.headers['cookie'] = cookie
    }
    return guest
  }
  const until = async (who: Caller, address: string, statuses: readonly string[]) => {
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(5)) {
      const { status } = await get<{ status: string }>(who, address)
      if (statuses.includes(status)) return status
    }
    throw new Error(`${address} becomes none of ${statuses.join(', ')}`)
  }
  const upload = (who: Caller, filename: string, text: string, purpose = 'assistants') => {
    const form = new FormData()
    form.set('purpose', purpose)
    form.set('file', new Blob([text]), filename)
    return make(who, '/files', form)
  }
  const plugin = async (maker: Caller, id: string, source: string, secrets: string[] = []) => {
    const file = pythonFile(id, source, { secrets })
    const about = { description_for_model: CANARIES.pluginDescription }
    return make(maker, '/plugins', { ...file, ...about })
  }

  /** As if another node had gone on with a run and come to where it waits: its earlier events are not here. */
  const loseEvents = async (threadId: string, id: string): Promise<void> => {
    const known = { workspaceId: homeId, threadId, id } as RunRecord
    const { run } = await context.runs.snapshot(known)
    const data = JSON.stringify(presentRun(run))
    context.events.append(id, run.attempt + 7, 'thread.run.requires_action', data)
  }

  const owned = stack.move()
  return {
    context,
    homeId,
    /** Another workspace. */
    workspace: () => newWorkspace(context),
    origin,
    openapiUrl: service.url,
    /** What Python was asked to run, with its files. */
    python: python.asked,
    ask,
    make,
    get,
    person,
    limitedKey,
    linkGuest,
    share,
    until,
    upload,
    plugin,
    loseEvents,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const keyOf = async (
  { store, keys }: Context,
  owner: { workspaceId: string; personId: string },
  settings: Parameters<Context['keys']['add']>[2],
): Promise<Caller> => {
  const text = newKeyText()
  await store.write('test.key', (tx) => keys.add(tx, owner, settings, text))
  const headers = { authorization: `Bearer ${text}` }
  return { name: settings.name, personId: owner.personId, headers, heard: [] }
}

const newWorkspace = async ({ store }: Context): Promise<string> => {
  const id = newId('ws_')
  await store.write('test.workspace', async (tx) => {
    await tx.run("insert into workspaces (id, name, created_at) values (?1, 'Test', 1)", [id])
  })
  await newMember({ store } as Context, { workspaceId: id, name: 'head', role: 'owner' })
  return id
}

const newMember = async (
  { store }: Pick<Context, 'store'>,
  about: { workspaceId: string; name: string; role: Role },
): Promise<string> => {
  const id = newId('person_')
  await store.write('test.person', async (tx) => {
    await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, ?3, 1)', [
      id,
      about.name,
      `${id}@example.org`,
    ])
    await tx.run(
      'insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, ?3, 1)',
      [about.workspaceId, id, about.role],
    )
  })
  return id
}
