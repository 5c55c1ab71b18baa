import { createHash, randomBytes } from 'node:crypto'

/** A secret that is handed out once, in a link or a cookie: 256 random bits. Kept is only its hash. */
export const newSecretToken = (): string => randomBytes(32).toString('base64url')

/** What is kept of a secret with that much chance in it, and what it is found by: looking a hash up tells nothing of it through time. */
export const secretHash = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex')
