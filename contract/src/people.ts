/** People, groups, invitations and workspaces: this server's own objects. */
import * as z from 'zod/mini'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { listOf, ListQuery } from './list.ts'

export const Role = z.enum(['owner', 'admin', 'member', 'guest'])

/** A name that people read: anything but nothing. */
const displayName = z.string().check(z.trim(), z.minLength(1), z.maxLength(128))
export const Email = z
  .string()
  .check(z.trim(), z.toLowerCase(), z.maxLength(254), z.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/))
const linkToken = z.string().check(z.minLength(1), z.maxLength(256))

export const PersonObject = z.object({
  id: z.string(),
  object: z.literal('person'),
  name: z.string(),
  email: z.nullable(z.string()),
  role: Role,
  /** When it joined the workspace. */
  created_at: unixSeconds,
})
export type PersonObject = z.infer<typeof PersonObject>
export const PersonList = listOf(PersonObject)

export const PersonListQuery = z.extend(ListQuery, {
  /** Part of a name or e-mail address. */
  search: z.optional(z.string().check(z.maxLength(128))),
  role: z.optional(Role),
})
export type PersonListQuery = z.infer<typeof PersonListQuery>

export const ModifyPersonRequest = z.strictObject({ role: Role })
export const RemovePersonQuery = z.strictObject({
  /** Who gets the assistants of the person that goes; you, unless you name somebody. */
  assistants_to: z.optional(z.string()),
})
export const RemovedPerson = z.object({
  id: z.string(),
  object: z.literal('person.removed'),
  deleted: z.literal(true),
})
export type RemovedPerson = z.infer<typeof RemovedPerson>

export const WorkspaceObject = z.object({
  id: z.string(),
  object: z.literal('workspace'),
  name: z.string(),
  created_at: unixSeconds,
  /** What you are there. */
  role: Role,
})
export type WorkspaceObject = z.infer<typeof WorkspaceObject>
export const WorkspaceList = listOf(WorkspaceObject)
export const NameWorkspaceRequest = z.strictObject({ name: displayName })

export const MeObject = z.object({
  id: z.string(),
  object: z.literal('me'),
  name: z.string(),
  email: z.nullable(z.string()),
  workspace: WorkspaceObject,
})
export type MeObject = z.infer<typeof MeObject>
export const ModifyMeRequest = z.strictObject({ name: displayName })

export const GroupObject = z.object({
  id: z.string(),
  object: z.literal('group'),
  name: z.string(),
  created_at: unixSeconds,
  member_count: z.int(),
})
export type GroupObject = z.infer<typeof GroupObject>
export const GroupList = listOf(GroupObject)
export const NameGroupRequest = z.strictObject({ name: displayName })
export const AddGroupMemberRequest = z.strictObject({ person_id: z.string() })
export const DeletedGroup = z.object({
  id: z.string(),
  object: z.literal('group.deleted'),
  deleted: z.literal(true),
})
export type DeletedGroup = z.infer<typeof DeletedGroup>
export const RemovedGroupMember = z.object({
  id: z.string(),
  object: z.literal('group.member.deleted'),
  deleted: z.literal(true),
})
export type RemovedGroupMember = z.infer<typeof RemovedGroupMember>

const InvitedRole = z.enum(['admin', 'member', 'guest'])

export const InvitationObject = z.object({
  id: z.string(),
  object: z.literal('invitation'),
  email: z.string(),
  role: InvitedRole,
  /** The assistant that is shared with whoever accepts. */
  assistant_id: z.nullable(z.string()),
  invited_by: z.string(),
  created_at: unixSeconds,
  expires_at: unixSeconds,
  status: z.enum(['open', 'accepted', 'expired']),
})
export type InvitationObject = z.infer<typeof InvitationObject>
export const InvitationList = listOf(InvitationObject)

/** An invitation as it was just sent. */
export const SentInvitation = z.extend(InvitationObject, {
  /** `sent` by e-mail; `printed` to the server's log, where no mail server is set up; `failed`: send it again. */
  mail: z.enum(['sent', 'printed', 'failed']),
  /** The link to hand over yourself, where it was not sent; shown this once. */
  link: z.nullable(z.string()),
})
export type SentInvitation = z.infer<typeof SentInvitation>

export const CreateInvitationRequest = z.strictObject({
  email: Email,
  role: orDefault(InvitedRole, () => 'member' as const),
})
export type CreateInvitationRequest = z.infer<typeof CreateInvitationRequest>
export const DeletedInvitation = z.object({
  id: z.string(),
  object: z.literal('invitation.deleted'),
  deleted: z.literal(true),
})
export type DeletedInvitation = z.infer<typeof DeletedInvitation>

export const LookAtLinkRequest = z.strictObject({ token: linkToken })
/** What whoever holds an invitation's link may know. */
export const InvitationLook = z.object({
  object: z.literal('invitation.look'),
  workspace_name: z.string(),
  email: z.string(),
  role: InvitedRole,
  invited_by_name: z.string(),
  expires_at: unixSeconds,
  /** True where the address belongs to somebody who has to sign in first. */
  has_account: z.boolean(),
})
export type InvitationLook = z.infer<typeof InvitationLook>

export const AcceptInvitationRequest = z.strictObject({
  token: linkToken,
  /** For somebody new; left out by whoever is signed in. */
  name: orNull(displayName),
  password: orNull(z.string().check(z.maxLength(1024))),
})
export type AcceptInvitationRequest = z.infer<typeof AcceptInvitationRequest>

export const SetUpRequest = z.strictObject({
  token: linkToken,
  name: displayName,
  email: Email,
  password: z.string().check(z.maxLength(1024)),
  workspace_name: orNull(displayName),
})
export type SetUpRequest = z.infer<typeof SetUpRequest>

/** What taking up an invitation or the set-up link answers; the session is in the cookies. */
export const EnteredObject = z.object({
  object: z.literal('entered'),
  person_id: z.string(),
  workspace_id: z.string(),
})
export type EnteredObject = z.infer<typeof EnteredObject>
