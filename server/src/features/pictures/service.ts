import { buffer } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import type { ByteRange } from '../../platform/blobs/blob-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import { IMAGE_HEAD_BYTES, imageType } from '../../platform/image-type.ts'
import type { Store } from '../../platform/store/store.ts'
import type { FileRecord, FileService } from '../files/service.ts'
import type { PictureLinks } from './picture-links.ts'

export type { PictureLinks } from './picture-links.ts'

/** A picture that its address may show. */
export interface Picture {
  file: FileRecord
  /** Media type by its bytes. */
  type: string
  /** @param range in bytes, within the file; all of it when left out */
  open: (range?: ByteRange) => Promise<Readable>
}

export type PictureService = ReturnType<typeof createPictures>

/** Pictures for whoever has their signed address. */
export const createPictures = (deps: {
  store: Store
  clock: Clock
  files: Pick<FileService, 'find' | 'openContent'>
  links: PictureLinks
}) => {
  const { store, clock, files, links } = deps

  return {
    /**
     * @param name the last piece of the address
     * @throws AppError 404 for one that is not signed, is over its time, or whose file is gone: they all look the same
     */
    get: async (name: string): Promise<Picture> => {
      const link = links.parse(name)
      if (link === null || link.expiresAt <= seconds(clock.now())) throw noPicture()
      const file = await files.find(store, link.workspaceId, link.fileId)
      if (file?.purpose !== 'assistants_output') throw noPicture()
      const owner = { workspaceId: file.workspaceId, personId: file.ownerId }
      if (!links.isSigned(link, owner)) throw noPicture()
      const end = Math.min(IMAGE_HEAD_BYTES, file.bytes)
      const head = end === 0 ? null : await buffer(await files.openContent(file, { start: 0, end }))
      const type = head && imageType(head)
      if (type === null) throw noPicture()
      return { file, type, open: (range) => files.openContent(file, range) }
    },
  }
}

const noPicture = () =>
  new AppError({ status: 404, message: 'There is no picture here, or its address is too old.' })
