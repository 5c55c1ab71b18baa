import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import {
  requireAdmin,
  requireFull,
  requireUnbound,
  type Principal,
  type Role,
} from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import {
  countOwners,
  deleteMembership,
  findMemberById,
  findWorkspace,
  insertWorkspace,
  joinWorkspace,
  listMembers,
  renamePerson,
  renameWorkspace,
  updateRole,
  workspacesOf,
  type MemberRecord,
  type WorkspaceRecord,
} from './member-store.ts'

export type { MemberRecord, WorkspaceRecord } from './member-store.ts'

export interface MembersDeps {
  store: Store
  clock: Clock
  audit: AuditLog
  /** Ids of the assistants a person owns. */
  assistantsOf: (db: Reader, workspaceId: string, personId: string) => Promise<string[]>
  /** Gives assistants with what they need to another member. @throws AppError 400 for who cannot own them */
  handOver: (
    tx: Tx,
    principal: Principal,
    handed: { workspaceId: string; assistantId: string; from: string; to: string },
  ) => Promise<void>
}

export type Members = ReturnType<typeof createMembers>
export type OwnWorkspace = WorkspaceRecord & { role: Role }

/** Who is in a workspace and as what. Owners make owners and admins; admins see to members and guests; one owner always stays. */
export const createMembers = (deps: MembersDeps) => {
  const { store, clock, audit } = deps

  const getMember = async (db: Reader, principal: Principal, id: string): Promise<MemberRecord> => {
    const member = await findMemberById(db, principal.workspaceId, id)
    if (member === null) throw errors.notFound('person', id)
    return member
  }

  const workspaceOf = async (db: Reader, principal: Principal): Promise<OwnWorkspace> => {
    const workspace = await findWorkspace(db, principal.workspaceId)
    if (workspace === null) throw errors.notFound('workspace', principal.workspaceId)
    return { ...workspace, role: principal.role }
  }

  /** @throws AppError 403 when an admin means to touch what only owners do */
  const checkRank = (principal: Principal, ...roles: Role[]): void => {
    if (principal.role === 'owner') return
    if (roles.some((role) => role === 'owner' || role === 'admin')) {
      throw errors.forbidden('Only owners of the workspace decide who is an owner or admin.')
    }
  }

  /** @throws AppError 400 when nobody would own the workspace */
  const keepAnOwner = async (tx: Tx, member: MemberRecord): Promise<void> => {
    if (member.role === 'owner' && (await countOwners(tx, member.workspaceId)) < 2) {
      throw errors.invalid('A workspace needs an owner. Make somebody else an owner first.', 'role')
    }
  }

  /**
   * Whether the caller may take this person out of the workspace: itself, or as an admin.
   * @throws AppError 403, 404; 400 for the only owner
   */
  const checkGoing = async (tx: Tx, principal: Principal, id: string): Promise<MemberRecord> => {
    const leaves = id === principal.personId
    // a guest, too, may go
    if (!leaves || principal.scope !== null) requireAdmin(principal)
    const member = await getMember(tx, principal, id)
    if (!leaves) checkRank(principal, member.role)
    await keepAnOwner(tx, member)
    return member
  }

  /** The assistants of whoever goes. @returns how many; @throws AppError 400 when nobody is named who gets them */
  const giveAway = async (
    tx: Tx,
    principal: Principal,
    from: string,
    to: string | null,
  ): Promise<number> => {
    const ids = await deps.assistantsOf(tx, principal.workspaceId, from)
    if (ids.length > 0 && (to === null || to === from)) {
      throw errors.invalid(
        "You own assistants. Name who gets them: 'assistants_to'.",
        'assistants_to',
        'missing_required_parameter',
      )
    }
    if (to !== null && (await getMember(tx, principal, to)).role === 'guest') {
      throw errors.invalid('Guests own no assistants.', 'assistants_to', 'invalid_value')
    }
    const { workspaceId } = principal
    if (to !== null)
      for (const assistantId of ids)
        await deps.handOver(tx, principal, { workspaceId, assistantId, from, to })
    return ids.length
  }

  return {
    /** Everybody in the workspace; not for guests, who only see what was shared with them. */
    async list(
      principal: Principal,
      filter: { search: string | null; role: Role | null },
      query: PageQuery,
    ): Promise<Page<MemberRecord>> {
      requireFull(principal)
      return listMembers(store, principal.workspaceId, filter, query)
    },

    /** @throws AppError 404 for who is not in the workspace */
    async get(principal: Principal, id: string): Promise<MemberRecord> {
      requireFull(principal)
      return getMember(store, principal, id)
    },

    /** @throws AppError 403, 404; 400 for the only owner */
    async setRole(principal: Principal, id: string, role: Role): Promise<MemberRecord> {
      requireAdmin(principal)
      requireUnbound(principal)
      return store.write('person.role', async (tx) => {
        const member = await getMember(tx, principal, id)
        if (member.role === role) return member
        checkRank(principal, member.role, role)
        if (role !== 'owner') await keepAnOwner(tx, member)
        await updateRole(tx, principal.workspaceId, id, role)
        const details = { from: member.role, to: role }
        await audit.note(tx, principal, { action: 'person.role', kind: 'person', id, details })
        return { ...member, role }
      })
    },

    /**
     * Takes a person out of the workspace; its keys are dead from then on. Anybody may leave.
     * @param assistantsTo who gets its assistants; the caller, unless it leaves itself
     * @throws AppError 403, 404; 400 for the only owner, or when somebody leaves with assistants and names nobody
     */
    async remove(principal: Principal, id: string, assistantsTo: string | null): Promise<void> {
      const leaves = id === principal.personId
      await store.write('person.remove', async (tx) => {
        await checkGoing(tx, principal, id)
        const heir = assistantsTo ?? (leaves ? null : principal.personId)
        const assistants = await giveAway(tx, principal, id, heir)
        await deleteMembership(tx, principal.workspaceId, id)
        const details = { assistants, assistants_to: assistants > 0 ? heir : null }
        await audit.note(tx, principal, { action: 'person.remove', kind: 'person', id, details })
      })
    },

    checkGoing,
    giveAway,
    deleteMembership,

    /** Who calls, and where. Not for limited keys: whoever has one need not know whose it is. */
    async me(principal: Principal): Promise<{ person: MemberRecord; workspace: OwnWorkspace }> {
      if (principal.scope !== null) requireFull(principal)
      return {
        person: await getMember(store, principal, principal.personId),
        workspace: await workspaceOf(store, principal),
      }
    },

    async rename(principal: Principal, name: string) {
      if (principal.scope !== null) requireFull(principal)
      return store.write('person.rename', async (tx) => {
        const person = await getMember(tx, principal, principal.personId)
        await renamePerson(tx, person.id, name)
        await audit.note(tx, principal, { action: 'person.rename', kind: 'person', id: person.id })
        return { person: { ...person, name }, workspace: await workspaceOf(tx, principal) }
      })
    },

    /** All workspaces the person is in. */
    async workspaces(principal: Principal): Promise<OwnWorkspace[]> {
      if (principal.scope !== null) requireFull(principal)
      return workspacesOf(store, principal.personId)
    },

    /** Another workspace, owned by whoever makes it. */
    async createWorkspace(principal: Principal, name: string): Promise<OwnWorkspace> {
      requireAdmin(principal)
      const workspace = { id: newId('ws_'), name, createdAt: seconds(clock.now()) }
      return store.write('workspace.create', async (tx) => {
        await insertWorkspace(tx, workspace)
        const { id: workspaceId, createdAt } = workspace
        await joinWorkspace(tx, { workspaceId, id: principal.personId, role: 'owner', createdAt })
        const deed = { action: 'workspace.create', kind: 'workspace', id: workspaceId }
        await audit.note(tx, { ...principal, workspaceId }, deed)
        return { ...workspace, role: 'owner' }
      })
    },

    /** @throws AppError 403 for who does not own it, 404 for another workspace than the caller is in */
    async renameWorkspace(principal: Principal, id: string, name: string): Promise<OwnWorkspace> {
      if (id !== principal.workspaceId) throw errors.notFound('workspace', id)
      requireAdmin(principal)
      return store.write('workspace.rename', async (tx) => {
        const workspace = await workspaceOf(tx, principal)
        await renameWorkspace(tx, id, name)
        await audit.note(tx, principal, { action: 'workspace.rename', kind: 'workspace', id })
        return { ...workspace, name }
      })
    },
  }
}
