import type { Config } from '../config/config.ts'
import { openBlobs } from '../platform/blobs/open-blobs.ts'
import { missing, ok, reason, type Check } from './check.ts'

/** Asks a bucket for an object that is not there. Nothing to say where blobs are files: the data folder has its own line. */
export const checkBlobs = async ({ blobs: where }: Config): Promise<Check[]> => {
  if (where.kind === 'disk') return []
  const name = 'Files (S3)'
  await using blobs = await openBlobs(where)
  try {
    await blobs.get('doctor', '0'.repeat(64))
    return [ok(name, `bucket ${where.bucket} answers`)]
  } catch (error) {
    return [
      missing(
        name,
        `bucket ${where.bucket} cannot be read: ${reason(error)}`,
        'check MELZI_S3_BUCKET, MELZI_S3_ENDPOINT, MELZI_S3_REGION and the key, and that the bucket exists',
      ),
    ]
  }
}
