import type {
  CreateKeyRequest,
  CreateShareKeyRequest,
  ModifyKeyRequest,
} from '@melzi/contract/key.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import {
  isAdmin,
  requireFull,
  requireUnbound,
  type Principal,
  type Right,
} from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { Actor, AuditLog } from '../audit/service.ts'
import { findLimits, setLimits, type Limits } from '../usage/service.ts'
import { createKeyCheck } from './key-check.ts'
import { commonOf, limitsOf, merged, mostOf, NO_LIMITS, unique } from './key-settings.ts'
import { hashKey, newKeyText, shownOf } from './key-text.ts'
import {
  deleteKey,
  findKey,
  findKeyByHash,
  insertKey,
  listKeys,
  replaceText,
  updateKey,
  type KeyRecord,
  type KeysOf,
} from './store.ts'
import { deleteWindow } from './window-store.ts'

export { newKeyText } from './key-text.ts'
export { createAllowances, type Allowances } from './allowances.ts'
export type { KeyRecord } from './store.ts'

/** The person a key speaks for. */
export type KeyOwner = Pick<Principal, 'workspaceId' | 'personId'>

/** A key with its limits. */
export interface Key extends KeyRecord {
  limits: Limits
}

/** A key and its text: the only moment it exists in the clear. */
export interface NewKey {
  key: Key
  text: string
}

/** What a new key is; what is left out holds nothing back. */
export interface KeySettings {
  name: string
  assistantIds?: string[] | null
  most?: KeyRecord['most']
  shared?: boolean
  origins?: string[] | null
  expiresAt?: number | null
  limits?: Limits
}

export interface KeyServiceDeps {
  store: Store
  clock: Clock
  log: Logger
  audit: AuditLog
  /** @throws AppError 404 or 403 unless the principal has the right on the assistant */
  checkAssistant: (db: Reader, who: Principal, id: string, right: Right) => Promise<unknown>
}

export type KeyService = ReturnType<typeof createKeyService>

/** Whether a text is a key that is not deleted; this is no use of it. */
export const isKnownKey = async (db: Reader, text: string): Promise<boolean> =>
  (await findKeyByHash(db, hashKey(text))) !== null

/** API keys. A key is looked up by hash on every request and never cached, so a deleted one is dead on the very next (design 5). */
export const createKeyService = (deps: KeyServiceDeps) => {
  const { store, clock, audit, checkAssistant } = deps
  const check = createKeyCheck(deps)

  const note = (tx: Tx, who: Actor, verb: string, id: string, details = {}): Promise<void> =>
    audit.note(tx, who, { action: `key.${verb}`, kind: 'api_key', id, details })

  const add = async (
    tx: Tx,
    owner: KeyOwner & Actor,
    settings: KeySettings,
    text: string,
  ): Promise<Key> => {
    const { limits = NO_LIMITS, ...given } = settings
    const now = seconds(clock.now())
    const record: KeyRecord = {
      assistantIds: null,
      most: 'own',
      shared: false,
      origins: null,
      expiresAt: null,
      ...given,
      id: newId('key_'),
      workspaceId: owner.workspaceId,
      personId: owner.personId,
      ...shownOf(text),
      createdAt: now,
      lastUsedAt: null,
      paused: false,
    }
    await insertKey(tx, record, hashKey(text))
    await setLimits(tx, record.workspaceId, { kind: 'key', id: record.id }, limits, now)
    await note(tx, owner, 'create', record.id, { shared: record.shared })
    return { ...record, limits }
  }

  const withLimits = async (db: Reader, records: readonly KeyRecord[]): Promise<Key[]> => {
    const [first] = records
    if (first === undefined) return []
    const subjects = records.map(({ id }) => ({ kind: 'key' as const, id }))
    const found = await findLimits(db, first.workspaceId, subjects)
    return records.map((record) => ({
      ...record,
      limits: found.find(({ subject }) => subject.id === record.id) ?? NO_LIMITS,
    }))
  }

  const withItsLimits = async (db: Reader, record: KeyRecord): Promise<Key> =>
    (await withLimits(db, [record]))[0] ?? { ...record, limits: NO_LIMITS }

  const hasRight = async (db: Reader, who: Principal, id: string, right: Right) =>
    checkAssistant(db, who, id, right).then(
      () => true,
      () => false,
    )

  /** @returns whose it is: the principal's own, or one that it may only read, pause and delete. @throws AppError 404 for any other */
  const getManaged = async (
    db: Reader,
    principal: Principal,
    id: string,
  ): Promise<{ record: KeyRecord; own: boolean }> => {
    requireFull(principal)
    const record = await findKey(db, principal.workspaceId, id)
    if (record === null) throw errors.notFound('key', id)
    const own = record.personId === principal.personId
    if (own || isAdmin(principal)) return { record, own }
    const [assistantId] = record.assistantIds ?? []
    // whoever has an assistant may take back what was handed out before
    if (record.shared && assistantId !== undefined)
      if (await hasRight(db, principal, assistantId, 'own')) return { record, own }
    throw errors.notFound('key', id)
  }

  const getOwn = async (tx: Tx, principal: Principal, id: string): Promise<KeyRecord> => {
    const { record, own } = await getManaged(tx, principal, id)
    if (!own)
      throw errors.forbidden(
        'Keys of others can be paused and deleted, but not changed or renewed.',
      )
    requireUnbound(principal)
    return record
  }

  const checkEnd = (expiresAt: number | null): void => {
    if (expiresAt !== null && expiresAt <= seconds(clock.now()))
      throw errors.invalid('The end of a key must lie ahead.', 'expires_at', 'invalid_value')
  }

  /** @throws AppError 404 for one that the principal may not use */
  const checkAssistants = async (tx: Tx, who: Principal, ids: readonly string[]): Promise<void> => {
    for (const id of ids) await checkAssistant(tx, who, id, 'use')
  }

  const list = async (workspaceId: string, whose: KeysOf, query: PageQuery): Promise<Page<Key>> => {
    const page = await listKeys(store, workspaceId, whose, query)
    return { items: await withLimits(store, page.items), hasMore: page.hasMore }
  }

  /**
   * Adds a key as it is asked for, inside another unit. The caller has checked that its person may make keys.
   * @throws AppError 404 for an assistant the person may not use, 400 for an end that is over
   */
  const addAsked = async (
    tx: Tx,
    principal: Principal,
    request: CreateKeyRequest,
    text: string,
  ): Promise<Key> => {
    checkEnd(request.expires_at)
    const assistantIds = unique(request.assistant_ids)
    await checkAssistants(tx, principal, assistantIds ?? [])
    const most = mostOf(request.access)
    return add(tx, principal, { ...commonOf(request), assistantIds, most }, text)
  }

  return {
    /** Adds a key of a given text (see {@link newKeyText}) inside another feature's write unit. Asks for no right. */
    add,

    /** Whether a key reaches less than its person; false for one that is gone. */
    isLimited: async (db: Reader, workspaceId: string, id: string): Promise<boolean> => {
      const key = await findKey(db, workspaceId, id)
      return key !== null && (key.assistantIds !== null || key.most !== 'own')
    },
    addAsked,

    /**
     * A new key for its maker.
     * @throws AppError 403 for keys that are limited or bound, and guests; 404 for an assistant its maker may not use
     */
    create: (principal: Principal, request: CreateKeyRequest): Promise<NewKey> => {
      const text = newKeyText(request.long)
      return store.write('key.create', async (tx) => {
        requireUnbound(principal)
        return { key: await addAsked(tx, principal, request, text), text }
      })
    },

    /**
     * A key to hand an assistant to others: they may use it, see nothing else, and nothing of each other.
     * @throws AppError 404 or 403 unless the principal has the assistant; 403 as create
     */
    share: (
      principal: Principal,
      assistantId: string,
      request: CreateShareKeyRequest,
    ): Promise<NewKey> => {
      const text = newKeyText(request.long)
      return store.write('key.share', async (tx) => {
        await checkAssistant(tx, principal, assistantId, 'own')
        requireUnbound(principal)
        checkEnd(request.expires_at)
        const settings: KeySettings = {
          ...commonOf(request),
          assistantIds: [assistantId],
          most: 'use',
          shared: true,
        }
        return { key: await add(tx, principal, settings, text), text }
      })
    },

    /** @throws AppError 404 or 403 unless the principal has the assistant */
    listShared: async (
      principal: Principal,
      assistantId: string,
      query: PageQuery,
    ): Promise<Page<Key>> => {
      await checkAssistant(store, principal, assistantId, 'own')
      requireFull(principal)
      return list(principal.workspaceId, { sharedAssistantId: assistantId }, query)
    },

    /** The principal's own keys, or for admins those of a person. @throws AppError 403 */
    list: async (
      principal: Principal,
      query: PageQuery,
      personId: string = principal.personId,
    ): Promise<Page<Key>> => {
      requireFull(principal)
      if (personId !== principal.personId && !isAdmin(principal))
        throw errors.forbidden('Only admins of the workspace see the keys of others.', 'person_id')
      return list(principal.workspaceId, { personId }, query)
    },

    /** @throws AppError 404 unless it is the principal's, or one that it may withdraw */
    get: async (principal: Principal, id: string): Promise<Key> =>
      withItsLimits(store, (await getManaged(store, principal, id)).record),

    /**
     * Changes what the request names.
     * @throws AppError 404 for a foreign key, 403 for changes to a key that the principal may only withdraw
     */
    update: (principal: Principal, id: string, request: ModifyKeyRequest): Promise<Key> =>
      store.write('key.update', async (tx) => {
        const { paused, ...others } = request
        const fields = Object.keys(others)
        // pausing is withdrawing, which more may than change it
        const withdraws = fields.length === 0 && paused !== false
        const before = withdraws
          ? (await getManaged(tx, principal, id)).record
          : await getOwn(tx, principal, id)
        if (before.shared && (others.assistant_ids !== undefined || others.access !== undefined))
          throw errors.invalid(
            'A key that shares an assistant reaches this assistant only.',
            others.access === undefined ? 'assistant_ids' : 'access',
            'invalid_value',
          )
        if (others.expires_at !== undefined) checkEnd(others.expires_at)
        const record = merged(before, request)
        const known = new Set(before.assistantIds)
        const added = (record.assistantIds ?? []).filter((one) => !known.has(one))
        await checkAssistants(tx, principal, added)
        await updateKey(tx, record)
        const { limits } = await withItsLimits(tx, record)
        const now = limitsOf(others.limits, limits)
        if (others.limits !== undefined)
          await setLimits(tx, record.workspaceId, { kind: 'key', id }, now, seconds(clock.now()))
        if (fields.length > 0) await note(tx, principal, 'update', id, { fields })
        if (record.paused !== before.paused)
          await note(tx, principal, record.paused ? 'pause' : 'resume', id)
        return { ...record, limits: now }
      }),

    /** Another text for the same key; the old one is refused at once. @throws AppError as update */
    rotate: (principal: Principal, id: string, long: boolean): Promise<NewKey> => {
      const text = newKeyText(long)
      return store.write('key.rotate', async (tx) => {
        const record = { ...(await getOwn(tx, principal, id)), ...shownOf(text) }
        await replaceText(tx, record, hashKey(text))
        await note(tx, principal, 'rotate', id)
        return { key: await withItsLimits(tx, record), text }
      })
    },

    /**
     * Ends a key; the very next request with it is refused, on every node.
     * @throws AppError 404 unless it is the principal's, or one that it may withdraw
     */
    delete: (principal: Principal, id: string): Promise<void> =>
      store.write('key.delete', async (tx) => {
        const { record } = await getManaged(tx, principal, id)
        const { workspaceId } = record
        await deleteKey(tx, workspaceId, id)
        await setLimits(tx, workspaceId, { kind: 'key', id }, NO_LIMITS, seconds(clock.now()))
        await deleteWindow(tx, workspaceId, 'key', id)
        await note(tx, principal, 'delete', id, { person_id: record.personId })
      }),

    /** Whether a text is a key that is not deleted; unlike findPrincipal this is no use of it. */
    isAlive: (text: string): Promise<boolean> => isKnownKey(store, text),

    ...check,
  }
}
