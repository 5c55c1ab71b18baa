import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { functionNameOf } from './function-name.ts'
import { parsePluginFile } from './manifest.ts'
import { readParameters } from './python/python-source.ts'

const DOCS = join(import.meta.dirname, '../../../docs')
const EXAMPLES = join(DOCS, '../examples/plugins')

for (const page of ['plugins.md', 'plugins.zh-TW.md']) {
  const text = readFileSync(join(DOCS, page), 'utf8')

  test(`${page}: its plugins can be imported`, () => {
    const files = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(([, file]) => file ?? '')
    const manifests = files.map((file) => parsePluginFile(file))
    assert.deepEqual(
      manifests.map(({ id, api }) => [id, api.kind]),
      [
        ['unit_price', 'python'],
        ['tickets', 'openapi'],
        ['wiki', 'mcp'],
      ],
    )
    const [first] = manifests
    assert.ok(first?.api.kind === 'python')
    assert.deepEqual(Object.keys(readParameters(first.api.source)?.properties ?? {}), [
      'price',
      'weight',
    ])
  })

  test(`${page}: names every example; its links lead somewhere`, () => {
    const named = new Set([...text.matchAll(/`(\w+\.json)`/g)].map(([, file]) => file))
    assert.deepEqual(named, new Set(readdirSync(EXAMPLES)))
    for (const [, link = ''] of text.matchAll(/\]\(([^):]+)\)/g))
      assert.ok(existsSync(join(dirname(join(DOCS, page)), link)), link)
  })
}

test('every example says what it does to people and models, and how to use it', () => {
  for (const name of readdirSync(EXAMPLES)) {
    const file = parsePluginFile(readFileSync(join(EXAMPLES, name), 'utf8'))
    assert.match(functionNameOf(file.id, file.nameForModel), /^[a-z_]+$/, name)
    assert.ok(file.descriptionForHuman.length > 10 && file.descriptionForModel.length > 30, name)
    const isQuickstart = name === 'unit_price.json' || name === 'show_params.json'
    assert.equal(file.usageHint === null, isQuickstart, name)
  }
})
