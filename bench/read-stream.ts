import { request as httpRequest, type Agent } from 'node:http'

/** Whom to call, and what to look for in what comes back. */
export interface Target {
  url: string
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body: string
  /** Text that stands in every event that carries a token, and in no other. */
  token: string
  /** Text that stands in the event after which the answer is whole. */
  end: string
}

const IDLE_MS = 30_000

/**
 * Makes one call and reads its event stream raw, at the least cost for the machine it shares with what is measured.
 * @param onToken hears of every token as it comes
 * @returns number of tokens
 * @throws Error when the answer is no stream, breaks off, or ends before its end
 */
export const readStream = (target: Target, agent: Agent, onToken: () => void): Promise<number> =>
  new Promise((resolve, reject) => {
    const { body } = target
    const request = httpRequest(target.url, {
      method: target.method,
      agent,
      headers: { ...target.headers, 'content-length': String(Buffer.byteLength(body)) },
      timeout: IDLE_MS,
    })
    request.once('timeout', () => request.destroy(new Error('nothing came for 30 s')))
    request.once('error', reject)
    request.once('response', (response) => {
      response.setEncoding('utf8')
      let rest = ''
      let tokens = 0
      let whole = false
      response.on('data', (piece: string) => {
        const blocks = (rest + piece).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          if (block.includes(target.token)) {
            tokens += 1
            onToken()
          } else if (block.includes(target.end)) whole = true
        }
      })
      response.once('error', reject)
      response.once('end', () => {
        if (whole) resolve(tokens)
        else
          reject(new Error(`status ${response.statusCode}, no whole answer: ${rest.slice(0, 300)}`))
      })
    })
    request.end(body)
  })

/** One call that is answered with JSON. @throws Error for another status than 200 */
export const callJson = <T>(call: Omit<Target, 'token' | 'end'>, agent?: Agent): Promise<T> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(call.url, {
      method: call.method,
      ...(agent === undefined ? {} : { agent }),
      headers: { ...call.headers, 'content-length': String(Buffer.byteLength(call.body)) },
      timeout: IDLE_MS,
    })
    request.once('timeout', () => request.destroy(new Error('nothing came for 30 s')))
    request.once('error', reject)
    request.once('response', (response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (piece: string) => (text += piece))
      response.once('error', reject)
      response.once('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as T)
        else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 300)}`))
      })
    })
    request.end(call.body)
  })
