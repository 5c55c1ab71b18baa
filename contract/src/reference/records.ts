import { AuditEntryList, AuditEntryObject, AuditExportQuery, AuditListQuery } from '../audit.ts'
import {
  ErasedPerson,
  ErasePersonRequest,
  ModifyRetentionRequest,
  RetentionObject,
} from '../data-rights.ts'
import {
  DeletedFeedback,
  FeedbackExportQuery,
  FeedbackList,
  FeedbackListQuery,
  FeedbackObject,
  GiveFeedbackRequest,
} from '../feedback.ts'
import { json, type Part, type Reply } from './operation.ts'

const TABLE: Reply = { 'text/csv': null }

export const feedbackPart: Part = {
  tag: 'Feedback',
  description:
    'Thumbs and comments on answers. Whoever has the thread gives it; the makers of the assistant read it, and the answer only where its reader lets them.',
  operations: [
    {
      id: 'getFeedback',
      method: 'get',
      path: '/threads/{thread_id}/messages/{message_id}/feedback',
      summary: 'Read your feedback',
      description: 'What you said of an answer; not found where you said nothing.',
      reply: json(FeedbackObject),
    },
    {
      id: 'giveFeedback',
      method: 'post',
      path: '/threads/{thread_id}/messages/{message_id}/feedback',
      summary: 'Give feedback',
      description:
        'On an answer of an assistant. Said again, it takes the place of what you said before.',
      body: {
        type: 'json',
        schema: GiveFeedbackRequest,
        example: { rating: 'down', comment: 'The price is last year’s.', share_answer: true },
      },
      reply: json(FeedbackObject),
    },
    {
      id: 'deleteFeedback',
      method: 'delete',
      path: '/threads/{thread_id}/messages/{message_id}/feedback',
      summary: 'Take feedback back',
      description: 'It is gone for the makers, too.',
      reply: json(DeletedFeedback),
    },
    {
      id: 'listFeedback',
      method: 'get',
      path: '/assistants/{assistant_id}/feedback',
      summary: 'List feedback on an assistant',
      description: 'What everybody said of its answers. For those who may view it.',
      query: { schema: FeedbackListQuery, example: { rating: 'down' } },
      reply: json(FeedbackList),
      errors: [403],
    },
    {
      id: 'exportFeedback',
      method: 'get',
      path: '/assistants/{assistant_id}/feedback/export',
      summary: 'Export feedback on an assistant',
      description: 'All of it as a file, the oldest first.',
      query: { schema: FeedbackExportQuery, example: { format: 'csv' } },
      reply: TABLE,
      savedAs: 'feedback.csv',
      errors: [403],
    },
  ],
  schemas: { FeedbackList, FeedbackObject, GiveFeedbackRequest },
  notes: {
    'FeedbackObject.answer': 'As it was, where its reader lets the makers of the assistant see it.',
    'GiveFeedbackRequest.share_answer':
      'Whether the makers of the assistant may read the answer that this is about.',
  },
}

export const auditPart: Part = {
  tag: 'Audit log',
  description:
    'Who did what to which object, from where. Entries are only ever added; not even the server can change one. For admins.',
  operations: [
    {
      id: 'listAuditEntries',
      method: 'get',
      path: '/audit',
      summary: 'List audit entries',
      description: 'Those that all named filters let through.',
      query: { schema: AuditListQuery, example: { action: 'key' } },
      reply: json(AuditEntryList),
      errors: [403],
    },
    {
      id: 'exportAuditEntries',
      method: 'get',
      path: '/audit/export',
      summary: 'Export audit entries',
      description: 'As a file, the oldest first. The export is itself an entry.',
      query: { schema: AuditExportQuery, example: { format: 'csv' } },
      reply: TABLE,
      savedAs: 'audit.csv',
      errors: [403],
    },
    {
      id: 'getAuditEntry',
      method: 'get',
      path: '/audit/{entry_id}',
      summary: 'Read an audit entry',
      description: 'One entry.',
      reply: json(AuditEntryObject),
      errors: [403],
    },
  ],
  schemas: { AuditEntryList, AuditEntryObject },
  notes: {
    'listAuditEntries.action':
      'A whole action, or a kind: `key` finds `key.create` as well as `key.delete`.',
    'exportAuditEntries.action':
      'A whole action, or a kind: `key` finds `key.create` as well as `key.delete`.',
    'listAuditEntries.since': 'Unix seconds: from this moment on.',
    'exportAuditEntries.since': 'Unix seconds: from this moment on.',
    'listAuditEntries.until': 'Unix seconds: before this moment.',
    'exportAuditEntries.until': 'Unix seconds: before this moment.',
    'AuditEntryObject.person_id': 'Null: the server itself, or somebody who is not signed in.',
    'AuditEntryObject.address': 'Of the client; null for the command line.',
  },
}

export const dataRightsPart: Part = {
  tag: 'Data rights',
  description: 'All that is a person’s, as a file; a person erased; and how long things are kept.',
  operations: [
    {
      id: 'exportPerson',
      method: 'get',
      path: '/people/{person_id}/export',
      summary: 'Export a person’s data',
      description:
        'A zip of everything it has in the workspace: lines of JSON for each kind, files and pictures. For the person and for owners of the workspace.',
      reply: { 'application/zip': null },
      savedAs: 'person.zip',
      errors: [403],
    },
    {
      id: 'erasePerson',
      method: 'post',
      path: '/people/{person_id}/erase',
      summary: 'Erase a person',
      description:
        'Takes it out of the workspace with its threads, files and keys, for good. Its assistants go to somebody else, or are deleted. For the person and for admins. The audit log keeps its id, which then names nobody.',
      body: {
        type: 'json',
        schema: ErasePersonRequest,
        example: { confirm: 'person_abc123', assistants_to: 'person_abc456' },
      },
      reply: json(ErasedPerson),
      errors: [403],
    },
    {
      id: 'getRetention',
      method: 'get',
      path: '/retention',
      summary: 'Read retention periods',
      description: 'How long your workspace keeps things. For admins.',
      reply: json(RetentionObject),
      errors: [403],
    },
    {
      id: 'modifyRetention',
      method: 'post',
      path: '/retention',
      summary: 'Change retention periods',
      description: 'What is left out stays as it is. Older things go within the hour. For admins.',
      body: { type: 'json', schema: ModifyRetentionRequest, example: { threads_days: 365 } },
      reply: json(RetentionObject),
      errors: [403],
    },
  ],
  schemas: { ErasedPerson, ErasePersonRequest, RetentionObject },
  notes: {
    'ErasePersonRequest.confirm': 'The person’s id again: nothing brings back what is erased.',
    'ErasePersonRequest.assistants_to': 'Who gets its assistants; without, they are deleted.',
    'RetentionObject.threads_days': 'Days after its last message a thread is deleted; null: never.',
    'RetentionObject.plugin_calls_days':
      'Days after which arguments and outputs of plugin calls are forgotten; null: never.',
  },
}
