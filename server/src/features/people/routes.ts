import { ListQuery, NoQuery } from '@melzi/contract/list.ts'
import {
  AcceptInvitationRequest,
  AddGroupMemberRequest,
  CreateInvitationRequest,
  LookAtLinkRequest,
  ModifyMeRequest,
  ModifyPersonRequest,
  NameGroupRequest,
  NameWorkspaceRequest,
  PersonListQuery,
  RemovePersonQuery,
  SetUpRequest,
  type DeletedGroup,
  type DeletedInvitation,
  type InvitationLook,
  type RemovedGroupMember,
  type RemovedPerson,
} from '@melzi/contract/people.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { pageOf } from '../../http/whole-list.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import type { Caller } from '../identity/service.ts'
import type { Groups } from './groups.ts'
import type { Invitations } from './invitations.ts'
import type { Members } from './members.ts'
import {
  presentGroup,
  presentInvitation,
  presentMe,
  presentPerson,
  presentSent,
  presentWorkspace,
} from './present.ts'
import type { Setup } from './setup.ts'

interface PersonParams {
  person_id: string
}
interface WorkspaceParams {
  workspace_id: string
}
interface GroupParams {
  group_id: string
}
interface InvitationParams {
  invitation_id: string
}

/** The caller itself, the people of its workspace, and its workspaces. */
export const memberRoutes = (app: FastifyInstance, members: Members): void => {
  app.get('/me', async (request) => presentMe(await members.me(request.principal)))

  app.post('/me', async (request) => {
    const { name } = parseBody(ModifyMeRequest, request.body)
    return presentMe(await members.rename(request.principal, name))
  })

  app.get('/people', readsQuery, async (request) => {
    const { search = null, role = null, ...query } = parseQuery(PersonListQuery, request.query)
    const page = await members.list(request.principal, { search, role }, toPageQuery(query))
    return listReply(page.items.map(presentPerson), page)
  })

  app.get<{ Params: PersonParams }>('/people/:person_id', async (request) =>
    presentPerson(await members.get(request.principal, request.params.person_id)),
  )

  app.post<{ Params: PersonParams }>('/people/:person_id', async (request) => {
    const { role } = parseBody(ModifyPersonRequest, request.body)
    return presentPerson(await members.setRole(request.principal, request.params.person_id, role))
  })

  app.delete<{ Params: PersonParams }>(
    '/people/:person_id',
    readsQuery,
    async (request): Promise<RemovedPerson> => {
      const { assistants_to: heir = null } = parseQuery(RemovePersonQuery, request.query)
      const { person_id: id } = request.params
      await members.remove(request.principal, id, heir)
      return { id, object: 'person.removed', deleted: true }
    },
  )

  app.get('/workspaces', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const all = await members.workspaces(request.principal)
    const page = pageOf(all.map(presentWorkspace), query, 'workspace')
    return listReply(page.items, page)
  })

  app.post('/workspaces', async (request) => {
    const { name } = parseBody(NameWorkspaceRequest, request.body)
    return presentWorkspace(await members.createWorkspace(request.principal, name))
  })

  app.post<{ Params: WorkspaceParams }>('/workspaces/:workspace_id', async (request) => {
    const { name } = parseBody(NameWorkspaceRequest, request.body)
    const { workspace_id: id } = request.params
    return presentWorkspace(await members.renameWorkspace(request.principal, id, name))
  })
}

export const groupRoutes = (app: FastifyInstance, groups: Groups): void => {
  app.get('/groups', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const page = await groups.list(request.principal, toPageQuery(query))
    return listReply(page.items.map(presentGroup), page)
  })

  app.post('/groups', async (request) => {
    const { name } = parseBody(NameGroupRequest, request.body)
    return presentGroup(await groups.create(request.principal, name))
  })

  app.get<{ Params: GroupParams }>('/groups/:group_id', async (request) =>
    presentGroup(await groups.get(request.principal, request.params.group_id)),
  )

  app.post<{ Params: GroupParams }>('/groups/:group_id', async (request) => {
    const { name } = parseBody(NameGroupRequest, request.body)
    return presentGroup(await groups.rename(request.principal, request.params.group_id, name))
  })

  app.delete<{ Params: GroupParams }>(
    '/groups/:group_id',
    async (request): Promise<DeletedGroup> => {
      const { group_id: id } = request.params
      await groups.delete(request.principal, id)
      return { id, object: 'group.deleted', deleted: true }
    },
  )

  app.get<{ Params: GroupParams }>('/groups/:group_id/members', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const all = await groups.members(request.principal, request.params.group_id)
    const page = pageOf(all.map(presentPerson), query, 'person')
    return listReply(page.items, page)
  })

  app.post<{ Params: GroupParams }>('/groups/:group_id/members', async (request) => {
    const { person_id: personId } = parseBody(AddGroupMemberRequest, request.body)
    const { group_id: id } = request.params
    return presentPerson(await groups.addMember(request.principal, id, personId))
  })

  app.delete<{ Params: GroupParams & PersonParams }>(
    '/groups/:group_id/members/:person_id',
    async (request): Promise<RemovedGroupMember> => {
      const { group_id: groupId, person_id: id } = request.params
      await groups.removeMember(request.principal, groupId, id)
      return { id, object: 'group.member.deleted', deleted: true }
    },
  )
}

export const invitationRoutes = (
  app: FastifyInstance,
  { invitations, clock }: { invitations: Invitations; clock: Clock },
): void => {
  const now = () => seconds(clock.now())

  app.get('/invitations', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const page = await invitations.list(request.principal, toPageQuery(query))
    return listReply(
      page.items.map((record) => presentInvitation(record, now())),
      page,
    )
  })

  app.post('/invitations', async (request) => {
    const body = parseBody(CreateInvitationRequest, request.body)
    return presentSent(await invitations.create(request.principal, body))
  })

  app.get<{ Params: InvitationParams }>('/invitations/:invitation_id', async (request) => {
    const { invitation_id: id } = request.params
    return presentInvitation(await invitations.get(request.principal, id), now())
  })

  app.post<{ Params: InvitationParams }>('/invitations/:invitation_id/resend', async (request) => {
    parseBody(NoQuery, request.body)
    const { invitation_id: id } = request.params
    return presentSent(await invitations.resend(request.principal, id))
  })

  app.delete<{ Params: InvitationParams }>(
    '/invitations/:invitation_id',
    async (request): Promise<DeletedInvitation> => {
      const { invitation_id: id } = request.params
      await invitations.delete(request.principal, id)
      return { id, object: 'invitation.deleted', deleted: true }
    },
  )
}

export interface OpenPeopleDeps {
  invitations: Invitations
  setup: Setup
  /** Whose session a request carries; null without one. */
  signedIn: (request: FastifyRequest) => Promise<string | null>
}

const callerOf = (request: FastifyRequest): Caller => ({
  address: request.ip,
  userAgent: request.headers['user-agent'] ?? null,
})

/** Ways in for people who have no key and no session yet: whoever holds a link's secret may use it. */
export const openPeopleRoutes = (app: FastifyInstance, deps: OpenPeopleDeps): void => {
  const { invitations, setup } = deps
  const enter = (
    reply: FastifyReply,
    {
      workspaceId,
      personId,
      cookies,
    }: { workspaceId: string; personId: string; cookies: string[] },
  ) => {
    if (cookies.length > 0) void reply.header('set-cookie', cookies)
    return { object: 'entered' as const, person_id: personId, workspace_id: workspaceId }
  }

  app.post('/invitations/look', async (request): Promise<InvitationLook> => {
    const { token } = parseBody(LookAtLinkRequest, request.body)
    const { record, workspace, inviterName, hasAccount } = await invitations.look(token)
    return {
      object: 'invitation.look',
      workspace_name: workspace.name,
      email: record.email,
      role: record.role,
      invited_by_name: inviterName,
      expires_at: record.expiresAt,
      has_account: hasAccount,
    }
  })

  app.post('/invitations/accept', async (request, reply) => {
    const body = parseBody(AcceptInvitationRequest, request.body)
    const signedIn = await deps.signedIn(request)
    return enter(reply, await invitations.accept(body, signedIn, callerOf(request)))
  })

  app.post('/setup', async (request, reply) => {
    const { workspace_name: workspaceName, ...body } = parseBody(SetUpRequest, request.body)
    return enter(reply, await setup.setUp({ ...body, workspaceName }, callerOf(request)))
  })
}
