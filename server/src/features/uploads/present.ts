import type { UploadObject, UploadPartObject } from '@melzi/contract/upload.ts'
import { presentFile, type FileRecord } from '../files/service.ts'
import type { PartRecord, UploadRecord } from './store.ts'

/** @param file of a completed upload; null while there is none, or when it is gone */
export const presentUpload = (upload: UploadRecord, file: FileRecord | null): UploadObject => ({
  id: upload.id,
  object: 'upload',
  bytes: upload.bytes,
  created_at: upload.createdAt,
  filename: upload.filename,
  purpose: upload.purpose,
  status: upload.status,
  expires_at: upload.expiresAt,
  ...(upload.status === 'completed' ? { file: file === null ? null : presentFile(file) } : {}),
})

export const presentPart = (part: PartRecord): UploadPartObject => ({
  id: part.id,
  object: 'upload.part',
  created_at: part.createdAt,
  upload_id: part.uploadId,
})
