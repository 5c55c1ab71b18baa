import { CreateKeyRequest } from '@melzi/contract/key.ts'
import { presentKey } from '../features/keys/present.ts'
import { newKeyText } from '../features/keys/service.ts'
import { columns, day, type Answer } from './answer.ts'
import type { KeyOptions } from './command.ts'
import { everyItem } from './every-item.ts'
import { actingFor, asPrincipal, type Workbench } from './workbench.ts'

const DAY = 86_400

/**
 * Makes a key for the owner, or for the named member, who is added when the workspace has none of that name. On an empty store the
 * workspace and its owner come first.
 * @throws Error for a number or an origin that is none
 */
export const createKey = async (
  bench: Workbench,
  options: { name: string } & KeyOptions,
  person: string | null,
): Promise<Answer> => {
  const { store, people, keys } = bench
  const request = requestOf(options)
  const text = newKeyText(options.long)
  const key = await store.write('cli.key.create', async (tx) => {
    // Asked twice, for on an empty store a server may be quicker in making the home.
    const owner =
      (await people.findOwner(tx)) ?? (await people.foundHome(tx)) ?? (await people.findOwner(tx))
    if (owner === null) throw new Error('The store has a workspace without an owner.')
    const holder = person === null ? owner : await people.memberNamed(tx, owner.workspaceId, person)
    return keys.addAsked(tx, asPrincipal(holder), request, text)
  })
  return {
    value: { key: text, ...presentKey(key) },
    text: `${text}\n\nThis is the only time the key is shown. Its id, for \`melzi key delete\`, is ${key.id}.`,
  }
}

export const listKeys = async (bench: Workbench, person: string | null): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const keys = await everyItem((query) => bench.keys.list(who, query))
  const now = Date.now() / 1000
  return {
    value: { data: keys.map(presentKey) },
    text: columns([
      ['ID', 'NAME', 'KEY', 'MAY', 'MADE', 'LAST USED', 'ENDS'],
      ...keys.map((key) => [
        key.id,
        key.name,
        `${key.prefix}...${key.lastFour}`,
        `${key.most === 'use' ? 'use' : 'manage'} ${key.assistantIds?.length ?? 'all'}`,
        day(key.createdAt),
        key.lastUsedAt === null ? 'never' : day(key.lastUsedAt),
        stateOf(key, now),
      ]),
    ]),
  }
}

export const pauseKey = async (
  bench: Workbench,
  id: string,
  paused: boolean,
  person: string | null,
): Promise<Answer> => {
  const key = await bench.keys.update(await actingFor(bench, person), id, { paused })
  return { value: presentKey(key), text: paused ? `Paused ${id}.` : `${id} goes on.` }
}

export const deleteKey = async (
  bench: Workbench,
  id: string,
  person: string | null,
): Promise<Answer> => {
  await bench.keys.delete(await actingFor(bench, person), id)
  return { value: { id, deleted: true }, text: `Deleted ${id}.` }
}

const stateOf = (key: { paused: boolean; expiresAt: number | null }, now: number): string => {
  if (key.expiresAt !== null && key.expiresAt <= now) return 'over'
  if (key.paused) return 'paused'
  return key.expiresAt === null ? 'never' : day(key.expiresAt)
}

/** @throws Error naming the option */
const numberOf = (option: string, text: string | null): number | undefined => {
  if (text === null) return undefined
  if (/^\d{1,15}(?:\.\d{1,6})?$/.test(text)) return Number(text)
  throw new Error(`--${option} takes a number, not '${text}'.`)
}

const requestOf = (options: { name: string } & KeyOptions): CreateKeyRequest => {
  const days = numberOf('expires', options.expires)
  const parsed = CreateKeyRequest.safeParse({
    name: options.name,
    assistant_ids: options.assistants.length > 0 ? options.assistants : null,
    access: options.access,
    origins: options.origins.length > 0 ? options.origins : null,
    expires_at: days === undefined ? null : Math.floor(Date.now() / 1000 + days * DAY),
    limits: {
      requests_per_minute: numberOf('requests-per-minute', options.requestsPerMinute),
      tokens_per_day: numberOf('tokens-per-day', options.tokensPerDay),
      money_per_month: numberOf('money-per-month', options.moneyPerMonth),
    },
    long: options.long,
  })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`'${issue?.path.join('.') ?? ''}' is not valid: ${issue?.message ?? ''}`)
}
