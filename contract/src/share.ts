/** Sharing of assistants: this server's own objects. */
import * as z from 'zod/mini'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { listOf } from './list.ts'

const Access = z.enum(['use', 'view', 'edit'])
const password = z.string().check(z.minLength(6), z.maxLength(256))
const email = z
  .string()
  .check(z.trim(), z.toLowerCase(), z.maxLength(254), z.regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/))

export const ShareObject = z.object({
  /** `share_…`; `invite_…` while somebody who was invited has not come. */
  id: z.string(),
  object: z.literal('assistant.share'),
  assistant_id: z.string(),
  created_at: unixSeconds,
  /** The person who shared it. */
  created_by: z.string(),
  grantee: z.object({
    type: z.enum(['person', 'group', 'workspace', 'link']),
    /** Of the person or group; null for others and for who was invited. */
    id: z.nullable(z.string()),
    name: z.nullable(z.string()),
    email: z.nullable(z.string()),
  }),
  access: Access,
  /** Null: never. */
  expires_at: z.nullable(unixSeconds),
  /** Whether the person was invited and has not come yet. */
  pending: z.boolean(),
  /** Of links only. */
  link: z.nullable(
    z.object({
      url: z.string(),
      token: z.string(),
      has_password: z.boolean(),
      /** Whether it opens for people who are not signed in. */
      guests: z.boolean(),
    }),
  ),
})
export type ShareObject = z.infer<typeof ShareObject>

export const ShareList = listOf(ShareObject)
export type ShareList = z.infer<typeof ShareList>

export const CreateShareRequest = z.strictObject({
  type: z.enum(['person', 'group', 'workspace', 'link']),
  /** A person of the workspace. */
  person_id: z.optional(z.string()),
  /** In place of `person_id`; whoever is not in the workspace is invited as a guest. */
  email: z.optional(email),
  group_id: z.optional(z.string()),
  access: orDefault(Access, () => 'use' as const),
  expires_at: orNull(unixSeconds),
  password: orNull(password),
  guests: orDefault(z.boolean(), () => false),
})
export type CreateShareRequest = z.infer<typeof CreateShareRequest>

/** The answer to sharing: what was shared, and for somebody from outside what became of the invitation. */
export const NewShare = z.extend(ShareObject, {
  /** Null unless somebody was invited. */
  invitation: z.nullable(
    z.object({
      mail: z.enum(['sent', 'printed', 'failed']),
      /** To be handed over by hand where no mail leaves. */
      link: z.nullable(z.string()),
    }),
  ),
})
export type NewShare = z.infer<typeof NewShare>

export const ModifyShareRequest = z.strictObject({
  access: z.optional(Access),
  /** Null: never. */
  expires_at: z.nullish(unixSeconds),
  /** Null takes it away. */
  password: z.nullish(password),
  guests: z.optional(z.boolean()),
})
export type ModifyShareRequest = z.infer<typeof ModifyShareRequest>

export const DeletedShare = z.object({
  id: z.string(),
  object: z.literal('assistant.share.deleted'),
  deleted: z.literal(true),
})
export type DeletedShare = z.infer<typeof DeletedShare>

/** A person who has access now. */
export const AccessObject = z.object({
  /** `person_…` */
  id: z.string(),
  object: z.literal('assistant.access'),
  name: z.string(),
  email: z.nullable(z.string()),
  role: z.enum(['owner', 'admin', 'member', 'guest']),
  /** The greatest of what it has. */
  access: z.enum(['use', 'view', 'edit', 'own']),
  /** Every way by which it has it. */
  via: z.array(
    z.object({
      type: z.enum(['owner', 'person', 'group', 'workspace', 'link']),
      /** Null for the owner. */
      share_id: z.nullable(z.string()),
      access: z.enum(['use', 'view', 'edit', 'own']),
    }),
  ),
})
export type AccessObject = z.infer<typeof AccessObject>

export const AccessList = listOf(AccessObject)
export type AccessList = z.infer<typeof AccessList>

export const TransferRequest = z.strictObject({
  person_id: z.optional(z.string()),
  /** In place of `person_id`. */
  email: z.optional(email),
  /** What you keep; null: nothing. */
  keep: z._default(z.nullable(Access), 'edit'),
})
export type TransferRequest = z.infer<typeof TransferRequest>

export const TransferObject = z.object({
  /** Of the assistant. */
  id: z.string(),
  object: z.literal('assistant.transfer'),
  owner_id: z.string(),
  /** What you kept. */
  kept: z.nullable(Access),
  /** What went along because nothing else uses it. */
  handed_over: z.object({
    plugin_ids: z.array(z.string()),
    vector_store_ids: z.array(z.string()),
    file_ids: z.array(z.string()),
  }),
})
export type TransferObject = z.infer<typeof TransferObject>

export const DuplicateObject = z.object({
  /** Of the copy. */
  id: z.string(),
  object: z.literal('assistant.duplicate'),
  /** What the copy lacks, and why. */
  left_out: z.array(
    z.object({
      type: z.enum(['file', 'vector_store', 'plugin', 'secrets']),
      id: z.string(),
      name: z.nullable(z.string()),
      reason: z.string(),
    }),
  ),
})
export type DuplicateObject = z.infer<typeof DuplicateObject>

/** Body of a call that takes nothing. */
export const NoBody = z.strictObject({})

const token = z.string().check(z.minLength(1), z.maxLength(256))

export const LookAtShareLinkRequest = z.strictObject({ token })

/** All that a link tells before it is taken up. */
export const ShareLinkLook = z.object({
  object: z.literal('share_link'),
  name: z.nullable(z.string()),
  description: z.nullable(z.string()),
  password_required: z.boolean(),
})
export type ShareLinkLook = z.infer<typeof ShareLinkLook>

export const RedeemShareLinkRequest = z.strictObject({
  token,
  password: orNull(z.string().check(z.maxLength(256))),
})
export type RedeemShareLinkRequest = z.infer<typeof RedeemShareLinkRequest>

export const RedeemedShareLink = z.object({
  object: z.literal('share_link.redeemed'),
  workspace_id: z.string(),
  assistant_id: z.string(),
  person_id: z.string(),
  access: Access,
})
export type RedeemedShareLink = z.infer<typeof RedeemedShareLink>
