import { randomBytes } from 'node:crypto'

const ID = /^[0-9a-f]{64}$/
const WORKSPACE = /^[A-Za-z0-9_-]{1,80}$/

export const isBlobId = (text: string): boolean => ID.test(text)

/** Ids and workspace ids become parts of paths. @throws Error for any of the wrong form */
export const checkBlobName = (workspaceId: string, id: string): void => {
  if (!WORKSPACE.test(workspaceId)) throw new Error('not a workspace id')
  if (!isBlobId(id)) throw new Error('not a blob id: 64 hex digits')
}

/** For content whose hash is known only when it has been stored. */
export const newBlobId = (): string => randomBytes(32).toString('hex')
