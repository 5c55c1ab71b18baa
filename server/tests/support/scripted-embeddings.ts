import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** A server with an OpenAI-compatible `/embeddings`, whose vectors tell which words of a text mean the same. */
export interface ScriptedEmbeddings extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/v1` */
  readonly url: string
  /** Every text that was embedded, in order. */
  readonly texts: string[]
  /** The next requests are answered with these statuses. */
  refuse(...statuses: number[]): void
  /** No answer from now on, until the function that is given is called. */
  hold(): () => void
}

const DIMENSIONS = 64

/** Words that mean the same share their place. */
const MEANINGS: Record<string, string> = { automobile: 'car', vehicle: 'car', physician: 'doctor' }

const place = (word: string): number => {
  let hash = 7
  for (const character of word) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 9_973
  return hash % DIMENSIONS
}

const embed = (text: string): number[] => {
  const vector = Array.from({ length: DIMENSIONS }, () => 0)
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) {
    const at = place(MEANINGS[word] ?? word)
    vector[at] = (vector[at] ?? 0) + 1
  }
  return vector
}

export const startScriptedEmbeddings = async (): Promise<ScriptedEmbeddings> => {
  const texts: string[] = []
  const refusals: number[] = []
  let held: Promise<void> | null = null
  const server = createServer((request, response) => {
    const answer = async () => {
      let body = ''
      for await (const piece of request) body += String(piece)
      await held
      const status = refusals.shift()
      if (status !== undefined) {
        response.writeHead(status).end('scripted refusal')
        return
      }
      const { input } = JSON.parse(body) as { input: string[] }
      texts.push(...input)
      const data = input.map((text, index) => ({
        object: 'embedding',
        index,
        embedding: embed(text),
      }))
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ object: 'list', data }))
    }
    void answer()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    texts,
    refuse: (...statuses) => refusals.push(...statuses),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return () => {
        held = null
        resolve()
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
