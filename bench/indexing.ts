import type { FileBatchObject } from '@melzi/contract/vector-store-file.ts'
import type { FileObject } from '@melzi/contract/file.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { Extractor } from '../server/src/knowledge/extract/extractor.ts'
import { pdfFile } from '../server/tests/support/pdf-file.ts'
import type { BootedServer } from '../server/tests/support/boot.ts'
import { headersOf, startMelzi } from './contenders.ts'
import type { Scale, Section } from './figures.ts'
import { createMixedText } from './mixed-text.ts'
import { callJson } from './read-stream.ts'
import { median } from './statistics.ts'

/** A printed page. */
const PAGE_TOKENS = 500
const PAGES_PER_FILE = 10
const WORKERS = 2
const LIMIT_MS = 300_000
/** Pages per second. */
const AIM = 50

interface TestFile {
  name: string
  bytes: Buffer<ArrayBuffer>
}

/** Files of ten pages each: text, web pages and PDFs in turn. The PDFs are English, since they embed no font. */
const makeFiles = (pages: number, seed: number): TestFile[] => {
  const text = createMixedText(seed)
  const page = () => text.paragraph(PAGE_TOKENS)
  const latin = () => {
    for (;;) {
      const one = page()
      if (one.charCodeAt(0) < 0x80) return one
    }
  }
  return Array.from({ length: Math.ceil(pages / PAGES_PER_FILE) }, (_, index) => {
    const of = (make: () => string) => Array.from({ length: PAGES_PER_FILE }, make)
    if (index % 3 === 0) return { name: `${index}.txt`, bytes: Buffer.from(of(page).join('\n\n')) }
    if (index % 3 === 1) {
      const body = of(page).map((one) => `<p>${one}</p>`)
      return { name: `${index}.html`, bytes: Buffer.from(`<html><body>${body.join('')}`) }
    }
    return { name: `${index}.pdf`, bytes: pdfFile(of(latin)) }
  })
}

async function* once(bytes: Buffer) {
  yield bytes
}

/** @returns pages per second */
const extractAlone = async (extractor: Extractor, files: readonly TestFile[]): Promise<number> => {
  const start = performance.now()
  const chunking = { maxTokens: 800, overlapTokens: 400 }
  const signal = AbortSignal.timeout(LIMIT_MS)
  await Promise.all(
    files.map(async ({ name: filename, bytes }) => {
      const source = { filename, bytes: bytes.length, content: once(bytes) }
      let count = 0
      for await (const chunks of extractor.read(source, chunking, signal)) count += chunks.length
      if (count === 0) throw new Error(`${filename} gave no text`)
    }),
  )
  return (files.length * PAGES_PER_FILE * 1000) / (performance.now() - start)
}

const call = <T>(
  server: BootedServer,
  method: 'GET' | 'POST',
  at: string,
  body: unknown,
): Promise<T> =>
  callJson<T>({
    url: `${server.baseUrl}${at}`,
    method,
    headers: headersOf(server),
    body: body === undefined ? '' : JSON.stringify(body),
  })

const upload = async (server: BootedServer, { name, bytes }: TestFile): Promise<string> => {
  const form = new FormData()
  form.set('purpose', 'assistants')
  form.set('file', new Blob([bytes]), name)
  const headers = { authorization: `Bearer ${server.apiKey}` }
  const reply = await fetch(`${server.baseUrl}/files`, { method: 'POST', headers, body: form })
  if (!reply.ok) throw new Error(`the upload was refused: ${await reply.text()}`)
  return ((await reply.json()) as FileObject).id
}

/** @returns pages per second, from the batch's creation to its end */
const indexAll = async (server: BootedServer, files: readonly TestFile[]): Promise<number> => {
  const ids: string[] = []
  for (const file of files) ids.push(await upload(server, file))
  const store = await call<VectorStoreObject>(server, 'POST', '/vector_stores', {})
  const batches = `/vector_stores/${store.id}/file_batches`
  const start = performance.now()
  let batch = await call<FileBatchObject>(server, 'POST', batches, { file_ids: ids })
  while (batch.status === 'in_progress') {
    if (performance.now() - start > LIMIT_MS) throw new Error('indexing took too long')
    await sleep(20)
    batch = await call<FileBatchObject>(server, 'GET', `${batches}/${batch.id}`, undefined)
  }
  if (batch.file_counts.completed !== files.length)
    throw new Error(`indexing ended with ${JSON.stringify(batch.file_counts)}`)
  return (files.length * PAGES_PER_FILE * 1000) / (performance.now() - start)
}

/** Pages indexed per second, against what reading and cutting them takes alone. */
export const measureIndexing = async (scale: Scale): Promise<Section> => {
  const pages = scale.quick ? 60 : 1_000
  const rounds = scale.quick ? 1 : 3
  await using server = await startMelzi(scale, { env: { MELZI_INDEX_WORKERS: String(WORKERS) } })
  await using extractor = new Extractor({ processes: WORKERS })
  const seen: { bare: number[]; melzi: number[] } = { bare: [], melzi: [] }
  // The first round, a short one, starts the processes.
  for (let round = 0; round <= rounds; round += 1) {
    const files = makeFiles(round === 0 ? WORKERS * 3 * PAGES_PER_FILE : pages, round)
    const rates = {
      bare: await extractAlone(extractor, files),
      melzi: await indexAll(server, files),
    }
    if (round === 0) continue
    seen.bare.push(rates.bare)
    seen.melzi.push(rates.melzi)
  }
  return {
    name: 'indexing',
    title: 'Indexing',
    beside: 'reading alone',
    how: `${pages.toLocaleString('en')} pages of ${PAGE_TOKENS} tokens, ten to a file, as text, web pages and PDFs in turn, go into a vector store in one batch, without embeddings: from the batch's creation to its end, on SQLite with ${WORKERS} workers. Beside it the same files only read and cut into chunks with their terms, by ${WORKERS} processes, and nothing stored. More is better. The aim is ${AIM} pages per second. Medians of ${rounds} interleaved rounds.`,
    figures: [
      {
        measure: `pages indexed (aim: ${AIM}/s)`,
        unit: 'per second',
        melzi: median(seen.melzi),
        beside: median(seen.bare),
        compare: 'ratio',
        aim: null,
      },
    ],
    skipped: [],
  }
}
