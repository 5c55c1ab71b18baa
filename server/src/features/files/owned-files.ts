import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { isOwn, type Owner } from '../../platform/principal.ts'
import type { Reader } from '../../platform/store/store.ts'
import { findFile, findOwnedFiles, type FileRecord } from './store.ts'

/** Whose a file is: a principal, or the owner of a thread or run. */
export type FileOwner = Owner

/** Files asked for by one statement. */
const READ_BATCH = 200

export type OwnedFiles = ReturnType<typeof createOwnedFiles>

/** The right on files: all that features need which only name them. */
export const createOwnedFiles = ({ clock }: { clock: Clock }) => {
  const now = () => seconds(clock.now())

  /** @throws AppError 404 when it does not exist, has expired or is another person's */
  const getOwned = async (db: Reader, owner: FileOwner, id: string): Promise<FileRecord> => {
    const file = await findFile(db, owner.workspaceId, id, now())
    if (file === null || !isOwn(owner, file)) throw errors.noSuchFile(id)
    return file
  }

  /** The same for many, in the order of their ids, in few statements. @throws AppError 404 for the first that is not there */
  const getManyOwned = async (
    db: Reader,
    owner: FileOwner,
    ids: readonly string[],
  ): Promise<FileRecord[]> => {
    const found = new Map<string, FileRecord>()
    for (let i = 0; i < ids.length; i += READ_BATCH) {
      const batch = ids.slice(i, i + READ_BATCH)
      for (const file of await findOwnedFiles(db, owner, batch, now())) found.set(file.id, file)
    }
    return ids.map((id) => {
      const file = found.get(id)
      if (file === undefined) throw errors.noSuchFile(id)
      return file
    })
  }

  return { getOwned, getManyOwned }
}
