import { publishedOperations } from '../server/tests/support/openapi.ts'
import { assistantRows } from './areas/assistants.ts'
import { azureRows } from './areas/azure.ts'
import { codeInterpreterRows } from './areas/code-interpreter.ts'
import { fileBatchRows } from './areas/file-batches.ts'
import { fileSearchRows } from './areas/file-search.ts'
import { fileRows } from './areas/files.ts'
import { messageRows } from './areas/messages.ts'
import { modelRows } from './areas/models.ts'
import { passThroughRows } from './areas/pass-through.ts'
import { runStepRows } from './areas/run-steps.ts'
import { runRows } from './areas/runs.ts'
import { searchRows } from './areas/search.ts'
import { storeFileRows } from './areas/store-files.ts'
import { streamRows } from './areas/streams.ts'
import { threadRows } from './areas/threads.ts'
import { toolOutputRows } from './areas/tool-outputs.ts'
import { transportRows } from './areas/transport.ts'
import { uploadRows } from './areas/uploads.ts'
import { vectorStoreRows } from './areas/vector-stores.ts'
import { fieldRows } from './field-rows.ts'
import { LISTS } from './lists.ts'
import { operationRows } from './operation-rows.ts'
import { OPERATIONS } from './operations.ts'
import { pagingRows } from './paging-rows.ts'
import { AREAS, type Row } from './row.ts'

const WRITTEN: readonly (readonly Row[])[] = [
  assistantRows,
  azureRows,
  codeInterpreterRows,
  fileBatchRows,
  fileSearchRows,
  fileRows,
  messageRows,
  modelRows,
  passThroughRows,
  runStepRows,
  runRows,
  searchRows,
  storeFileRows,
  streamRows,
  threadRows,
  toolOutputRows,
  transportRows,
  uploadRows,
  vectorStoreRows,
]

/** Every row there is, area by area: those written by hand, then those made from the operations of the contract. */
export const allRows = (): Row[] => {
  const made = publishedOperations().flatMap((operation) => {
    const one = OPERATIONS[operation.id]
    if (one === undefined) return []
    const list = LISTS[operation.id]
    return [
      ...(list === undefined ? [] : pagingRows(operation, list)),
      ...operationRows(operation, one),
      ...fieldRows(operation, one),
    ]
  })
  const all = [...WRITTEN.flat(), ...made]
  return AREAS.flatMap((area) => all.filter((row) => row.area === area))
}
