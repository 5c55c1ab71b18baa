import assert from 'node:assert/strict'
import { rowsOf } from '../row.ts'

/** behaviour.md 2 and 14. */
const { rows, good } = rowsOf('models')
export const modelRows = rows

interface Model {
  id: string
  object: string
  created: number
  owned_by: string
}

good('listModels', 'a list that has the model', 'R', async ({ api, model }) => {
  const { object, data } = await api.get<{ object: string; data: Model[] }>('/models')
  assert.equal(object, 'list')
  assert.ok(data.some(({ id }) => id === model))
})
good('retrieveModel', 'id, object, created, owned_by', 'R', async ({ api, model }) => {
  const found = await api.get<Model>(`/models/${encodeURIComponent(model)}`)
  assert.deepEqual([found.id, found.object], [model, 'model'])
  assert.ok(Number.isInteger(found.created) && found.owned_by !== '')
})
