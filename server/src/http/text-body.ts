import type { FastifyInstance } from 'fastify'
import { errors } from '../platform/errors.ts'

/**
 * Takes every body of this scope as text, byte for byte and whatever its content type says; a byte order mark stays.
 * A body that is not UTF-8 is refused with 400.
 */
export const takeText = (scope: FastifyInstance): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    try {
      done(null, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes as Buffer))
    } catch {
      done(errors.invalid('The body of the request is not UTF-8.'))
    }
  })
}
