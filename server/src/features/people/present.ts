import type {
  GroupObject,
  InvitationObject,
  MeObject,
  PersonObject,
  SentInvitation as SentObject,
  WorkspaceObject,
} from '@melzi/contract/people.ts'
import type { GroupRecord } from './groups.ts'
import type { InvitationRecord, SentInvitation } from './invitations.ts'
import type { MemberRecord, OwnWorkspace } from './members.ts'

export const presentPerson = (member: MemberRecord): PersonObject => ({
  id: member.id,
  object: 'person',
  name: member.name,
  email: member.email,
  role: member.role,
  created_at: member.createdAt,
})

export const presentWorkspace = (workspace: OwnWorkspace): WorkspaceObject => ({
  id: workspace.id,
  object: 'workspace',
  name: workspace.name,
  created_at: workspace.createdAt,
  role: workspace.role,
})

export const presentMe = (me: { person: MemberRecord; workspace: OwnWorkspace }): MeObject => ({
  id: me.person.id,
  object: 'me',
  name: me.person.name,
  email: me.person.email,
  workspace: presentWorkspace(me.workspace),
})

export const presentGroup = (group: GroupRecord): GroupObject => ({
  id: group.id,
  object: 'group',
  name: group.name,
  created_at: group.createdAt,
  member_count: group.memberCount,
})

/** @param now Unix seconds */
export const presentInvitation = (record: InvitationRecord, now: number): InvitationObject => ({
  id: record.id,
  object: 'invitation',
  email: record.email,
  role: record.role,
  assistant_id: record.assistantId,
  invited_by: record.invitedBy,
  created_at: record.createdAt,
  expires_at: record.expiresAt,
  status: record.acceptedAt !== null ? 'accepted' : record.expiresAt <= now ? 'expired' : 'open',
})

export const presentSent = ({ record, mail, link }: SentInvitation): SentObject => ({
  ...presentInvitation(record, record.createdAt),
  mail,
  link,
})
