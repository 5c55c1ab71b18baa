import type {
  AccessObject,
  DuplicateObject,
  NewShare,
  RedeemedShareLink,
  ShareLinkLook,
  ShareObject,
  TransferObject,
} from '@melzi/contract/share.ts'
import type { Access } from './access.ts'
import type { Invited } from './invited.ts'
import type { Redeemed } from './links.ts'
import type { Listed, NewlyShared, ShownShare } from './shares.ts'
import type { Transferred } from './transfer.ts'

/** @param origin where people open links, without a slash at the end */
const linkOf = ({ link, token }: ShownShare, origin: string): ShareObject['link'] =>
  link === null || token === null
    ? null
    : {
        // behind the #, so that no log on the way keeps it
        url: `${origin}/share#${token}`,
        token,
        has_password: link.passwordHash !== null,
        guests: link.guests,
      }

const ofShare = (share: ShownShare, origin: string): ShareObject => ({
  id: share.id,
  object: 'assistant.share',
  assistant_id: share.assistantId,
  created_at: share.createdAt,
  created_by: share.createdBy,
  grantee: {
    type: share.granteeKind,
    id: share.granteeKind === 'person' || share.granteeKind === 'group' ? share.granteeId : null,
    name: share.name,
    email: share.email,
  },
  access: share.access,
  expires_at: share.expiresAt,
  pending: false,
  link: linkOf(share, origin),
})

const ofInvited = (invited: Invited, assistantId: string): ShareObject => ({
  id: invited.id,
  object: 'assistant.share',
  assistant_id: assistantId,
  created_at: invited.createdAt,
  created_by: invited.invitedBy,
  grantee: { type: 'person', id: null, name: null, email: invited.email },
  access: invited.access ?? 'use',
  expires_at: null,
  pending: true,
  link: null,
})

export const presentShare = (listed: Listed, origin: string): ShareObject =>
  'share' in listed ? ofShare(listed.share, origin) : ofInvited(listed.invited, listed.assistantId)

export const presentNewShare = (made: NewlyShared, origin: string): NewShare => ({
  ...presentShare(made, origin),
  invitation: made.sent === undefined ? null : { mail: made.sent.mail, link: made.sent.link },
})

export const presentAccess = ({ person, access, ways }: Access): AccessObject => ({
  id: person.id,
  object: 'assistant.access',
  name: person.name,
  email: person.email,
  role: person.role,
  access,
  via: ways.map((way) => ({ type: way.type, share_id: way.shareId, access: way.access })),
})

export const presentTransfer = (done: Transferred): TransferObject => ({
  id: done.id,
  object: 'assistant.transfer',
  owner_id: done.ownerId,
  kept: done.kept,
  handed_over: {
    plugin_ids: done.pluginIds,
    vector_store_ids: done.storeIds,
    file_ids: done.fileIds,
  },
})

export const presentDuplicate = (made: {
  id: string
  leftOut: DuplicateObject['left_out']
}): DuplicateObject => ({ id: made.id, object: 'assistant.duplicate', left_out: made.leftOut })

export const presentLook = (seen: {
  name: string | null
  description: string | null
  passwordRequired: boolean
}): ShareLinkLook => ({
  object: 'share_link',
  name: seen.name,
  description: seen.description,
  password_required: seen.passwordRequired,
})

export const presentRedeemed = (redeemed: Redeemed): RedeemedShareLink => ({
  object: 'share_link.redeemed',
  workspace_id: redeemed.workspaceId,
  assistant_id: redeemed.assistantId,
  person_id: redeemed.personId,
  access: redeemed.access,
})
