/** A real HTTP server that speaks `/v1/chat/completions` from a script; the stand-in for every model server in tests and benches. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { autoAnswer } from './scripted-auto.ts'
import type { ChatBody } from './scripted-auto.ts'
import { answerBody, answerChunks } from './scripted-turn.ts'
import type { ScriptedAnswer, ScriptedFailure, ScriptedRaw, ScriptedTurn } from './scripted-turn.ts'

interface ScriptedRequest {
  path: string
  query: Record<string, string>
  headers: IncomingHttpHeaders
  body: ChatBody
  /** True once the client closed the connection before the answer was whole. */
  aborted: boolean
  /** Resolves when the connection's part in this request is over, whole or not. */
  closed: Promise<void>
}

export interface ScriptedModelOptions {
  /** Answers every request that finds no turn in the script; undefined falls through to `auto`. */
  handler?: (
    request: ScriptedRequest,
  ) => ScriptedTurn | undefined | Promise<ScriptedTurn | undefined>
  /** Answer by rule when nothing else does; off by default, so that a script that is too short fails loudly. */
  auto?: boolean
  /** What `auto` says, piece by piece. */
  autoText?: readonly string[]
  /** Pause before each chunk of answers that name none of their own, in ms. */
  delayMs?: number
  /** Port on 127.0.0.1; a free one unless told. */
  port?: number
}

export interface ScriptedModel extends AsyncDisposable {
  /** Base URL, ends in `/v1`. */
  readonly url: string
  readonly requests: ScriptedRequest[]
  /** Adds turns to the end of the script; each answers one request. */
  push(...turns: ScriptedTurn[]): void
  /** Turns not yet used. */
  readonly left: number
  /** Connections clients have opened so far. */
  readonly connections: number
  /** Waits until `count` requests have come; throws after `timeoutMs` (5,000). */
  waitForRequests(count: number, timeoutMs?: number): Promise<ScriptedRequest[]>
}

const readBody = async (request: IncomingMessage): Promise<ChatBody> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? {} : (JSON.parse(text) as ChatBody)
}

const sendWhole = (response: ServerResponse, turn: ScriptedFailure): void => {
  const isText = typeof turn.body === 'string'
  response.writeHead(turn.status, {
    'content-type': isText ? 'text/plain' : 'application/json',
    ...turn.headers,
  })
  response.end(
    isText
      ? turn.body
      : JSON.stringify(turn.body ?? { error: { message: `scripted ${turn.status}` } }),
  )
}

/** Writes pieces with their pause; false when the turn's hang, its cut, or the client ended it. */
const sendPieces = async (
  response: ServerResponse,
  pieces: readonly (string | Uint8Array)[],
  turn: { hangAfter?: number; cutAfter?: number; delayMs?: number },
  defaultDelayMs: number,
): Promise<boolean> => {
  const delay = turn.delayMs ?? defaultDelayMs
  const stop = Math.min(turn.hangAfter ?? Infinity, turn.cutAfter ?? Infinity)
  for (const piece of pieces.slice(0, stop)) {
    if (delay > 0) await sleep(delay)
    if (response.destroyed) return false
    if (!response.write(piece))
      await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  if (stop === Infinity) return true
  // A cut right after a write would drop what is still on its way.
  if (turn.cutAfter !== undefined) setTimeout(() => response.destroy(), 20).unref()
  return false
}

const event = (data: string) => `data: ${data}\n\n`

export const startScriptedModel = async (
  options: ScriptedModelOptions = {},
): Promise<ScriptedModel> => {
  const script: ScriptedTurn[] = []
  const requests: ScriptedRequest[] = []
  const arrivals = new Set<() => void>()
  const delayMs = options.delayMs ?? 0
  let answers = 0
  let connections = 0

  const nextTurn = async (request: ScriptedRequest): Promise<ScriptedTurn> => {
    const scripted = script.shift() ?? (await options.handler?.(request))
    if (scripted !== undefined) return scripted
    if (options.auto === true) return autoAnswer(request.body, options.autoText)
    // 400 is the status no client tries again.
    return {
      status: 400,
      body: { error: { message: 'The scripted model has no turn left.', type: 'script_error' } },
    }
  }

  const sendRaw = async (response: ServerResponse, turn: ScriptedRaw): Promise<void> => {
    response.writeHead(200, { 'content-type': turn.contentType ?? 'text/event-stream' })
    response.flushHeaders()
    const pieces = typeof turn.raw === 'string' ? [turn.raw] : turn.raw
    if (await sendPieces(response, pieces, turn, delayMs)) response.end()
  }

  const sendAnswer = async (
    response: ServerResponse,
    turn: ScriptedAnswer,
    body: ChatBody,
  ): Promise<void> => {
    answers += 1
    const head = {
      id: `chatcmpl-scripted${answers}`,
      created: Math.floor(Date.now() / 1000),
      model: body.model ?? 'scripted',
    }
    if (body.stream !== true) {
      sendWhole(response, { status: 200, body: answerBody(turn, head) })
      return
    }
    const chunks = answerChunks(turn, head, body.stream_options?.include_usage === true)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    })
    response.write(event(chunks.role))
    if (!(await sendPieces(response, chunks.content.map(event), turn, delayMs))) return
    response.end(`${chunks.end.map(event).join('')}data: [DONE]\n\n`)
  }

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', 'http://scripted')
    if (incoming.method === 'GET' && url.pathname.endsWith('/models')) {
      sendWhole(response, {
        status: 200,
        body: { object: 'list', data: [{ id: 'scripted', object: 'model' }] },
      })
      return
    }
    if (incoming.method !== 'POST' || !url.pathname.endsWith('/chat/completions')) {
      sendWhole(response, {
        status: 404,
        body: { error: { message: `no ${incoming.method} ${url.pathname} here` } },
      })
      return
    }
    const closed = Promise.withResolvers<void>()
    const request: ScriptedRequest = {
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: incoming.headers,
      body: await readBody(incoming),
      aborted: false,
      closed: closed.promise,
    }
    response.once('close', () => {
      request.aborted = !response.writableFinished
      closed.resolve()
    })
    requests.push(request)
    for (const arrived of arrivals) arrived()
    const turn = await nextTurn(request)
    if (turn.firstDelayMs !== undefined) await sleep(turn.firstDelayMs)
    if (response.destroyed) return
    if ('status' in turn) sendWhole(response, turn)
    else if ('raw' in turn) await sendRaw(response, turn)
    else await sendAnswer(response, turn, request.body)
  }

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      // The test sees its own mistake (a throwing handler, a body that is no JSON) as a failed call that names it.
      if (response.headersSent) response.destroy()
      else
        sendWhole(response, {
          status: 400,
          body: { error: { message: `scripted model: ${String(error)}` } },
        })
    })
  })
  server.on('connection', () => {
    connections += 1
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    push: (...turns) => {
      script.push(...turns)
    },
    get left() {
      return script.length
    },
    get connections() {
      return connections
    },
    waitForRequests: async (count, timeoutMs = 5000) => {
      const signal = AbortSignal.timeout(timeoutMs)
      while (requests.length < count) {
        const arrival = Promise.withResolvers<void>()
        const late = () =>
          arrival.reject(
            new Error(`${requests.length} of ${count} requests came within ${timeoutMs} ms`),
          )
        arrivals.add(arrival.resolve)
        signal.addEventListener('abort', late, { once: true })
        if (signal.aborted) late()
        try {
          await arrival.promise
        } finally {
          arrivals.delete(arrival.resolve)
          signal.removeEventListener('abort', late)
        }
      }
      return requests
    },
    [Symbol.asyncDispose]: async () => {
      const done = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await done
    },
  }
}
