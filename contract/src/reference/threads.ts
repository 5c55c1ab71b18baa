import { DeletedThread } from '../deleted.ts'
import { ListQuery, listOf } from '../list.ts'
import { CreateThreadRequest, ModifyThreadRequest, ThreadObject } from '../thread.ts'
import { json, type Part } from './operation.ts'

const ThreadList = listOf(ThreadObject)

export const threadPart: Part = {
  tag: 'Threads',
  description: 'One conversation: its messages, and the files its tools may use.',
  operations: [
    {
      id: 'createThread',
      method: 'post',
      path: '/threads',
      summary: 'Create a thread',
      description: 'An empty body makes an empty thread.',
      body: {
        type: 'json',
        schema: CreateThreadRequest,
        example: { messages: [{ role: 'user', content: 'How many days of leave are there?' }] },
      },
      reply: json(ThreadObject),
      errors: [404],
      sdk: 'beta.threads.create',
    },
    {
      id: 'listThreads',
      method: 'get',
      path: '/threads',
      summary: 'List threads',
      description: 'Your threads. Azure has this call, OpenAI had not.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(ThreadList),
    },
    {
      id: 'getThread',
      method: 'get',
      path: '/threads/{thread_id}',
      summary: 'Read a thread',
      description: 'The thread itself; its messages have calls of their own.',
      reply: json(ThreadObject),
      sdk: 'beta.threads.retrieve',
    },
    {
      id: 'modifyThread',
      method: 'post',
      path: '/threads/{thread_id}',
      summary: 'Change a thread',
      description: 'Keys that are left out stay as they are.',
      body: {
        type: 'json',
        schema: ModifyThreadRequest,
        example: { metadata: { topic: 'leave' } },
      },
      reply: json(ThreadObject),
      sdk: 'beta.threads.update',
    },
    {
      id: 'deleteThread',
      method: 'delete',
      path: '/threads/{thread_id}',
      summary: 'Delete a thread',
      description: 'Its messages, runs and steps go with it; a run that is at work ends.',
      reply: json(DeletedThread),
      sdk: 'beta.threads.delete',
    },
  ],
  schemas: { CreateThreadRequest, DeletedThread, ModifyThreadRequest, ThreadList, ThreadObject },
}
