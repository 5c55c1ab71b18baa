import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'

/** Where a link's token may be opened again. */
export const sealPlace = (shareId: string): string => `share-link ${shareId}`

const SALT_BYTES = 16
const KEY_BYTES = 32
/** 32 MiB and some 60 ms each, in the thread pool. */
const COST = { N: 2 ** 15, r: 8, p: 1 }

const stretch = (password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> => {
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

/** A password as it is kept: `scrypt$N$r$p$salt$hash`. Off the event loop. */
export const hashLinkPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(SALT_BYTES)
  const key = await stretch(password, salt, COST)
  const { N, r, p } = COST
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Whether it is the password that was kept. */
export const isLinkPassword = async (password: string, kept: string): Promise<boolean> => {
  const [, N, r, p, salt = '', hash = ''] = kept.split('$')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const key = await stretch(password, Buffer.from(salt, 'base64url'), cost)
  return timingSafeEqual(key, Buffer.from(hash, 'base64url'))
}
