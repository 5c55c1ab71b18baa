import { createHash, randomBytes } from 'node:crypto'

/** The secret part of a link that is sent once: 256 random bits. Kept is only its hash. */
export const newLinkToken = (): string => randomBytes(32).toString('base64url')

/** What is kept of a link; looking a hash up tells nothing of the link through time. */
export const linkHash = (token: string): string => createHash('sha256').update(token).digest('hex')
