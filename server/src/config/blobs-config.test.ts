import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from './config.ts'
import { ConfigError } from './settings.ts'

describe('where blobs are', () => {
  it('is a folder of the data, or a bucket', () => {
    assert.deepEqual(readConfig({ MELZI_DATA: '/data' }).blobs, {
      kind: 'disk',
      dir: '/data/blobs',
    })
    assert.deepEqual(readConfig({ MELZI_S3_BUCKET: 'b' }).blobs, {
      kind: 's3',
      bucket: 'b',
      endpoint: null,
      region: 'us-east-1',
      credentials: null,
      prefix: '',
    })
    const all = readConfig({
      MELZI_S3_BUCKET: 'b',
      MELZI_S3_ENDPOINT: 'https://s3.example.org/',
      MELZI_S3_REGION: 'eu-west-3',
      MELZI_S3_ACCESS_KEY_ID: 'id',
      MELZI_S3_SECRET_ACCESS_KEY: 'secret',
      MELZI_S3_PREFIX: '/a/b/',
    })
    assert.deepEqual(all.blobs, {
      kind: 's3',
      bucket: 'b',
      endpoint: 'https://s3.example.org',
      region: 'eu-west-3',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      prefix: 'a/b/',
    })
  })

  it('cannot be half a key or no address', () => {
    const half = { MELZI_S3_BUCKET: 'b', MELZI_S3_ACCESS_KEY_ID: 'id' }
    assert.throws(() => readConfig(half), ConfigError)
    const odd = { MELZI_S3_BUCKET: 'b', MELZI_S3_ENDPOINT: 's3.example.org' }
    assert.throws(() => readConfig(odd), /MELZI_S3_ENDPOINT: must be an http or https URL/)
  })
})
