import type { BlobStore } from './blob-store.ts'
import { DiskBlobs } from './disk-blobs.ts'
import type { S3Settings } from './s3-blobs.ts'

export type BlobsConfig =
  | { readonly kind: 'disk'; readonly dir: string }
  | ({ readonly kind: 's3' } & S3Settings)

/** The S3 client is loaded only where it is used: it costs 40 MB and a third of a second. */
export const openBlobs = async (config: BlobsConfig): Promise<BlobStore> => {
  if (config.kind === 'disk') return new DiskBlobs(config.dir)
  const { S3Blobs } = await import('./s3-blobs.ts')
  return new S3Blobs(config)
}
