/** Our schemas name the same keys as the published ones, so that no field is forgotten and none invented. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AssistantObject,
  CreateAssistantRequest,
  ModifyAssistantRequest,
} from '@melzi/contract/assistant.ts'
import {
  CreateMessageRequest,
  MessageObject,
  ModifyMessageRequest,
} from '@melzi/contract/message.ts'
import { FileObject } from '@melzi/contract/file.ts'
import { ModelObject } from '@melzi/contract/model.ts'
import { RunStepObject } from '@melzi/contract/run-step.ts'
import {
  CreateRunRequest,
  CreateThreadAndRunRequest,
  ModifyRunRequest,
  RunObject,
  SubmitToolOutputsRequest,
} from '@melzi/contract/run.ts'
import { CreateThreadRequest, ModifyThreadRequest, ThreadObject } from '@melzi/contract/thread.ts'
import {
  CompleteUploadRequest,
  CreateUploadRequest,
  UploadObject,
  UploadPartObject,
} from '@melzi/contract/upload.ts'
import {
  CreateFileBatchRequest,
  CreateStoreFileRequest,
  FileBatchObject,
  ModifyStoreFileRequest,
  StoreFileObject,
} from '@melzi/contract/vector-store-file.ts'
import { SearchPage, SearchRequest, SearchResult } from '@melzi/contract/vector-store-search.ts'
import {
  CreateVectorStoreRequest,
  ModifyVectorStoreRequest,
  VectorStoreObject,
} from '@melzi/contract/vector-store.ts'
import { referenceDocument } from '@melzi/contract/reference/document.ts'
import { publishedOperations, publishedSchema } from './support/openapi.ts'

interface WithShape {
  shape: Record<string, unknown>
  safeParse(value: unknown): { success: boolean }
}

/** Published keys that this server has no use for. */
const LEFT_OUT: Record<string, string[]> = { Model: ['shutdown_date'] }

/** Keys of this server's own: in replies all under one name, which clients of the wire pass over. */
const OURS: Record<string, string[]> = {
  VectorStoreObject: ['melzi'],
  MessageObject: ['melzi'],
  CreateRunRequest: ['queue'],
}

const pairs: [string, WithShape][] = [
  ['CreateAssistantRequest', CreateAssistantRequest],
  ['ModifyAssistantRequest', ModifyAssistantRequest],
  ['AssistantObject', AssistantObject],
  ['CreateThreadRequest', CreateThreadRequest],
  ['ModifyThreadRequest', ModifyThreadRequest],
  ['ThreadObject', ThreadObject],
  ['CreateMessageRequest', CreateMessageRequest],
  ['ModifyMessageRequest', ModifyMessageRequest],
  ['MessageObject', MessageObject],
  ['CreateRunRequest', CreateRunRequest],
  ['CreateThreadAndRunRequest', CreateThreadAndRunRequest],
  ['ModifyRunRequest', ModifyRunRequest],
  ['SubmitToolOutputsRunRequest', SubmitToolOutputsRequest],
  ['RunObject', RunObject],
  ['RunStepObject', RunStepObject],
  ['Model', ModelObject],
  ['CreateVectorStoreRequest', CreateVectorStoreRequest],
  ['UpdateVectorStoreRequest', ModifyVectorStoreRequest],
  ['VectorStoreObject', VectorStoreObject],
  ['CreateVectorStoreFileRequest', CreateStoreFileRequest],
  ['UpdateVectorStoreFileAttributesRequest', ModifyStoreFileRequest],
  ['CreateVectorStoreFileBatchRequest', CreateFileBatchRequest],
  ['VectorStoreFileObject', StoreFileObject],
  ['VectorStoreFileBatchObject', FileBatchObject],
  ['VectorStoreSearchRequest', SearchRequest],
  ['VectorStoreSearchResultsPage', SearchPage],
  ['VectorStoreSearchResultItem', SearchResult],
  ['OpenAIFile', FileObject],
  ['CreateUploadRequest', CreateUploadRequest],
  ['CompleteUploadRequest', CompleteUploadRequest],
  ['Upload', UploadObject],
  ['UploadPart', UploadPartObject],
]

describe('keys of', () => {
  for (const [name, schema] of pairs) {
    it(name, () => {
      const published = publishedSchema(name)
      const left = LEFT_OUT[name] ?? []
      const expected = Object.keys(published.properties ?? {}).filter((key) => !left.includes(key))
      const ours = OURS[name] ?? []
      assert.deepEqual(Object.keys(schema.shape).toSorted(), [...expected, ...ours].toSorted())
    })
  }
})

describe('required keys of', () => {
  for (const [name, schema] of pairs.filter(([one]) => one.includes('Request'))) {
    it(name, () => {
      const required = publishedSchema(name).required ?? []
      // whatever else is wrong with such a value, an absent optional key is none of it
      const missing = Object.entries(schema.shape).filter(
        ([, field]) => !(field as WithShape).safeParse(undefined).success,
      )
      assert.deepEqual(missing.map(([key]) => key).toSorted(), required.toSorted())
    })
  }
})

describe('operations of the reference', () => {
  const { paths } = referenceDocument({ baseUrl: '/v1', version: '0' })
  for (const { id, method, path, query } of publishedOperations()) {
    it(id, () => {
      const operation = paths[path]?.[method.toLowerCase() as 'get' | 'post' | 'delete']
      assert.equal(operation?.operationId, id)
      const names = (operation?.parameters ?? []).filter((one) => one.in === 'query')
      assert.deepEqual(
        names.map(({ name }) => name).toSorted(),
        query.map(({ name }) => name).toSorted(),
      )
    })
  }
})
