import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError, errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { Caller } from '../identity/service.ts'
import type { GuestSessions } from './invited.ts'
import { secretHash } from '../../platform/secret-token.ts'
import { isLinkPassword } from './link-secrets.ts'
import {
  countAttempt,
  insertGuest,
  insertNobody,
  insertRedemption,
  takeAttemptBack,
  type Counted,
} from './redemption-store.ts'
import { isAnonymous, type Access } from './rights-store.ts'
import { findLink } from './store.ts'

/** Seconds in which attempts are counted, and how many there may be: of one client, and of all at one link. */
const LIMITS = {
  password: { windowSeconds: 900, ofAddress: 20, ofLink: 200 },
  // a class sits behind one address
  guest: { windowSeconds: 3600, ofAddress: 200, ofLink: 5_000 },
} as const

/** Who is signed in, in whatever workspace or none. */
export interface Visitor {
  personId: string
  /** By a key that is limited. */
  isLimited: boolean
  /** As far as is known no more than a guest. */
  isGuest: boolean
}

export interface Redeemed {
  workspaceId: string
  assistantId: string
  personId: string
  access: Access
  /** Values of `set-cookie`, where a guest was made. */
  cookies: string[]
}

export interface ShareLinksDeps {
  store: Store
  clock: Clock
  audit: AuditLog
  accounts: GuestSessions
}

export type ShareLinks = ReturnType<typeof createShareLinks>

/** Links by which assistants are taken up: by people who are signed in, in whatever workspace, and by guests. */
export const createShareLinks = (deps: ShareLinksDeps) => {
  const { store, clock, audit, accounts } = deps
  const now = () => seconds(clock.now())

  const getLink = async (token: string) => {
    const link = await findLink(store, secretHash(token), now())
    if (link === null) throw errors.notFound('share link', 'this token')
    return link
  }
  type Link = Awaited<ReturnType<typeof getLink>>

  const counted = (kind: Counted['kind'], from: Caller): Counted[] => [
    { kind, address: from.address ?? 'none' },
    { kind, address: '' },
  ]

  /** Counted before it is looked at, so that many at once are no way around. @throws AppError 429 */
  const count = async (link: Link, kind: Counted['kind'], from: Caller): Promise<void> => {
    const { windowSeconds, ofAddress, ofLink } = LIMITS[kind]
    const at = now()
    const waits = await store.write('share-link.count', async (tx) => {
      const over: number[] = []
      for (const one of counted(kind, from)) {
        const { attempts, since } = await countAttempt(tx, link, one, { now: at, windowSeconds })
        if (attempts > (one.address === '' ? ofLink : ofAddress))
          over.push(since + windowSeconds - at)
      }
      return over
    })
    if (waits.length > 0) throw errors.tooManyAttempts(Math.max(1, ...waits))
  }

  /** @throws AppError 403 without the password or with a wrong one, 429 after too many */
  const checkPassword = async (link: Link, password: string | null, from: Caller) => {
    const kept = link.link?.passwordHash ?? null
    if (kept === null) return
    if (password === null) throw wrongPassword('This link needs a password.', 'password_required')
    await count(link, 'password', from)
    if (!(await isLinkPassword(password, kept)))
      throw wrongPassword('The password of this link is another one.', 'wrong_password')
    await store.write('share-link.uncount', async (tx) => {
      for (const one of counted('password', from)) await takeAttemptBack(tx, link, one)
    })
  }

  /** A guest's session is no account. */
  const isNobody = async (visitor: Visitor | null): Promise<boolean> =>
    visitor === null || (visitor.isGuest && (await isAnonymous(store, visitor.personId)))

  const enter = async (tx: Tx, link: Link, personId: string, from: Caller): Promise<void> => {
    const { workspaceId, id, assistantId } = link
    // taken back in the meantime
    if ((await findLink(tx, link.link?.tokenSha256 ?? '', now())) === null)
      throw errors.notFound('share link', 'this token')
    const isGuest = await insertGuest(tx, workspaceId, personId, now())
    if (!(await insertRedemption(tx, link, personId, now()))) return
    await audit.note(
      tx,
      { workspaceId, personId, from: from.address },
      {
        action: 'share.redeem',
        kind: 'assistant.share',
        id,
        details: { assistant_id: assistantId, joined_as_guest: isGuest },
      },
    )
  }

  return {
    /** All that a link tells to whoever holds it. @throws AppError 404 for a link that is wrong, withdrawn or over */
    async look(token: string) {
      const { name, description, link } = await getLink(token)
      return { name, description, passwordRequired: (link?.passwordHash ?? null) !== null }
    },

    /**
     * Takes a link up: as the person who is signed in, who becomes a guest of the link's workspace where it is not in it; or as somebody new,
     * where the link is open to guests. Again changes nothing.
     * @throws AppError 404 for a link that is wrong, withdrawn or over, one text for all; 401 where nobody is signed in and the link is not
     *   for guests; 403 for a wrong password and for limited keys; 429 after too many attempts
     */
    async redeem(
      request: { token: string; password: string | null },
      visitor: Visitor | null,
      from: Caller,
    ): Promise<Redeemed> {
      if (visitor?.isLimited === true) {
        throw errors.forbidden('This API key is limited and not allowed to do this.')
      }
      const link = await getLink(request.token)
      if (link.link?.guests !== true && (await isNobody(visitor))) throw signInFirst()
      await checkPassword(link, request.password, from)
      if (visitor === null) await count(link, 'guest', from)
      const personId = visitor?.personId ?? newId('person_')
      await store.write('share-link.redeem', async (tx) => {
        if (visitor === null) await insertNobody(tx, { id: personId, name: 'Guest', at: now() })
        await enter(tx, link, personId, from)
      })
      const { workspaceId, assistantId, access } = link
      const cookies = visitor === null ? await accounts.startSession(personId, from) : []
      return { workspaceId, assistantId, personId, access, cookies }
    },
  }
}

const wrongPassword = (message: string, code: string) =>
  new AppError({ status: 403, message, param: 'password', code })

const signInFirst = () =>
  new AppError({
    status: 401,
    message: 'Sign in to open this link.',
    code: 'sign_in_required',
  })
