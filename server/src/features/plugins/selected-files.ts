import { buffer } from 'node:stream/consumers'
import path from 'node:path'
import { AppError } from '../../platform/errors.ts'
import { imageType } from '../../platform/image-type.ts'
import type { Store } from '../../platform/store/store.ts'
import type { SandboxFile } from '../../plugins/python/sandbox-driver.ts'
import type { FileOwner, FileRecord, FileService } from '../files/service.ts'
import type { MessageRecord, MessageService } from '../messages/service.ts'

const MOST_FILES = 20
/** Of all files of a call together. */
const MOST_BYTES = 10_000_000
/** Messages of the thread that are looked at, the newest. */
const READ_MESSAGES = 200
/** Files asked for by one statement. */
const MOST_IDS = 200

/** Media types of what people attach; anything else is plain bytes. */
const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  epub: 'application/epub+zip',
  html: 'text/html',
  json: 'application/json',
  md: 'text/markdown',
  pdf: 'application/pdf',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  txt: 'text/plain',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  yaml: 'application/yaml',
  zip: 'application/zip',
}

/**
 * SELECTED_FILES: what the person attached to the thread's messages, newest first, as far as the limits go; only files that are still his.
 * A file that does not fit any more is left out, and the next one tried.
 * @param threadId his thread; the caller has checked that
 */
export const selectedFiles = async (
  deps: {
    store: Store
    files: Pick<FileService, 'findMany' | 'openContent'>
    messages: Pick<MessageService, 'newest'>
  },
  owner: FileOwner,
  threadId: string,
): Promise<SandboxFile[]> => {
  const { store, files, messages } = deps
  const { workspaceId, personId } = owner
  const newest = await messages.newest(store, owner, threadId, READ_MESSAGES)
  const ids = [...new Set(newest.toReversed().flatMap(attachedIds))].slice(0, MOST_IDS)
  const found = new Map<string, FileRecord>()
  for (const file of await files.findMany(store, workspaceId, ids)) found.set(file.id, file)
  const selected: SandboxFile[] = []
  let left = MOST_BYTES
  for (const id of ids) {
    const file = found.get(id)
    if (file === undefined || file.ownerId !== personId || file.bytes > left) continue
    const data = await contentOf(files, file)
    if (data === null) continue
    left -= file.bytes
    selected.push({ title: file.filename, type: typeOf(file.filename, data), data })
    if (selected.length === MOST_FILES) break
  }
  return selected
}

const attachedIds = ({ role, attachments, content }: MessageRecord): string[] =>
  role === 'user'
    ? [
        ...attachments.flatMap(({ file_id: id }) => id ?? []),
        ...content.flatMap((part) => (part.type === 'image_file' ? part.image_file.file_id : [])),
      ]
    : []

/** Null when it was deleted since it was found. */
const contentOf = async (
  files: Pick<FileService, 'openContent'>,
  file: FileRecord,
): Promise<Buffer | null> => {
  try {
    return await buffer(await files.openContent(file))
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return null
    throw error
  }
}

const typeOf = (filename: string, data: Buffer): string => {
  const ending = path.posix.extname(filename).slice(1).toLowerCase()
  const byName = Object.hasOwn(TYPES, ending) ? TYPES[ending] : undefined
  return imageType(data) ?? byName ?? 'application/octet-stream'
}
