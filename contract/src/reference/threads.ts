import { DeletedThread } from '../deleted.ts'
import { ListQuery, listOf } from '../list.ts'
import { CreateThreadRequest, ModifyThreadRequest, ThreadObject } from '../thread.ts'
import { json, type Part } from './operation.ts'

const ThreadList = listOf(ThreadObject)

export const threadPart: Part = {
  tag: 'Threads',
  tagZh: '對話串',
  description: 'One conversation: its messages, and the files its tools may use.',
  descriptionZh: '一段對話：其中的訊息，以及工具可用的檔案。',
  operations: [
    {
      id: 'createThread',
      method: 'post',
      path: '/threads',
      summary: 'Create a thread',
      summaryZh: '建立對話串',
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
      summaryZh: '列出對話串',
      description: 'Your threads. Azure has this call, OpenAI had not.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(ThreadList),
    },
    {
      id: 'getThread',
      method: 'get',
      path: '/threads/{thread_id}',
      summary: 'Read a thread',
      summaryZh: '讀取對話串',
      description: 'The thread itself; its messages have calls of their own.',
      reply: json(ThreadObject),
      sdk: 'beta.threads.retrieve',
    },
    {
      id: 'modifyThread',
      method: 'post',
      path: '/threads/{thread_id}',
      summary: 'Change a thread',
      summaryZh: '修改對話串',
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
      summaryZh: '刪除對話串',
      description: 'Its messages, runs and steps go with it; a run that is at work ends.',
      reply: json(DeletedThread),
      sdk: 'beta.threads.delete',
    },
  ],
  schemas: { CreateThreadRequest, DeletedThread, ModifyThreadRequest, ThreadList, ThreadObject },
}
