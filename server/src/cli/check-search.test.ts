import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startScriptedEmbeddings } from '../../tests/support/scripted-embeddings.ts'
import { readConfig } from '../config/config.ts'
import { ConfigError } from '../config/settings.ts'
import { checkSearch } from './check-search.ts'

const configOf = (url: string) =>
  readConfig({ MELZI_EMBEDDINGS_BASE_URL: url, MELZI_EMBEDDINGS_MODEL: 'scripted' })

describe('the doctor on search', () => {
  it('says when words serve alone', async () => {
    const check = await checkSearch(readConfig({}))
    assert.equal(check.state, 'note')
    assert.match(check.message, /words alone/)
  })

  it('has a word embedded, and repeats what the provider says', async () => {
    await using embeddings = await startScriptedEmbeddings()
    const good = await checkSearch(configOf(embeddings.url))
    assert.equal(good.state, 'ok')
    assert.match(good.message, /64 numbers/)
    embeddings.refuse(404)
    const bad = await checkSearch(configOf(embeddings.url))
    assert.equal(bad.state, 'missing')
    assert.match(bad.message, /answered 404: scripted refusal/)
  })

  it('is not asked about half a setting', () => {
    assert.throws(() => readConfig({ MELZI_EMBEDDINGS_MODEL: 'x' }), ConfigError)
  })
})
