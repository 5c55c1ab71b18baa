import type { KeyRecord } from '../features/keys/service.ts'
import { newKeyText } from '../features/keys/service.ts'
import { columns, day, type Answer } from './answer.ts'
import { everyItem } from './every-item.ts'
import { actingFor, type Workbench } from './workbench.ts'

/**
 * Makes a key for the owner, or for the named member, who is added when the workspace has none of that name. On an empty store the
 * workspace and its owner come first.
 */
export const createKey = async (
  bench: Workbench,
  name: string,
  person: string | null,
): Promise<Answer> => {
  const { store, people, keys } = bench
  const text = newKeyText()
  const record = await store.write('cli.key.create', async (tx) => {
    // Asked twice, for on an empty store a server may be quicker in making the home.
    const owner =
      (await people.findOwner(tx)) ?? (await people.foundHome(tx)) ?? (await people.findOwner(tx))
    if (owner === null) throw new Error('The store has a workspace without an owner.')
    const holder = person === null ? owner : await people.memberNamed(tx, owner.workspaceId, person)
    return keys.add(tx, holder, { name }, text)
  })
  return {
    value: { key: text, ...present(record) },
    text: `${text}\n\nThis is the only time the key is shown. Its id, for \`melzi key delete\`, is ${record.id}.`,
  }
}

export const listKeys = async (bench: Workbench, person: string | null): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const records = await everyItem((query) => bench.keys.list(who, query))
  return {
    value: { data: records.map(present) },
    text: columns([
      ['ID', 'NAME', 'KEY', 'MADE', 'LAST USED'],
      ...records.map((key) => [
        key.id,
        key.name,
        `${key.prefix}...${key.lastFour}`,
        day(key.createdAt),
        key.lastUsedAt === null ? 'never' : day(key.lastUsedAt),
      ]),
    ]),
  }
}

export const deleteKey = async (
  bench: Workbench,
  id: string,
  person: string | null,
): Promise<Answer> => {
  await bench.keys.delete(await actingFor(bench, person), id)
  return { value: { id, deleted: true }, text: `Deleted ${id}.` }
}

const present = (key: KeyRecord) => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  last_four: key.lastFour,
  person_id: key.personId,
  created_at: key.createdAt,
  last_used_at: key.lastUsedAt,
})
