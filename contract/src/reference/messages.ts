import { DeletedMessage } from '../deleted.ts'
import {
  AddMessageRequest,
  Annotation,
  Attachment,
  CreateMessageRequest,
  MessageList,
  MessageListQuery,
  MessageObject,
  MessagePart,
  MessagePartInput,
  ModifyMessageRequest,
} from '../message.ts'
import { json, type Part } from './operation.ts'

export const messagePart: Part = {
  tag: 'Messages',
  description: 'What user and assistant said in a thread.',
  operations: [
    {
      id: 'createMessage',
      method: 'post',
      path: '/threads/{thread_id}/messages',
      summary: 'Add a message',
      description:
        'Refused with 400 while a run of the thread is active, unless it may wait (`queue`). Text may be up to 256,000 characters, data URLs in it not counted.',
      body: {
        type: 'json',
        schema: AddMessageRequest,
        example: { role: 'user', content: 'How many days of leave are there?' },
      },
      reply: json(MessageObject),
      errors: [429],
      sdk: 'beta.threads.messages.create',
    },
    {
      id: 'listMessages',
      method: 'get',
      path: '/threads/{thread_id}/messages',
      summary: 'List messages',
      description:
        'The messages of a thread, or of one of its runs. A message that waits comes in when its turn has come.',
      query: { schema: MessageListQuery, example: { order: 'asc' } },
      reply: json(MessageList),
      sdk: 'beta.threads.messages.list',
    },
    {
      id: 'getMessage',
      method: 'get',
      path: '/threads/{thread_id}/messages/{message_id}',
      summary: 'Read a message',
      description: 'One message, also one that waits for its turn.',
      reply: json(MessageObject),
      sdk: 'beta.threads.messages.retrieve',
    },
    {
      id: 'modifyMessage',
      method: 'post',
      path: '/threads/{thread_id}/messages/{message_id}',
      summary: 'Change a message’s metadata',
      description: 'Nothing else of a message can be changed.',
      body: {
        type: 'json',
        schema: ModifyMessageRequest,
        example: { metadata: { rated: 'good' } },
      },
      reply: json(MessageObject),
      sdk: 'beta.threads.messages.update',
    },
    {
      id: 'deleteMessage',
      method: 'delete',
      path: '/threads/{thread_id}/messages/{message_id}',
      summary: 'Delete a message',
      description:
        'Later runs no longer see it. Refused with 400 while a run of the thread is active; a message that waits leaves the line at any time.',
      reply: json(DeletedMessage),
      sdk: 'beta.threads.messages.delete',
    },
  ],
  schemas: {
    AddMessageRequest,
    Annotation,
    Attachment,
    CreateMessageRequest,
    DeletedMessage,
    MessageList,
    MessageObject,
    MessagePart,
    MessagePartInput,
    ModifyMessageRequest,
  },
  notes: {
    'listMessages.run_id': 'Only the messages that this run wrote.',
    'AddMessageRequest.queue':
      'Melzi’s own. While a run is active, the message waits for its turn instead of being refused: first come, first served, together with runs that wait. At most 64 wait on a thread.',
    'AddMessageRequest.content': 'A text, or parts: texts, pictures by URL or by file.',
    'AddMessageRequest.attachments': 'Files for the thread’s tools, from now on.',
    'CreateMessageRequest.content': 'A text, or parts: texts, pictures by URL or by file.',
    'CreateMessageRequest.attachments': 'Files for the thread’s tools.',
    'MessageObject.run_id': 'The run that wrote it; null for what a client added.',
    'MessageObject.melzi':
      'Melzi’s own: `queued` while the message waits for its turn. Absent otherwise.',
    'MessageObject.incomplete_details': 'Why the message broke off; null unless it did.',
  },
}
