/** Seals secrets for the store: AES-256-GCM under one key of this installation, which is never in the store itself. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from './errors.ts'

export interface Sealer {
  /** @param place what the secret belongs to; only there can it be opened again */
  seal(secret: string, place: string): string
  /** @throws AppError 503 when it was sealed with another key, or for another place */
  open(sealed: string, place: string): string
  /** A key for another use, such as signing addresses; the same for the same use. 32 bytes. */
  derive(use: string): Buffer
}

const VERSION = 'v1'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** @param secret at least 32 characters or bytes of the operator's, from which all keys are derived */
export const createSealer = (secret: string | Uint8Array): Sealer => {
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, 'melzi', use, 32))
  const key = derive('sealing')
  const keyName = createHash('sha256').update(key).digest('hex').slice(0, 8)
  const cannot = (cause?: unknown) =>
    new AppError({
      status: 503,
      message:
        'A stored secret cannot be opened with the key of this server; it was sealed with another one (MELZI_SECRET_KEY).',
      ...(cause === undefined ? {} : { cause }),
    })
  return {
    derive,
    seal: (text, place) => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(Buffer.from(place))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      const whole = Buffer.concat([nonce, body, cipher.getAuthTag()])
      return `${VERSION}.${keyName}.${whole.toString('base64url')}`
    },
    open: (sealed, place) => {
      const [version, name, body = ''] = sealed.split('.')
      if (version !== VERSION || name !== keyName) throw cannot()
      const whole = Buffer.from(body, 'base64url')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, whole.subarray(0, NONCE_BYTES))
        decipher.setAAD(Buffer.from(place))
        decipher.setAuthTag(whole.subarray(whole.length - TAG_BYTES))
        const text = decipher.update(whole.subarray(NONCE_BYTES, whole.length - TAG_BYTES))
        return Buffer.concat([text, decipher.final()]).toString('utf8')
      } catch (cause) {
        throw cannot(cause)
      }
    },
  }
}
