import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { RandomRequest } from './make-request.ts'

export interface Answer {
  /** Null when there was none. */
  status: number | null
  headers: NodeJS.Dict<string | string[]>
  text: string
  ms: number
  /** Why there is no whole answer. */
  failure: string | null
}

/** A stream of a run may wait for its model; nothing else may come near it. */
const LIMIT_MS = 30_000
/** The events route follows a run until its end, which may be long in coming: its reader leaves after this. */
const LEAVES_AFTER_MS = 300
/** So much of an answer is kept. */
const MAX_TEXT = 2_000_000

/** Sends requests over kept connections, as SDKs do. */
export const createSender = (origin: string, connections: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { hostname, port } = new URL(origin)

  const send = ({ method, path, headers, body }: RandomRequest): Promise<Answer> =>
    new Promise((resolve) => {
      const begun = performance.now()
      let whole = false
      const end = (answer: Partial<Answer>) => {
        if (whole) return
        clearTimeout(timer)
        whole = true
        const ms = performance.now() - begun
        resolve({ status: null, headers: {}, text: '', ms, failure: null, ...answer })
      }
      const length = body.length > 0 ? { 'content-length': String(body.length) } : {}
      const sent = request(
        { hostname, port, method, path, agent, headers: { ...headers, ...length } },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            if (text.length < MAX_TEXT) text += chunk
          })
          const { statusCode: status = null, headers: answered } = response
          const leave = () => {
            end({ status, headers: answered, text })
            sent.destroy()
          }
          if (status === 200 && /\/events\/?(?:\?|$)/.test(path)) setTimeout(leave, LEAVES_AFTER_MS)
          response.on('end', () => end({ status, headers: answered, text }))
          response.on('error', (error) =>
            end({ status, headers: answered, text, failure: error.message }),
          )
        },
      )
      const timer = setTimeout(() => {
        end({ failure: `no whole answer in ${LIMIT_MS} ms` })
        sent.destroy()
      }, LIMIT_MS)
      sent.on('error', (error) => {
        end({ failure: error.message })
      })
      sent.end(body)
    })

  /** Bytes that need not be HTTP, on a connection of their own; resolves when the server has closed it. */
  const sendBytes = (bytes: Buffer): Promise<Answer> =>
    new Promise((resolve) => {
      const begun = performance.now()
      let text = ''
      let failure: string | null = null
      const socket = connect(Number(port), hostname, () => socket.end(bytes))
      socket.setTimeout(LIMIT_MS, () => {
        failure = `open for ${LIMIT_MS} ms`
        socket.destroy()
      })
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      socket.on('error', () => undefined) // a reset is a way to close
      socket.on('close', () => {
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? Number.NaN)
        const ms = performance.now() - begun
        resolve({ status: Number.isNaN(status) ? null : status, headers: {}, text, ms, failure })
      })
    })

  return { send, sendBytes, close: () => agent.destroy() }
}
