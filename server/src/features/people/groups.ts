import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { requireAdmin, requireFull, type Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import {
  deleteGroup,
  deleteGroupMember,
  findGroup,
  insertGroup,
  insertGroupMember,
  isNameTaken,
  listGroups,
  memberIdsOf,
  renameGroup,
  type GroupRecord,
} from './group-store.ts'
import { findMemberById, type MemberRecord } from './member-store.ts'

export type { GroupRecord } from './group-store.ts'

export type Groups = ReturnType<typeof createGroups>

/** Groups of people, by whom assistants are shared: admins make them, members see them. */
export const createGroups = (deps: { store: Store; clock: Clock; audit: AuditLog }) => {
  const { store, clock, audit } = deps
  const now = () => seconds(clock.now())

  const getGroup = async (db: Reader, principal: Principal, id: string): Promise<GroupRecord> => {
    const group = await findGroup(db, principal.workspaceId, id)
    if (group === null) throw errors.notFound('group', id)
    return group
  }

  const checkName = async (
    tx: Tx,
    group: Pick<GroupRecord, 'workspaceId' | 'id' | 'name'>,
  ): Promise<void> => {
    if (await isNameTaken(tx, group)) {
      throw errors.invalid(`There is a group named '${group.name}' already.`, 'name', 'duplicate')
    }
  }

  const note = (tx: Tx, principal: Principal, verb: string, id: string, details = {}) =>
    audit.note(tx, principal, { action: `group.${verb}`, kind: 'group', id, details })

  return {
    async list(principal: Principal, query: PageQuery): Promise<Page<GroupRecord>> {
      requireFull(principal)
      return listGroups(store, principal.workspaceId, query)
    },

    async get(principal: Principal, id: string): Promise<GroupRecord> {
      requireFull(principal)
      return getGroup(store, principal, id)
    },

    /** @throws AppError 400 for a name that is taken */
    async create(principal: Principal, name: string): Promise<GroupRecord> {
      requireAdmin(principal)
      const { workspaceId } = principal
      const group = { workspaceId, id: newId('group_'), name, createdAt: now(), memberCount: 0 }
      return store.write('group.create', async (tx) => {
        await checkName(tx, group)
        await insertGroup(tx, group)
        await note(tx, principal, 'create', group.id)
        return group
      })
    },

    /** @throws AppError 400 for a name that is taken, 404 */
    async rename(principal: Principal, id: string, name: string): Promise<GroupRecord> {
      requireAdmin(principal)
      return store.write('group.rename', async (tx) => {
        const group = { ...(await getGroup(tx, principal, id)), name }
        await checkName(tx, group)
        await renameGroup(tx, group)
        await note(tx, principal, 'rename', id)
        return group
      })
    },

    async delete(principal: Principal, id: string): Promise<void> {
      requireAdmin(principal)
      await store.write('group.delete', async (tx) => {
        await getGroup(tx, principal, id)
        await deleteGroup(tx, principal.workspaceId, id)
        await note(tx, principal, 'delete', id)
      })
    },

    /** Everybody in the group, in the order of ids. */
    async members(principal: Principal, id: string): Promise<MemberRecord[]> {
      requireFull(principal)
      await getGroup(store, principal, id)
      const ids = await memberIdsOf(store, principal.workspaceId, id)
      const found = await Promise.all(
        ids.map((one) => findMemberById(store, principal.workspaceId, one)),
      )
      return found.filter((one) => one !== null)
    },

    /** Adding a member again changes nothing. @throws AppError 404 for who is not in the workspace */
    async addMember(principal: Principal, id: string, personId: string): Promise<MemberRecord> {
      requireAdmin(principal)
      return store.write('group.add', async (tx) => {
        const { workspaceId } = await getGroup(tx, principal, id)
        const member = await findMemberById(tx, workspaceId, personId)
        if (member === null) throw errors.notFound('person', personId)
        await insertGroupMember(tx, { workspaceId, groupId: id, personId, addedAt: now() })
        await note(tx, principal, 'add_member', id, { person_id: personId })
        return member
      })
    },

    /** @throws AppError 404 for who is not in the group */
    async removeMember(principal: Principal, id: string, personId: string): Promise<void> {
      requireAdmin(principal)
      await store.write('group.remove', async (tx) => {
        const { workspaceId } = await getGroup(tx, principal, id)
        if (!(await deleteGroupMember(tx, workspaceId, id, personId))) {
          throw errors.notFound('person', personId)
        }
        await note(tx, principal, 'remove_member', id, { person_id: personId })
      })
    },
  }
}
