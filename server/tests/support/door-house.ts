import { makeKey } from './key-service.ts'
import { asPrincipal } from './principal.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config/config.ts'
import { readModelsConfig } from '../../src/config/models-config.ts'
import { createContext, type Context, type Overrides } from '../../src/context.ts'
import { newId } from '../../src/platform/ids.ts'
import type { Role } from '../../src/platform/principal.ts'
import type { Tx } from '../../src/platform/store/store.ts'
import { Api } from './factories.ts'
import {
  startScriptedModel,
  type ScriptedModel,
  type ScriptedModelOptions,
} from './scripted-model.ts'
import type { TestEngine } from './store-engines.ts'

/** Somebody who calls by a key of its own. */
export interface Somebody {
  api: Api
  apiKey: string
  keyId: string
  workspaceId: string
  personId: string
}

export interface DoorHouse extends AsyncDisposable {
  context: Context
  model: ScriptedModel
  baseUrl: string
  /** Moves the server's clock on. */
  pass(milliseconds: number): void
  /** A new person with a key: in a workspace of its own, or in a given one. */
  person(about?: { workspaceId?: string; role?: Role; email?: string }): Promise<Somebody>
  /** Another key of somebody. */
  key(who: Somebody): Promise<Somebody>
  /** Rows written past the door. */
  sql(statement: string, ...params: (string | number | null)[]): Promise<number>
}

/** What stands in for the model's answers, the sandbox and Python. */
export type HouseOverrides = Pick<ScriptedModelOptions, 'handler'> &
  Pick<Overrides, 'sandbox' | 'interpreter'>

/** The whole server in this process behind a real door, on one engine, with a scripted model and a clock that can be moved. */
export const openDoorHouse = async (
  engine: TestEngine,
  settings: Record<string, string> = {},
  { handler, ...overrides }: HouseOverrides = {},
): Promise<DoorHouse> => {
  await using stack = new AsyncDisposableStack()
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-door-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const model = stack.use(await startScriptedModel(handler === undefined ? {} : { handler }))
  const where = await engine.freshConfig()
  const env = {
    MELZI_DATA: dir,
    MELZI_SANDBOX: 'off',
    MELZI_INTERPRETER: 'off',
    MELZI_LOG_LEVEL: 'silent',
    MELZI_MODEL_BASE_URL: model.url,
    MELZI_MODEL_API_KEY: 'sk-scripted-model',
    MELZI_MODEL: 'scripted',
    ...(where.kind === 'postgres' ? { DATABASE_URL: where.url } : {}),
    ...settings,
  }
  let moved = 0
  const clock = { now: () => Date.now() + moved }
  const models = readModelsConfig(env, () => '')
  const context = stack.use(await createContext(readConfig(env), models, { clock, ...overrides }))
  const { store, keys } = context
  const app = createApp(context)
  stack.defer(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await context.dispatcher.start(true)
  context.rightWatch.start()
  const { port } = app.server.address() as AddressInfo
  const baseUrl = `http://127.0.0.1:${port}/v1`

  const withKey = async (owner: { workspaceId: string; personId: string }): Promise<Somebody> => {
    const { key, text } = await makeKey(keys, asPrincipal(owner))
    const { workspaceId, personId } = owner
    const api = new Api({ baseUrl, apiKey: text })
    return { api, apiKey: text, keyId: key.id, workspaceId, personId }
  }
  const owned = stack.move()
  return {
    context,
    model,
    baseUrl,
    pass: (milliseconds) => {
      moved += milliseconds
    },
    person: async (about = {}) =>
      withKey(await store.write('test.person', (tx) => insertPerson(tx, about))),
    key: withKey,
    sql: (statement, ...params) => store.write('test.sql', (tx) => tx.run(statement, params)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const insertPerson = async (
  tx: Tx,
  about: { workspaceId?: string; role?: Role; email?: string },
) => {
  const workspaceId = about.workspaceId ?? newId('ws_')
  const personId = newId('person_')
  if (about.workspaceId === undefined) {
    await tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 1)', [
      workspaceId,
      'Test',
    ])
  }
  await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, ?3, 1)', [
    personId,
    'Tester',
    about.email ?? null,
  ])
  const role = about.role ?? (about.workspaceId === undefined ? 'owner' : 'member')
  await tx.run(
    'insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, ?3, 1)',
    [workspaceId, personId, role],
  )
  return { workspaceId, personId }
}
