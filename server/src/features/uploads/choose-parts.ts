import { errors } from '../../platform/errors.ts'
import type { PartRecord, UploadRecord } from './store.ts'

/**
 * The parts a client names, in its order.
 * @throws AppError 400 for a part that is named twice or is not the upload's, and when they are not as long as the upload was announced
 */
export const chooseParts = (
  upload: UploadRecord,
  parts: readonly PartRecord[],
  partIds: readonly string[],
): PartRecord[] => {
  const byId = new Map(parts.map((part) => [part.id, part]))
  const chosen = partIds.map((id, index) => {
    const part = byId.get(id)
    if (part === undefined) {
      const twice = partIds.indexOf(id) < index
      throw errors.invalid(
        twice
          ? `Invalid 'part_ids': part '${id}' is named twice.`
          : `No part found with id '${id}' in upload '${upload.id}'.`,
        `part_ids[${index}]`,
        'invalid_value',
      )
    }
    byId.delete(id)
    return part
  })
  const bytes = chosen.reduce((sum, part) => sum + part.bytes, 0)
  if (bytes === upload.bytes) return chosen
  throw errors.invalid(
    `The parts of upload '${upload.id}' have ${bytes} bytes together, but it was created for ${upload.bytes} bytes.`,
    'part_ids',
    'invalid_value',
  )
}
