import { seconds, type Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'
import {
  findFirstOwner,
  findMemberByName,
  hasWorkspace,
  insertFirstWorkspace,
  insertMember,
  type Member,
} from './store.ts'

export { createAdmittance } from './admittance.ts'
export { createGroups, type Groups } from './groups.ts'
export { createInvitations, type Invitations } from './invitations.ts'
export { createMembers, type Members } from './members.ts'
export { createSetup, type Setup } from './setup.ts'
export type { Member } from './store.ts'

export type PeopleService = ReturnType<typeof createPeopleService>

/** People and the workspaces they belong to. */
export const createPeopleService = (deps: { clock: Clock }) => {
  const { clock } = deps

  return {
    hasWorkspace,

    /** The owner of the oldest workspace, for whom the command line acts; null on an empty store. */
    findOwner: (db: Reader): Promise<Member | null> => findFirstOwner(db),

    /** The member of this name, or null. */
    findMember: (db: Reader, workspaceId: string, name: string): Promise<Member | null> =>
      findMemberByName(db, workspaceId, name),

    /** Makes the first workspace and its owner; null when the store has a workspace already. */
    foundHome: async (tx: Tx): Promise<Member | null> => {
      if (await hasWorkspace(tx)) return null
      const createdAt = seconds(clock.now())
      const workspaceId = await insertFirstWorkspace(tx, 'Home', createdAt)
      if (workspaceId === null) return null
      const owner: Member = { workspaceId, personId: newId('person_'), role: 'owner' }
      await insertMember(tx, { ...owner, name: 'Owner', createdAt })
      return owner
    },

    /** The member of this name, added when the workspace has none. */
    memberNamed: async (tx: Tx, workspaceId: string, name: string): Promise<Member> => {
      const known = await findMemberByName(tx, workspaceId, name)
      if (known !== null) return known
      const member: Member = { workspaceId, personId: newId('person_'), role: 'member' }
      const createdAt = seconds(clock.now())
      await insertMember(tx, { ...member, name, createdAt })
      return member
    },
  }
}
