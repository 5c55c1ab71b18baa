/** Servers on loopback that stand for hosts of the internet: names resolve to them, and the operator's list opens them. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { EgressSettings } from '../egress-broker.ts'

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://host')
  const body = await bodyOf(request)
  const json = (status: number, value: unknown, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(value))
  switch (url.pathname) {
    case '/echo':
      return void json(200, {
        method: request.method,
        headers: request.headers,
        body: body.toString('utf8'),
        query: url.search,
      })
    case '/redirect':
      return void response.writeHead(302, { location: url.searchParams.get('to') ?? '/echo' }).end()
    case '/gzip':
      return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'))
    case '/cookies':
      return void response
        .writeHead(
          200,
          [
            ['set-cookie', 'a=1; Path=/'],
            ['set-cookie', 'b=2; Path=/'],
          ].flat(),
        )
        .end('ok')
    case '/slow':
      response.writeHead(200)
      response.write('a')
      return
    case '/large': {
      response.writeHead(200)
      const gone = once(response, 'close')
      for (let sent = 0; sent < 200 && !response.destroyed; sent += 1) {
        if (!response.write(Buffer.alloc(1_000_000)))
          await Promise.race([once(response, 'drain'), gone])
      }
      return void response.end()
    }
    case '/empty':
      return void response.writeHead(204).end()
    default:
      return void json(404, { error: 'no such page' })
  }
}

/** A certificate for `secure.test` that is its own authority; null where the program openssl is missing. */
const makeCertificate = (): { key: string; cert: string } | null => {
  const folder = mkdtempSync(join(tmpdir(), 'melzi-cert-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=secure.test', '-addext', 'subjectAltName=DNS:secure.test']
  try {
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    )
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } catch {
    return null
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export class FakeInternet implements AsyncDisposable {
  readonly #servers: { close(done: () => void): void; closeAllConnections(): void }[] = []
  readonly certificate = makeCertificate()
  port = 0
  securePort = 0
  requests = 0

  async open(): Promise<void> {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      this.requests += 1
      answer(request, response).catch(() => response.destroy())
    }
    const plain = createServer(handle)
    this.#servers.push(plain)
    this.port = await listen(plain)
    if (this.certificate === null) return
    const secure = createSecureServer(this.certificate, handle)
    this.#servers.push(secure)
    this.securePort = await listen(secure)
  }

  /** `api.test`, `other.test` plainly; `secure.test` with its certificate, `wrong.test` with that same one. */
  get egress(): EgressSettings {
    const { port, securePort } = this
    return {
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      internalHosts: [
        `api.test:${port}`,
        `other.test:${port}`,
        `secure.test:${securePort}`,
        `wrong.test:${securePort}`,
      ],
      ...(this.certificate === null ? {} : { ca: this.certificate.cert }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(done))
    }
  }
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
