/** Tables of refused bodies: one test for each row. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseBody } from '../../src/http/validate.ts'
import { AppError } from '../../src/platform/errors.ts'

/** What the call throws, which must be an AppError. */
export const refusal = (parse: () => unknown): AppError => {
  try {
    parse()
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    return error
  }
  assert.fail('was accepted')
}

type Row = [body: unknown, message: string, param: string, code: string]
/** Parses each body with the schema and compares the whole error. */
export const table = (name: string, schema: Parameters<typeof parseBody>[0], rows: Row[]) => {
  describe(name, () => {
    for (const [body, message, param, code] of rows) {
      it(message.slice(0, 110), () => {
        const error = refusal(() => parseBody(schema, body))
        assert.deepEqual(
          {
            status: error.status,
            type: error.type,
            message: error.message,
            param: error.param,
            code: error.code,
          },
          { status: 400, type: 'invalid_request_error', message, param, code },
        )
      })
    }
  })
}
