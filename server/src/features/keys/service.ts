import { createHash, randomBytes } from 'node:crypto'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Principal, Scope } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import {
  deleteKey,
  findKey,
  findKeyByHash,
  insertKey,
  listKeys,
  updateLastUsed,
  type KeyRecord,
} from './store.ts'

export type { KeyRecord } from './store.ts'

const PREFIX = 'mlz_'
/** `mlz_` and the base64url of 32 bytes. */
const FORM = /^mlz_[A-Za-z0-9_-]{43}$/
const SHOWN = 8
/** Seconds between two notes of a key's last use. */
const USE_NOTED_EVERY = 60

/** The person a key speaks for. */
export type KeyOwner = Pick<Principal, 'workspaceId' | 'personId'>

/** A key text with 256 random bits; it is shown once and stored only as its SHA-256. */
export const newKeyText = (): string => PREFIX + randomBytes(32).toString('base64url')

export type KeyService = ReturnType<typeof createKeyService>

/** API keys. A key is looked up by hash on every request and never cached, so a deleted one is dead on the very next (design 5). */
export const createKeyService = (deps: { store: Store; clock: Clock; log: Logger }) => {
  const { store, clock, log } = deps
  const beingNoted = new Set<string>()

  const add = async (tx: Tx, owner: KeyOwner, name: string, text: string): Promise<KeyRecord> => {
    const record: KeyRecord = {
      id: newId('key_'),
      workspaceId: owner.workspaceId,
      personId: owner.personId,
      name,
      prefix: text.slice(0, SHOWN),
      lastFour: text.slice(-4),
      createdAt: seconds(clock.now()),
      lastUsedAt: null,
      assistantIds: null,
      most: 'own',
      shared: false,
      origins: null,
      expiresAt: null,
      paused: false,
    }
    await insertKey(tx, record, hash(text))
    return record
  }

  /** Not awaited by the request: losing one note of use is harmless, a failing store shows itself in the request's own statements. */
  const noteUse = (key: KeyRecord): void => {
    const now = seconds(clock.now())
    if (key.lastUsedAt !== null && now - key.lastUsedAt < USE_NOTED_EVERY) return
    if (beingNoted.has(key.id)) return
    beingNoted.add(key.id)
    store
      .write('key.use', (tx) => updateLastUsed(tx, key.id, now))
      .catch((error: unknown) =>
        log.warn({ err: error, keyId: key.id }, 'could not note the use of a key'),
      )
      .finally(() => beingNoted.delete(key.id))
  }

  return {
    /** Adds a key of a given text (see {@link newKeyText}) inside another feature's write unit. */
    add,

    /** A new key for a person. `text` is the key itself: this is the only moment it exists in the clear. */
    create: async (owner: KeyOwner, name: string): Promise<{ key: KeyRecord; text: string }> => {
      const text = newKeyText()
      const key = await store.write('key.create', (tx) => add(tx, owner, name, text))
      return { key, text }
    },

    list: (owner: KeyOwner, query: PageQuery): Promise<Page<KeyRecord>> =>
      listKeys(store, owner.workspaceId, owner.personId, query),

    /**
     * Ends a key; the very next request with it is refused, on every node.
     * @throws AppError 404 unless it is the person's key
     */
    delete: (owner: KeyOwner, id: string): Promise<void> =>
      store.write('key.delete', async (tx) => {
        const key = await findKey(tx, owner.workspaceId, id)
        if (key === null || key.personId !== owner.personId) throw errors.notFound('key', id)
        await deleteKey(tx, owner.workspaceId, id)
      }),

    /** Whether a key may less than its person; false for one that is gone. */
    isLimited: async (db: Reader, workspaceId: string, id: string): Promise<boolean> => {
      const key = await findKey(db, workspaceId, id)
      return key !== null && scopeOf(key) !== null
    },

    /** Whether a key is alive; unlike findPrincipal this is no use of it. */
    isAlive: async (text: string): Promise<boolean> =>
      (await findKeyByHash(store, hash(text))) !== null,

    /** Who a key speaks for; null for a text that is no key of this server, or one that is paused or over. @param from address of the client. Comparing hashes leaks nothing of the key through time. */
    findPrincipal: async (text: string, from: string | null = null): Promise<Principal | null> => {
      if (!FORM.test(text)) return null
      const key = await findKeyByHash(store, hash(text))
      if (key === null || key.paused) return null
      if (key.expiresAt !== null && key.expiresAt <= seconds(clock.now())) return null
      noteUse(key)
      return {
        workspaceId: key.workspaceId,
        personId: key.personId,
        role: key.role,
        keyId: key.id,
        sessionId: null,
        from,
        scope: scopeOf(key),
      }
    },
  }
}

/** Null for a key that may all its person may. */
const scopeOf = (key: KeyRecord): Scope | null =>
  key.assistantIds === null && key.most === 'own'
    ? null
    : { keyId: key.id, assistantIds: key.assistantIds, most: key.most, shared: key.shared }

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
