import { seconds, type Clock } from '../../platform/clock.ts'
import { lesser, RIGHTS, type Principal, type Right } from '../../platform/principal.ts'
import type { Reader, SqlValue } from '../../platform/store/store.ts'
import { isAnonymous, sharedAs, usableRows } from './rights-store.ts'

/** What rights are asked about. */
export interface SharedThing {
  workspaceId: string
  id: string
  ownerId: string
}

export type Rights = ReturnType<typeof createRights>

/** The rights on assistants (design 5), looked up at every request, so that what is withdrawn is gone at the next one. */
export const createRights = ({ clock }: { clock: Clock }) => ({
  /**
   * The most a principal may do with an assistant; null when it is none of its business. A person's is the greatest of what is theirs and
   * what was shared; a limited key has no more than it was made for.
   */
  rightOf: async (
    db: Reader,
    principal: Principal,
    assistant: SharedThing,
  ): Promise<Right | null> => {
    if (assistant.workspaceId !== principal.workspaceId) return null
    const { scope } = principal
    if (scope?.assistantIds?.includes(assistant.id) === false) return null
    const most = scope?.most ?? 'own'
    if (assistant.ownerId === principal.personId) return most
    const shared = await sharedAs(db, principal, assistant.id, seconds(clock.now()))
    const greatest = RIGHTS.findLast((right) => shared.some((access) => access === right))
    if (greatest === undefined) return null
    // whoever is nobody in particular uses, whatever a group or link would give
    const isNobody =
      principal.role === 'guest' &&
      greatest !== 'use' &&
      (await isAnonymous(db, principal.personId))
    return lesser(isNobody ? 'use' : greatest, most)
  },

  /** The assistants a principal may see in a list, as a condition on their rows. */
  usable: (principal: Principal): { where: string; params: SqlValue[] } =>
    usableRows(principal, seconds(clock.now())),
})
