import { randomBytes } from 'node:crypto'
import { secretHash } from '../../platform/secret-token.ts'

const PREFIX = 'mlz_'
/** Base64url of 32 bytes, and of 150 for clients that want a key of 200 characters or more. */
const BYTES = 32
const LONG_BYTES = 150
const FORM = /^mlz_(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{200})$/
const SHOWN = 8

/** A key text with at least 256 random bits; it is shown once and stored only as its SHA-256. @param long of 204 characters, not of 47 */
export const newKeyText = (long = false): string =>
  PREFIX + randomBytes(long ? LONG_BYTES : BYTES).toString('base64url')

/** Whether a text could be a key: others are not looked up. */
export const isKeyText = (text: string): boolean => FORM.test(text)

/**
 * What is stored and looked up in place of a key. A wrong text hashes to something without any likeness to a stored hash, so how far
 * an index compares the two tells nothing of a key: no comparison ever sees the text itself.
 */
export const hashKey = (text: string): string => secretHash(text)

/** By which people tell their keys apart. */
export const shownOf = (text: string): { prefix: string; lastFour: string } => ({
  prefix: text.slice(0, SHOWN),
  lastFour: text.slice(-4),
})
