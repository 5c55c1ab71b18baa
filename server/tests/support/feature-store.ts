import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { newId } from '../../src/platform/ids.ts'
import type { Principal } from '../../src/platform/principal.ts'
import { openStore } from '../../src/platform/store/open-store.ts'
import type { Store, Tx } from '../../src/platform/store/store.ts'
import type { TestEngine } from './store-engines.ts'

export interface FeatureStore extends AsyncDisposable {
  store: Store
  /** A folder of its own, gone with the store. */
  dir: string
  /** A new person in a given workspace, or in one of his own. */
  person(workspaceId?: string): Promise<Principal>
  /** A bare assistant of a person. */
  assistant(owner: Principal): Promise<string>
}

/** A migrated store and a folder of its own for tests of features beside their sources: SQLite in that folder, or of a given engine. */
export const openFeatureStore = async (engine?: TestEngine): Promise<FeatureStore> => {
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-feature-'))
  const file = path.join(dir, 'melzi.db')
  // A store of an engine is closed with its suite.
  const store =
    (await engine?.freshStore()) ??
    (await openStore({ kind: 'sqlite', file }, { migrate: true, exclusive: false }))
  return {
    store,
    dir,
    person: (workspaceId) => store.write('test.person', (tx) => insertPerson(tx, workspaceId)),
    assistant: (owner) => store.write('test.assistant', (tx) => insertAssistant(tx, owner)),
    [Symbol.asyncDispose]: async () => {
      if (engine === undefined) await store[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

const insertPerson = async (tx: Tx, known: string | undefined): Promise<Principal> => {
  const workspaceId = known ?? newId('ws_')
  const personId = newId('person_')
  if (known === undefined) {
    await tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 1)', [
      workspaceId,
      'Test',
    ])
  }
  await tx.run('insert into people (id, name, email, created_at) values (?1, ?2, null, 1)', [
    personId,
    'Tester',
  ])
  await tx.run(
    "insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, 'member', 1)",
    [workspaceId, personId],
  )
  return {
    workspaceId,
    personId,
    role: 'member',
    keyId: newId('key_'),
    sessionId: null,
    from: null,
    scope: null,
  }
}

const insertAssistant = async (tx: Tx, owner: Principal): Promise<string> => {
  const id = newId('asst_')
  await tx.run(
    `insert into assistants (workspace_id, id, owner_id, created_at, model, tools, tool_resources, metadata, temperature, top_p,
       response_format, plugin_mode)
     values (?1, ?2, ?3, 1, 'demo', '[]', '{}', '{}', 1, 1, '"auto"', 'client')`,
    [owner.workspaceId, id, owner.personId],
  )
  return id
}
