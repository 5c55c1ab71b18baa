import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { pythonClient } from '../../../scripts/python-clients.ts'
import type { S3Settings } from '../../src/platform/blobs/s3-blobs.ts'

const START_TIMEOUT_MS = 30_000

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  /** Settings for a new, empty bucket. */
  newBucket(): Promise<S3Settings>
}

/** Starts moto's server, which speaks S3 over the wire and keeps everything in memory, on a free port. */
export const startS3Server = async (): Promise<S3Server> => {
  const child = spawn(pythonClient('moto-5'), ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-10_000)))
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  for (const until = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    const endpoint = /Running on (http:\/\/[\d.]+:\d+)/.exec(said)?.[1]
    if (endpoint !== undefined) {
      return { endpoint, newBucket: () => newBucket(endpoint), [Symbol.asyncDispose]: stop }
    }
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`moto_server did not start:\n${said}`)
    }
  }
}

const newBucket = async (endpoint: string): Promise<S3Settings> => {
  const settings: S3Settings = {
    bucket: `melzi-${randomBytes(6).toString('hex')}`,
    endpoint,
    region: 'us-east-1',
    // frozen as a configuration is
    credentials: Object.freeze({ accessKeyId: 'test', secretAccessKey: 'secret' }),
    prefix: 'some/where/',
  }
  const { credentials, region } = settings
  const client = new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    ...(credentials && { credentials: { ...credentials } }),
  })
  await client.send(new CreateBucketCommand({ Bucket: settings.bucket }))
  client.destroy()
  return settings
}
