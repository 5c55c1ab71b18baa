import type { Store } from '../../platform/store/store.ts'
import { clearAdmission, findForAdmission } from './store.ts'

/** Who decides whether somebody that a provider vouches for comes in. */
export interface Admit {
  /** Whether an invitation waits for this address, or its domain is one of those that need none. @param email lower case */
  mayJoin(email: string): Promise<boolean>
  /** Told once the person is there; joins it to its workspace. Must be good to be told twice. */
  joined(personId: string, email: string): Promise<void>
}

export interface Admission {
  mayJoin(email: string): Promise<boolean>
  /**
   * Asked before each session: a person whom single sign-on made is joined to its workspace first, once, also when the server died in
   * between. False for a person who was erased.
   */
  admit(personId: string): Promise<boolean>
}

export const createAdmission = (deps: { store: Store; admit: Admit }): Admission => ({
  mayJoin: (email) => deps.admit.mayJoin(email),
  admit: async (personId) => {
    const person = await findForAdmission(deps.store, personId)
    if (person === null || person.erased) return false
    if (!person.waits || person.email === null) return true
    await deps.admit.joined(personId, person.email)
    await deps.store.write('identity.admit', (tx) => clearAdmission(tx, personId))
    return true
  },
})
