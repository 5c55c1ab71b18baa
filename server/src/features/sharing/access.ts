import { seconds, type Clock } from '../../platform/clock.ts'
import { RIGHTS, type Principal, type Right } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Store } from '../../platform/store/store.ts'
import {
  listPeopleWithAccess,
  listWays,
  type PersonWithAccess,
  type WayKind,
} from './access-store.ts'
import type { Shares } from './shares.ts'

/** One way by which somebody has access. */
export interface Way {
  type: WayKind | 'owner'
  /** Null for the owner. */
  shareId: string | null
  access: Right
}

/** A person who has access, and by which ways. */
export interface Access {
  person: PersonWithAccess
  access: Right
  ways: Way[]
}

/** Who has access to an assistant now: what its owner sees. */
export const createAccessList =
  ({ store, clock, shares }: { store: Store; clock: Clock; shares: Pick<Shares, 'getManaged'> }) =>
  async (principal: Principal, assistantId: string, query: PageQuery): Promise<Page<Access>> => {
    const assistant = await shares.getManaged(store, principal, assistantId)
    const now = seconds(clock.now())
    const page = await listPeopleWithAccess(store, assistant, now, query)
    const ids = page.items.map(({ id }) => id)
    const shared = await listWays(store, assistant, ids, now)
    const items = page.items.map((person): Access => {
      const ways: Way[] = shared
        .filter(({ personId }) => personId === person.id)
        .map(({ type, shareId, access }) => ({ type, shareId, access: limited(person, access) }))
      if (person.id === assistant.ownerId) {
        ways.unshift({ type: 'owner', shareId: null, access: 'own' })
      }
      const greatest = RIGHTS.findLast((right) => ways.some(({ access }) => access === right))
      return { person, access: greatest ?? 'use', ways }
    })
    return { items, hasMore: page.hasMore }
  }

/** As rights.ts has it: whoever is nobody in particular uses. */
const limited = ({ role, email }: PersonWithAccess, access: Right): Right =>
  role === 'guest' && email === null ? 'use' : access
