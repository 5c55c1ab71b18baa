import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootServer } from './support/boot.ts'
import { skipUnless } from './support/components.ts'
import { startS3Server } from './support/s3-server.ts'
import { uploadAndRead } from './support/upload-memory.ts'

// "A 200 MB upload stays under 300 MB RSS" (issue 3).
describe('200 MB go in and out within 300 MB of memory', () => {
  it('on disk', async (t) => {
    await using server = await bootServer()
    const peak = await uploadAndRead(server, 200)
    if (peak === null) return t.skip('peak memory is read from /proc')
    t.diagnostic(
      `${Math.round(peak.before / 2 ** 20)} MB, then ${Math.round(peak.after / 2 ** 20)}`,
    )
    assert.ok(peak.after < 300 * 2 ** 20, `${peak.after} bytes`)
  })

  it('in S3', skipUnless('moto'), async (t) => {
    await using s3 = await startS3Server()
    const { bucket, prefix } = await s3.newBucket()
    await using server = await bootServer({
      env: {
        MELZI_S3_BUCKET: bucket,
        MELZI_S3_ENDPOINT: s3.endpoint,
        MELZI_S3_ACCESS_KEY_ID: 'test',
        MELZI_S3_SECRET_ACCESS_KEY: 'secret',
        MELZI_S3_PREFIX: prefix,
      },
    })
    const peak = await uploadAndRead(server, 200)
    if (peak === null) return t.skip('peak memory is read from /proc')
    t.diagnostic(
      `${Math.round(peak.before / 2 ** 20)} MB, then ${Math.round(peak.after / 2 ** 20)}`,
    )
    assert.ok(peak.after < 300 * 2 ** 20, `${peak.after} bytes`)
  })
})
