import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { createHttpServer } from './server.ts'
import { doneFrame, frame } from './sse-frame.ts'
import { openSse, type SseWriter } from './sse.ts'

let app: FastifyInstance
let port: number
let opened: (writer: SseWriter) => void
const logged: Record<string, unknown>[] = []

const HEARTBEAT_MS = 60
const MAX_BUFFERED = 256 * 1024

before(async () => {
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => void logged.push(JSON.parse(line)) },
  )
  app = createHttpServer({ log, bodyLimit: 1024 })
  app.get('/stream', async (_request, reply) => {
    opened(openSse(reply, { heartbeatMs: HEARTBEAT_MS, maxBufferedBytes: MAX_BUFFERED }))
  })
  port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
})

after(() => app.close())

const nextWriter = () => new Promise<SseWriter>((resolve) => (opened = resolve))
const aborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })

const open = async () => {
  const writer = nextWriter()
  const response = await fetch(`http://127.0.0.1:${port}/stream`, {
    headers: { origin: 'https://example.org' },
  })
  return { writer: await writer, response }
}

/** A reader that asks and then reads nothing, or only what `onData` is given. */
const rawReader = async (
  onData?: (text: string) => void,
): Promise<{ writer: SseWriter; socket: Socket }> => {
  const writer = nextWriter()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  if (onData) socket.setEncoding('utf8').on('data', onData)
  else socket.pause()
  socket.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n')
  return { writer: await writer, socket }
}

describe('frames', () => {
  it('have the form of the wire', () => {
    assert.equal(
      frame('thread.created', '{"id":"thread_1"}'),
      'event: thread.created\ndata: {"id":"thread_1"}\n\n',
    )
    assert.equal(frame('x', '{}', '1-7'), 'id: 1-7\nevent: x\ndata: {}\n\n')
    assert.equal(doneFrame, 'event: done\ndata: [DONE]\n\n')
  })
})

describe('an event stream', () => {
  it('carries the headers of an answer and of a stream', async () => {
    const { writer, response } = await open()
    writer.close()
    await response.text()
    assert.equal(response.status, 200)
    const { headers } = response
    assert.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(headers.get('cache-control'), 'no-cache, no-transform')
    assert.equal(headers.get('x-accel-buffering'), 'no')
    assert.equal(headers.get('access-control-allow-origin'), 'https://example.org')
    assert.match(headers.get('access-control-expose-headers') ?? '', /x-request-id/)
    assert.match(headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/)
    assert.match(headers.get('openai-processing-ms') ?? '', /^\d+$/)
  })

  it('keeps every frame, in order, through close', async () => {
    const { writer, response } = await open()
    let expected = ''
    for (let i = 0; i < 500; i += 1) {
      const one = frame('n', String(i))
      expected += one
      writer.write(one)
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    writer.write(doneFrame)
    writer.close()
    assert.equal(await response.text(), expected + doneFrame)
    assert.equal(writer.closed.aborted, false)
  })

  it('sends the first ten frames at once and gathers the rest of a burst', async () => {
    let text = ''
    let arrived = (): void => {}
    const all = new Promise<void>((resolve) => (arrived = resolve))
    const { writer, socket } = await rawReader((piece) => {
      text += piece
      if (text.includes('data: 59')) arrived()
    })
    for (let i = 0; i < 60; i += 1) writer.write(frame('n', String(i)))
    await all
    writer.close()
    socket.destroy()
    // one write is one chunk of the chunked encoding
    const chunks = text.split(/\r\n[0-9a-f]+\r\n/).slice(1)
    assert.equal(chunks.length, 11)
    for (let i = 0; i < 10; i += 1) assert.equal(chunks[i], frame('n', String(i)))
    assert.match(chunks[10] ?? '', /^event: n\ndata: 10\n\n[\s\S]*data: 59\n\n/)
  })

  it('says it is alive when it has nothing to say', async () => {
    const { writer, response } = await open()
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS * 3))
    writer.close()
    const text = await response.text()
    assert.match(text, /^(?:: keep-alive\n\n){1,3}$/)
  })

  it('notices that its reader left, and takes further frames without harm', async () => {
    const { writer, socket } = await rawReader()
    socket.destroy()
    assert.match(String(await aborted(writer.closed)), /reader left/)
    writer.write(frame('late', '1'))
    writer.close()
  })

  it('drops a reader that does not keep up, by name, and no other', async () => {
    const other = await open()
    const { writer, socket } = await rawReader()
    const piece = frame('big', JSON.stringify('x'.repeat(64 * 1024)))
    const gone = aborted(writer.closed)
    let sent = 0
    // what the kernel's own buffers take comes on top of the limit
    while (!writer.closed.aborted && sent < 1000) {
      writer.write(piece)
      sent += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.match(String(await gone), /slow reader/)
    const line = logged.find((entry) => String(entry['msg']).startsWith('slow reader'))
    assert.match(String(line?.['requestId']), /^req_/)
    socket.destroy()
    assert.equal(other.writer.closed.aborted, false)
    other.writer.write(doneFrame)
    other.writer.close()
    assert.match(await other.response.text(), /data: \[DONE\]\n\n$/)
  })
})
