import { publishedOperations } from '../server/tests/support/openapi.ts'
import { assistantRows } from './areas/assistants.ts'
import { fieldRows } from './field-rows.ts'
import { LISTS } from './lists.ts'
import { operationRows } from './operation-rows.ts'
import { OPERATIONS } from './operations.ts'
import { pagingRows } from './paging-rows.ts'
import { AREAS, type Row } from './row.ts'

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
  const all = [...assistantRows, ...made]
  return AREAS.flatMap((area) => all.filter((row) => row.area === area))
}
