import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { it } from 'node:test'
import { openCliHouse } from '../../tests/support/cli-house.ts'

it('an assistant file carries built-in tools, and says which files and stores are not where it is imported', async () => {
  await using t = await openCliHouse()
  await t.cli('key', 'create')
  const tools = [
    { type: 'file_search', file_search: { max_num_results: 3 } },
    { type: 'code_interpreter' },
  ]
  const resources = {
    code_interpreter: { file_ids: ['file-elsewhere'] },
    file_search: { vector_store_ids: ['vs_elsewhere'] },
  }
  const file = { format: 'melzi.assistant/1', model: 'm', tools, tool_resources: resources }
  await writeFile(t.file('a.json'), JSON.stringify(file))
  const made = await t.json('assistant', 'import', t.file('a.json'))
  assert.deepEqual(made['left_out'], ['file-elsewhere', 'vs_elsewhere'])
  const said = (await t.cli('assistant', 'import', t.file('a.json'))).out
  assert.match(said, /^Made asst_\w+\.\nLeft out, .*: file-elsewhere, vs_elsewhere\. /)
  const id = String(made['id'])
  const exported = await t.json('assistant', 'export', id)
  const ranking = { ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null }
  assert.deepEqual(exported['tools'], [
    { type: 'file_search', file_search: { max_num_results: 3, ranking_options: ranking } },
    { type: 'code_interpreter' },
  ])
  assert.deepEqual(exported['tool_resources'], {})

  // Here the store is known: what has one keeps it through a file, as it keeps its tools.
  const making = { ...file, tool_resources: { file_search: { vector_stores: [{}] } } }
  await writeFile(t.file('b.json'), JSON.stringify(making))
  const owner = await t.json('assistant', 'import', t.file('b.json'))
  assert.equal(owner['left_out'], undefined)
  await t.cli('assistant', 'export', String(owner['id']), '--output', t.file('c.json'))
  const copy = await t.json('assistant', 'import', t.file('c.json'))
  const again = await t.json('assistant', 'export', String(copy['id']))
  assert.deepEqual(again, JSON.parse(await readFile(t.file('c.json'), 'utf8')))
  assert.match(JSON.stringify(again['tool_resources']), /"vector_store_ids":\["vs_\w+"\]/)
})
