/** Program: the least a server between client and model can do. It hands each request on and the answer's bytes back as they come. */
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { argument, doJobs } from './jobs.ts'

const modelUrl = argument<string>()
const agent = new Agent({ keepAlive: true })

const server = createServer((incoming, outgoing) => {
  const upstream = httpRequest(`${modelUrl}/chat/completions`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json' },
  })
  upstream.once('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, {
      'content-type': 'text/event-stream; charset=utf-8',
    })
    answer.on('data', (piece: Buffer) => outgoing.write(piece))
    answer.once('end', () => outgoing.end())
  })
  upstream.on('error', () => outgoing.destroy())
  outgoing.once('close', () => upstream.destroy())
  incoming.pipe(upstream)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
doJobs(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => null)
