import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { byteRangeOf } from './byte-range.ts'
import type { PictureService } from './service.ts'

/** It may be shown anywhere and can do nothing: no script runs where somebody opens it as a page. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'content-disposition': 'inline; filename="picture.png"',
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
  // Whoever deletes the file ends its address, so every showing asks again.
  'cache-control': 'private, no-cache',
  'accept-ranges': 'bytes',
} as const

/** `GET` and `HEAD /pictures/{picture}`: a picture by its signed address, without a key (design 6b). */
export const pictureRoutes = (app: FastifyInstance, pictures: PictureService): void => {
  const url = '/pictures/:picture'
  // The framework's own HEAD would open the content and read none of it.
  const method = ['GET', 'HEAD']
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const { picture } = request.params as { picture: string }
    const { file, type, open } = await pictures.get(picture)
    const etag = `"${file.id}"`
    reply.headers({ ...HEADERS, etag })
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    const range = byteRangeOf(request.headers.range, file.bytes)
    if (range === 'unsatisfiable')
      return reply.code(416).header('content-range', `bytes */${file.bytes}`).send()
    reply.type(type).header('content-length', (range?.end ?? file.bytes) - (range?.start ?? 0))
    if (request.method === 'HEAD') return reply.send()
    if (range === null) return reply.send(await open())
    const shown = `bytes ${range.start}-${range.end - 1}/${file.bytes}`
    return reply
      .code(206)
      .header('content-range', shown)
      .send(await open(range))
  }
  app.route({ method, url, handler })
}
