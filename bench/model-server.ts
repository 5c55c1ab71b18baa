/** Program: a light OpenAI-compatible model that gives every caller the same answer at a fixed pace. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerChunks } from '../server/tests/support/scripted-turn.ts'
import { argument, doJobs } from './jobs.ts'

export interface Pace {
  /** Pause before the first token, in ms. */
  firstTokenMs: number
  /** Tokens of an answer, each a chunk of its own. */
  tokens: number
  /** Pause between tokens, in ms; 0 sends all at once. */
  intervalMs: number
}

const KEEP_ALIVE_MS = 60_000

const pace = argument<Pace>()
const head = { id: 'chatcmpl-bench', created: 1_760_000_000, model: 'scripted' }
const text = Array.from({ length: pace.tokens }, (_, i) => ` word${i}`)
const chunks = answerChunks({ text }, head, true)
const frame = (data: string) => `data: ${data}\n\n`
const opening = frame(chunks.role)
const tokens = chunks.content.map(frame)
const closing = `${chunks.end.map(frame).join('')}data: [DONE]\n\n`

const speak = (response: ServerResponse): void => {
  response.write(opening + (tokens[0] ?? ''))
  if (pace.intervalMs === 0) {
    response.end(tokens.slice(1).join('') + closing)
    return
  }
  let next = 1
  const timer = setInterval(() => {
    const token = tokens[next]
    next += 1
    if (token !== undefined) {
      response.write(token)
      return
    }
    clearInterval(timer)
    response.end(closing)
  }, pace.intervalMs)
  response.once('close', () => clearInterval(timer))
}

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  request.resume()
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    if (pace.firstTokenMs === 0) speak(response)
    else {
      response.flushHeaders()
      setTimeout(() => speak(response), pace.firstTokenMs)
    }
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
doJobs(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, async () => null)
