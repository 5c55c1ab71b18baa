import { ListQuery } from '../list.ts'
import {
  AccessList,
  AccessObject,
  CreateShareRequest,
  DeletedShare,
  DuplicateObject,
  LookAtShareLinkRequest,
  ModifyShareRequest,
  NewShare,
  NoBody,
  RedeemedShareLink,
  RedeemShareLinkRequest,
  ShareLinkLook,
  ShareList,
  ShareObject,
  TransferObject,
  TransferRequest,
} from '../share.ts'
import { json, type Part } from './operation.ts'

const SHARES = '/assistants/{assistant_id}/shares'

export const sharingPart: Part = {
  tag: 'Sharing',
  description:
    'Who else has an assistant, and how: to use it, to look into it (view), or to change it (edit). Only its owner sees and changes this, with a key that is not limited. These calls are this server’s own.',
  operations: [
    {
      id: 'listShares',
      method: 'get',
      path: SHARES,
      summary: 'List shares',
      description:
        'Those that are over too, and the people who were invited. The oldest first, when `order` is asc.',
      query: { schema: ListQuery, example: { order: 'asc' } },
      reply: json(ShareList),
    },
    {
      id: 'createShare',
      method: 'post',
      path: SHARES,
      summary: 'Share an assistant',
      description:
        'With a person, a group, the whole workspace (guests aside), or by a link. Whoever has it already gets what you ask for now. An address that is not in the workspace is invited as a guest.',
      body: {
        type: 'json',
        schema: CreateShareRequest,
        example: { type: 'person', email: 'lin@example.com', access: 'use' },
      },
      reply: json(NewShare),
    },
    {
      id: 'getShare',
      method: 'get',
      path: `${SHARES}/{share_id}`,
      summary: 'Read a share',
      description: 'With its link, where it is one.',
      reply: json(ShareObject),
    },
    {
      id: 'modifyShare',
      method: 'post',
      path: `${SHARES}/{share_id}`,
      summary: 'Change a share',
      description:
        'Fields that are left out stay. A link that is no longer open to guests is gone for all who came without an account.',
      body: { type: 'json', schema: ModifyShareRequest, example: { access: 'view' } },
      reply: json(ShareObject),
    },
    {
      id: 'deleteShare',
      method: 'delete',
      path: `${SHARES}/{share_id}`,
      summary: 'Withdraw a share',
      description:
        'Also an invitation. It holds from the next request on; open streams and runs under way end within a second.',
      reply: json(DeletedShare),
    },
    {
      id: 'listAccess',
      method: 'get',
      path: '/assistants/{assistant_id}/access',
      summary: 'List who has access',
      description: 'Everybody who may use the assistant now, and by which ways.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(AccessList),
    },
    {
      id: 'transferAssistant',
      method: 'post',
      path: '/assistants/{assistant_id}/transfer',
      summary: 'Hand an assistant over',
      description:
        'To a person of the workspace who is no guest. Plugins (with their secrets), vector stores and files go along where nothing else uses them; the assistant goes on using the others.',
      body: { type: 'json', schema: TransferRequest, example: { person_id: 'person_abc123' } },
      reply: json(TransferObject),
    },
    {
      id: 'duplicateAssistant',
      method: 'post',
      path: '/assistants/{assistant_id}/duplicate',
      summary: 'Copy an assistant',
      description:
        'For whoever may look into it. The copy is yours. Files and vector stores of others are left out, and so are the secrets of their plugins.',
      body: { type: 'json', schema: NoBody, example: {} },
      reply: json(DuplicateObject),
    },
  ],
  schemas: {
    AccessList,
    AccessObject,
    CreateShareRequest,
    DuplicateObject,
    ModifyShareRequest,
    NewShare,
    ShareList,
    ShareObject,
    TransferObject,
    TransferRequest,
  },
  notes: {
    'ShareObject.id': '`share_…`; `invite_…` while who was invited has not come.',
    'NewShare.id': '`share_…`; `invite_…` while who was invited has not come.',
    'ShareObject.created_by': 'The person who shared it.',
    'NewShare.created_by': 'The person who shared it.',
    'ShareObject.expires_at': 'Unix seconds; null for no end.',
    'NewShare.expires_at': 'Unix seconds; null for no end.',
    'ShareObject.pending': 'Whether the person was invited and has not come yet.',
    'NewShare.pending': 'Whether the person was invited and has not come yet.',
    'ShareObject.link': 'Of links only. Whoever has it can take the assistant up.',
    'NewShare.link': 'Of links only. Whoever has it can take the assistant up.',
    'NewShare.invitation':
      'What became of the mail, and the link for you to hand over where none leaves; null unless somebody was invited.',
    'CreateShareRequest.person_id': 'A person of the workspace.',
    'CreateShareRequest.email': 'In place of `person_id`.',
    'CreateShareRequest.expires_at': 'Unix seconds; no end when left out.',
    'CreateShareRequest.password': 'Of links only.',
    'CreateShareRequest.guests':
      'Of links only: whether it opens for people who are not signed in; they can only use it.',
    'ModifyShareRequest.expires_at': 'Unix seconds; null for no end.',
    'ModifyShareRequest.password': 'Of links only; null takes it away.',
    'ModifyShareRequest.guests':
      'Of links only: whether it opens for people who are not signed in; they can only use it.',
    'AccessObject.access': 'The greatest of what the person has.',
    'AccessObject.via': 'Every way by which the person has it.',
    'TransferRequest.email': 'In place of `person_id`.',
    'TransferRequest.keep': 'What you keep; null for nothing.',
    'TransferObject.kept': 'What you kept.',
    'TransferObject.handed_over': 'What went along because nothing else uses it.',
    'DuplicateObject.id': 'Of the copy.',
    'DuplicateObject.left_out': 'What the copy lacks, and why.',
  },
}

export const shareLinkPart: Part = {
  tag: 'Share links',
  description: 'For whoever was given the link of an assistant.',
  operations: [
    {
      id: 'lookAtShareLink',
      method: 'post',
      path: '/share-links/look',
      summary: 'Look at a link',
      description:
        'What the assistant is called, and whether a password is needed. A link that is wrong, withdrawn or over is not found.',
      body: {
        type: 'json',
        schema: LookAtShareLinkRequest,
        example: { token: 'what-follows-the-number-sign' },
      },
      reply: json(ShareLinkLook),
      errors: [400, 404],
      open: true,
    },
    {
      id: 'redeemShareLink',
      method: 'post',
      path: '/share-links/redeem',
      summary: 'Take a link up',
      description:
        'The assistant is yours to use from then on, in the workspace it belongs to, where you become a guest unless you are in it. Whoever is not signed in gets a session as a guest, where the link allows it, else 401. 403 for a wrong password, 429 after many. Again changes nothing.',
      body: {
        type: 'json',
        schema: RedeemShareLinkRequest,
        example: { token: 'what-follows-the-number-sign' },
      },
      reply: json(RedeemedShareLink),
      errors: [400, 401, 403, 404, 429],
      open: true,
    },
  ],
  schemas: { RedeemedShareLink, ShareLinkLook },
}
