import { seconds, type Clock } from '../../platform/clock.ts'
import type { Store } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { Invitations } from './invitations.ts'
import { joinWorkspace } from './member-store.ts'
import type { PeopleService } from './service.ts'

/**
 * Who comes in by single sign-on without an account: whoever was invited, and everybody of a domain that the operator named, who become
 * members of the first workspace.
 * @param deps.domains in lower case
 */
export const createAdmittance = (deps: {
  store: Store
  clock: Clock
  audit: AuditLog
  people: PeopleService
  domains: readonly string[]
}) => {
  const { store, clock, audit, people, domains } = deps
  let invitations: Pick<Invitations, 'isInvited' | 'acceptAll'> | null = null
  const isOfDomain = (email: string): boolean =>
    domains.includes(email.slice(email.lastIndexOf('@') + 1))

  return {
    /** To be called once: invitations need accounts, and accounts this. */
    invites(known: Pick<Invitations, 'isInvited' | 'acceptAll'>): void {
      invitations = known
    },

    mayJoin: async (email: string): Promise<boolean> =>
      isOfDomain(email) || (await invitations?.isInvited(email)) === true,

    /** Joins it to where it was invited, and to the first workspace when its domain is one of those; again changes nothing. */
    async joined(personId: string, email: string): Promise<void> {
      await invitations?.acceptAll(personId, email, { address: null, userAgent: null })
      if (!isOfDomain(email)) return
      await store.write('person.admit', async (tx) => {
        const owner = await people.findOwner(tx)
        if (owner === null) return
        const { workspaceId } = owner
        const createdAt = seconds(clock.now())
        await joinWorkspace(tx, { workspaceId, id: personId, role: 'member', createdAt })
        const details = { by: 'domain' }
        const deed = { action: 'person.join', kind: 'person', id: personId, details }
        await audit.note(tx, { workspaceId, personId }, deed)
      })
    },
  }
}
