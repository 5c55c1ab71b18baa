import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import type { Store } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import type { Accounts, Caller } from '../identity/service.ts'
import { replaceSetupLink, takeSetupLink } from './invitation-store.ts'
import { newSecretToken, secretHash } from '../../platform/secret-token.ts'
import { renamePerson, renameWorkspace } from './member-store.ts'
import type { PeopleService } from './service.ts'

export interface SetupDeps {
  store: Store
  clock: Clock
  audit: AuditLog
  accounts: Accounts
  people: PeopleService
}

export type Setup = ReturnType<typeof createSetup>

/**
 * The way in for the first owner: a link in the server's log, good once, until the owner has an account. Each start writes a new one; the one
 * before is dead then. The key of the quickstart is that owner's.
 */
export const createSetup = (deps: SetupDeps) => {
  const { store, clock, audit, accounts, people } = deps

  return {
    /** The secret of a new link, or null when the server has been set up. To be called at each start. */
    async newLink(): Promise<string | null> {
      const token = newSecretToken()
      return store.write('setup.link', async (tx) => {
        const owner = await people.findOwner(tx)
        if (owner !== null && (await accounts.hasAccount(tx, owner.personId))) return null
        await replaceSetupLink(tx, secretHash(token), seconds(clock.now()))
        return token
      })
    },

    /**
     * Gives the first owner a name, an address and a password, and signs them in.
     * @throws AppError 404 for a link that is wrong, used or replaced; 400 for a password that nobody should have
     */
    async setUp(
      request: {
        token: string
        name: string
        email: string
        password: string
        workspaceName: string | null
      },
      from: Caller,
    ): Promise<{ workspaceId: string; personId: string; cookies: string[] }> {
      const passwordHash = await accounts.hashPassword(request.password)
      const owner = await store.write('setup', async (tx) => {
        if (!(await takeSetupLink(tx, secretHash(request.token)))) {
          throw errors.deadLink()
        }
        const found = (await people.findOwner(tx)) ?? (await people.foundHome(tx))
        if (found === null) throw new Error('The store has a workspace without an owner.')
        const { workspaceId, personId } = found
        // who owns the server may be somebody else by now, with a password that no link of an old log replaces
        if (await accounts.hasAccount(tx, personId)) throw errors.notFound('set-up', 'this link')
        await renamePerson(tx, personId, request.name)
        // whoever reads the server's log runs the server: the address is taken as it is said
        const account = { email: request.email, passwordHash, emailVerified: true }
        await accounts.giveAccount(tx, personId, account)
        if (request.workspaceName !== null) {
          await renameWorkspace(tx, workspaceId, request.workspaceName)
        }
        const deed = { action: 'workspace.set_up', kind: 'workspace', id: workspaceId }
        await audit.note(tx, { workspaceId, personId, from: from.address }, deed)
        return found
      })
      return { ...owner, cookies: await accounts.startSession(owner.personId, from) }
    },
  }
}
