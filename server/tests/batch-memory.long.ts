import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileBatchObject } from '@melzi/contract/vector-store-file.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootServer } from './support/boot.ts'
import { Api } from './support/factories.ts'
import { startScriptedEmbeddings } from './support/scripted-embeddings.ts'
import { peakMemory } from './support/upload-memory.ts'
import { ASSISTANTS, found } from './support/vector-stores.ts'

const FILES = 2_000
/** Uploads at a time. */
const LANES = 8
const LIMIT = 300 * 2 ** 20
const LIMIT_MS = 900_000
const MB = (bytes: number) => Math.round(bytes / 2 ** 20)

/** Some pages, Chinese and English, whose words differ from file to file. */
const textOf = (number: number): string =>
  Array.from(
    { length: 80 },
    (_, line) =>
      `Paragraph ${line} of manual ${number}: the valve k${(number * 7919 + line * 31) % 9973} is opened before pump p${(number * 31 + line) % 997} starts. ` +
      `第${number}號手冊第${line}節：先打開閥門，再啟動水泵，並記錄壓力與溫度。\n\n`,
  ).join('')

// "A batch of 2,000 files stays under 300 MB RSS" (issue 3): of the server's process; those that read files have limits of their own.
describe('2,000 files in one batch within 300 MB of memory', () => {
  for (const withEmbeddings of [false, true]) {
    it(withEmbeddings ? 'with embeddings' : 'by words alone', async (t) => {
      await using embeddings = await startScriptedEmbeddings()
      await using server = await bootServer({
        env: withEmbeddings
          ? { MELZI_EMBEDDINGS_MODEL: 'scripted', MELZI_EMBEDDINGS_BASE_URL: embeddings.url }
          : {},
      })
      const api = new Api(server)
      const before = peakMemory(server.pid)
      if (before === null) return t.skip('peak memory is read from /proc')
      const ids: string[] = []
      const lane = async (first: number) => {
        for (let i = first; i < FILES; i += LANES)
          ids.push((await api.file(textOf(i), `${i}.txt`, ASSISTANTS)).id)
      }
      await Promise.all(Array.from({ length: LANES }, (_, first) => lane(first)))
      const uploaded = peakMemory(server.pid) ?? 0
      const { id } = await api.post<VectorStoreObject>('/vector_stores')
      const path = `/vector_stores/${id}/file_batches`
      let batch = await api.post<FileBatchObject>(path, { file_ids: ids })
      const until = Date.now() + LIMIT_MS
      while (batch.status === 'in_progress') {
        assert.ok(Date.now() < until, JSON.stringify(batch.file_counts))
        await sleep(500)
        batch = await api.get<FileBatchObject>(`${path}/${batch.id}`)
      }
      assert.equal(batch.file_counts.completed, FILES, JSON.stringify(batch.file_counts))
      const indexed = peakMemory(server.pid) ?? 0
      assert.ok((await found(api, id, 'manual 7 valve')).length > 0)
      const peak = peakMemory(server.pid) ?? 0
      t.diagnostic(
        `${MB(before)} MB, ${MB(uploaded)} after the uploads, ${MB(indexed)} indexed, ${MB(peak)} searched`,
      )
      assert.ok(peak < LIMIT, `${peak} bytes`)
    })
  }
})
