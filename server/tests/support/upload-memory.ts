import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { FileObject } from '@melzi/contract/file.ts'
import type { BootedServer } from './boot.ts'

const PIECE = 1024 * 1024

/** The most memory a process has had resident so far, in bytes; null where there is no /proc. */
export const peakMemory = (pid: number): number | null => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  } catch {
    return null
  }
}

/**
 * Uploads a file that is never whole on this side either, reads it back, and compares.
 * @param megabytes MiB
 * @returns peak memory of the server before and after, in bytes; null where it cannot be known
 */
export const uploadAndRead = async (
  server: BootedServer,
  megabytes: number,
): Promise<{ before: number; after: number } | null> => {
  const authorization = `Bearer ${server.apiKey}`
  const before = peakMemory(server.pid)
  const sent = request(`${server.baseUrl}/files`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'multipart/form-data; boundary=b' },
  })
  const answered = once(sent, 'response')
  sent.write('--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nvision\r\n')
  sent.write('--b\r\ncontent-disposition: form-data; name="file"; filename="big.bin"\r\n\r\n')
  const sentHash = createHash('sha256')
  for (let i = 0; i < megabytes; i += 1) {
    const piece = randomBytes(PIECE)
    sentHash.update(piece)
    // an answer before the end is a refusal, after which Node's client waits for no drain
    if (!sent.write(piece)) await Promise.race([once(sent, 'drain'), answered])
  }
  sent.end('\r\n--b--\r\n')
  const [response] = (await answered) as [AsyncIterable<Buffer> & { statusCode?: number }]
  let text = ''
  for await (const chunk of response) text += chunk.toString()
  assert.equal(response.statusCode, 200, text)
  const file = JSON.parse(text) as FileObject
  assert.equal(file.bytes, megabytes * PIECE)

  const content = await fetch(`${server.baseUrl}/files/${file.id}/content`, {
    headers: { authorization },
  })
  const readHash = createHash('sha256')
  for await (const chunk of content.body ?? []) readHash.update(chunk as Uint8Array)
  assert.equal(readHash.digest('hex'), sentHash.digest('hex'))
  const after = peakMemory(server.pid)
  return before === null || after === null ? null : { before, after }
}
