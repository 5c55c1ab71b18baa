import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { skipUnless } from '../../tests/support/components.ts'
import { startS3Server, type S3Server } from '../../tests/support/s3-server.ts'
import { readConfig } from '../config/config.ts'
import { checkBlobs } from './check-blobs.ts'

describe('the doctor on files', () => {
  it('has nothing to say about a disk', async () => {
    assert.deepEqual(await checkBlobs(readConfig({})), [])
  })
})

describe('the doctor on a bucket', skipUnless('moto'), () => {
  let server: S3Server
  before(async () => void (server = await startS3Server()))
  after(() => server?.[Symbol.asyncDispose]())

  const configOf = (bucket: string, endpoint: string) =>
    readConfig({
      MELZI_S3_BUCKET: bucket,
      MELZI_S3_ENDPOINT: endpoint,
      MELZI_S3_ACCESS_KEY_ID: 'test',
      MELZI_S3_SECRET_ACCESS_KEY: 'secret',
    })

  it('finds it, misses it, or reaches nothing', async () => {
    const { bucket } = await server.newBucket()
    const [good] = await checkBlobs(configOf(bucket, server.endpoint))
    assert.equal(good?.state, 'ok')
    const [gone] = await checkBlobs(configOf('no-such-bucket', server.endpoint))
    assert.equal(gone?.state, 'missing')
    assert.match(gone?.message ?? '', /bucket does not exist/)
    const [silent] = await checkBlobs(configOf(bucket, 'http://127.0.0.1:1'))
    assert.equal(silent?.state, 'missing')
    assert.match(silent?.fix ?? '', /MELZI_S3_ENDPOINT/)
  })
})
