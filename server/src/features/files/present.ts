import type { FileObject } from '@melzi/contract/file.ts'
import type { FileRecord } from './store.ts'

export const presentFile = (file: FileRecord): FileObject => ({
  object: 'file',
  id: file.id,
  purpose: file.purpose,
  filename: file.filename,
  bytes: file.bytes,
  created_at: file.createdAt,
  expires_at: file.expiresAt,
  status: 'processed',
  status_details: null,
})
