import { buffer } from 'node:stream/consumers'
import { errors } from '../../platform/errors.ts'
import { IMAGE_HEAD_BYTES, imageType } from '../../platform/image-type.ts'
import type { Store } from '../../platform/store/store.ts'
import type { FileOwner, FileRecord, FileService } from '../files/service.ts'

/** Purposes whose files may stand in a message (behaviour.md 6); outputs too, so that a conversation can be copied. */
const PURPOSES: readonly string[] = ['vision', 'assistants', 'assistants_output']
/** As large as a picture that is fetched by its address: it is held in memory whole for the model. */
const MAX_IMAGE_BYTES = 20 * 1024 * 1024
const PARAM = 'image_file.file_id'

/** Files as pictures in messages. */
export const createImageFiles = (deps: { store: Store; files: FileService }) => {
  const { store, files } = deps

  const head = async (file: FileRecord): Promise<Buffer> => {
    const end = Math.min(IMAGE_HEAD_BYTES, file.bytes)
    return end === 0 ? Buffer.alloc(0) : buffer(await files.openContent(file, { start: 0, end }))
  }

  return {
    /**
     * @throws AppError 404 for a file that is not there or another person's; 400 for one of another purpose, too large, or not a
     * picture that models take
     */
    async check(owner: FileOwner, id: string): Promise<void> {
      const file = await files.getOwned(store, owner, id)
      if (!PURPOSES.includes(file.purpose)) {
        throw errors.invalid(
          `File '${id}' has the purpose '${file.purpose}'. Images in messages need a file of purpose 'vision' or 'assistants'.`,
          PARAM,
          'invalid_value',
        )
      }
      if (file.bytes > MAX_IMAGE_BYTES) {
        throw errors.invalid(
          `File '${id}' is too large for an image: the limit is ${MAX_IMAGE_BYTES} bytes.`,
          PARAM,
          'invalid_value',
        )
      }
      if (imageType(await head(file)) === null) {
        throw errors.invalid(
          `File '${id}' is not an image. PNG, JPEG, GIF and WebP are supported.`,
          PARAM,
          'invalid_value',
        )
      }
    },

    /** The picture as a `data:` URL; null when the file has been deleted or has expired since the message was made. */
    async read(workspaceId: string, id: string): Promise<string | null> {
      const file = await files.find(store, workspaceId, id)
      if (file === null) return null
      const bytes = await buffer(await files.openContent(file))
      return `data:${imageType(bytes) ?? 'application/octet-stream'};base64,${bytes.toString('base64')}`
    },
  }
}
