import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../platform/errors.ts'
import { readKey } from './auth.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('the key of a request', () => {
  const rows: [headers: Record<string, string>, key: string | null][] = [
    [{ authorization: 'Bearer mlz_a' }, 'mlz_a'],
    [{ authorization: 'BEARER   mlz_a ' }, 'mlz_a'],
    [{ authorization: 'mlz_a' }, 'mlz_a'],
    [{ authorization: 'bearermlz_a' }, 'bearermlz_a'],
    [{ authorization: basic(':mlz_a') }, 'mlz_a'],
    [{ authorization: basic('anyone:mlz:a') }, 'mlz:a'],
    [{ authorization: basic('mlz_a') }, 'mlz_a'],
    [{ 'api-key': 'mlz_a' }, 'mlz_a'],
    [{ authorization: 'Bearer mlz_a', 'api-key': 'mlz_a' }, 'mlz_a'],
    // two keys: the rights of the one and the limits of the other would be anybody's choice
    [{ authorization: 'Bearer mlz_a', 'api-key': 'mlz_b' }, null],
    [{ authorization: basic(':mlz_a'), 'api-key': 'mlz_b' }, null],
    [{ authorization: 'Bearer', 'api-key': 'mlz_b' }, 'mlz_b'],
    [{}, null],
    [{ authorization: '' }, null],
    [{ authorization: 'Bearer ' }, null],
    [{ authorization: basic(':') }, null],
    [{ 'api-key': ' ' }, null],
  ]
  for (const [headers, key] of rows) {
    it(`in ${JSON.stringify(headers)} is ${key ?? 'refused'}`, () => {
      if (key !== null) assert.equal(readKey(headers), key)
      else
        assert.throws(
          () => readKey(headers),
          (error) => error instanceof AppError && error.status === 401,
        )
    })
  }
})
