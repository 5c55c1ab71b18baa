import { seconds, type Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { refuseOrigin } from './key-origins.ts'
import { hashKey, isKeyText } from './key-text.ts'
import {
  findKeyByHash,
  isUsable,
  updateLastUsed,
  type CallingKey,
  type KeyRecord,
} from './store.ts'

/** Seconds between two notes of a key's last use. */
const USE_NOTED_EVERY = 60

/** What every request with a key asks. */
export const createKeyCheck = (deps: { store: Store; clock: Clock; log: Logger }) => {
  const { store, clock, log } = deps
  const beingNoted = new Set<string>()

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
    /** Whether a key may be used at this moment, for whatever goes on after its request: streams. */
    isLive: (keyId: string): Promise<boolean> => isUsable(store, keyId, seconds(clock.now())),

    /**
     * Who a key speaks for; null for a text that is no key of this server, or one that is paused or over.
     * @param from address of the client
     * @param origin of the page that calls; null without one
     * @throws AppError 403 when the key is not for pages of this origin
     */
    findPrincipal: async (
      text: string,
      from: string | null = null,
      origin: string | null = null,
    ): Promise<Principal | null> => {
      if (!isKeyText(text)) return null
      const key = await findKeyByHash(store, hashKey(text))
      if (key === null || key.paused) return null
      if (key.expiresAt !== null && key.expiresAt <= seconds(clock.now())) return null
      refuseOrigin(key.origins, origin)
      noteUse(key)
      return principalOf(key, from)
    },
  }
}

const principalOf = (key: CallingKey, from: string | null): Principal => {
  const { id, workspaceId, personId, role, assistantIds, most, shared, limits } = key
  // a key that may all its person may has no scope
  const scope =
    assistantIds === null && most === 'own' ? null : { keyId: id, assistantIds, most, shared }
  const isBound = key.isCounted || key.expiresAt !== null || key.origins !== null
  return { workspaceId, personId, role, keyId: id, sessionId: null, from, scope, limits, isBound }
}
