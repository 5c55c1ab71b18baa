import { hostileBytes } from './hostile-values.ts'
import type { Random } from './random.ts'

/** What is sent where an HTTP request was expected: broken framing, smuggling, noise. */
export const rawBytes = (random: Random, key: string): Buffer => {
  const auth = `authorization: Bearer ${key}\r\nhost: x\r\n`
  const post = `POST /v1/threads HTTP/1.1\r\n${auth}`
  return Buffer.from(
    random.pick([
      hostileBytes(random).toString('latin1'),
      '\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /v1/threads\r\n\r\n',
      'GET /v1/threads HTTP/1.0\r\n\r\n',
      `GET ${'/x'.repeat(20_000)} HTTP/1.1\r\n${auth}\r\n`,
      `GET /v1/threads HTTP/1.1\r\n${auth}x: ${'y'.repeat(70_000)}\r\n\r\n`,
      `GET /v1/threads HTTP/1.1\r\n${'h: 1\r\n'.repeat(3_000)}${auth}\r\n`,
      `GET /v1/\xff\xfe HTTP/1.1\r\n${auth}\r\n`,
      `GET http://evil.example/v1/threads HTTP/1.1\r\n${auth}connection: close\r\n\r\n`,
      `OPTIONS * HTTP/1.1\r\n${auth}connection: close\r\n\r\n`,
      `CONNECT 127.0.0.1:1 HTTP/1.1\r\n${auth}\r\n`,
      `${post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${post}content-length: -1\r\n\r\n{}`,
      `${post}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
      `${post}content-length: 100\r\n\r\n{}`,
      `${post}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      `${post}transfer-encoding: chunked\r\n\r\n2\r\n{}`,
      `${post}transfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      `${post}transfer-encoding: gzip\r\n\r\n{}`,
      `${post}content-type: multipart/form-data; boundary=x\r\ncontent-length: 9000\r\n\r\n--x\r\n`,
      `POST /v1/files HTTP/1.1\r\n${auth}content-type: multipart/form-data; boundary=x\r\ncontent-length: 9000\r\n\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc`,
      `${post}expect: something\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
      `${post}bad header\r\n\r\n`,
    ]),
    'latin1',
  )
}
