import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { startPglite } from '../../tests/support/pglite.ts'
import { readConfig } from '../config/config.ts'
import { openStore } from '../platform/store/open-store.ts'
import { checkVectors } from './check-vectors.ts'

describe('the doctor on vectors', () => {
  it('says that SQLite has no pgvector', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'melzi-doctor-'))
    const config = readConfig({ MELZI_DATA: dir })
    await (
      await openStore(config.store, { migrate: true, exclusive: false })
    )[Symbol.asyncDispose]()
    const check = await checkVectors(config)
    assert.equal(check.state, 'ok')
    assert.match(check.message, /worker thread/)
    await rm(dir, { recursive: true })
  })

  it('tells pgvector that could be there from one that is', async () => {
    await using pglite = await startPglite()
    const config = readConfig({ DATABASE_URL: pglite.url })
    await (
      await openStore(pglite.config, { migrate: true, exclusive: false })
    )[Symbol.asyncDispose]()
    const before = await checkVectors(config)
    assert.equal(before.state, 'note')
    assert.match(before.fix ?? '', /create extension vector/)
    await pglite.exec('deallocate all; create extension vector')
    const after = await checkVectors(config)
    assert.equal(after.state, 'ok')
    assert.match(after.message, /pgvector 0\.8/)
  })
})
