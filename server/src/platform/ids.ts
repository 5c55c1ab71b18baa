import { randomBytes } from 'node:crypto'

/**
 * Ids have the wire's form (behaviour.md 3): a prefix and 24 letters or digits. Inside they are time-ordered: eight characters
 * of milliseconds, then six that begin at random and count up within one millisecond, so that one process hands out strictly rising
 * ids under bytewise comparison (SQLite BINARY, PostgreSQL collation "C"). The last ten are random in every id (59 bits): who has
 * one cannot guess its neighbours, which is what keeps those apart who share a key.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const TIME_LENGTH = 8
const COUNTER_LENGTH = 6
const RANDOM_LENGTH = 10

export type IdPrefix =
  | 'asst_'
  | 'thread_'
  | 'msg_'
  | 'run_'
  | 'step_'
  | 'call_'
  | 'plug_'
  | 'audit_'
  | 'share_'
  | 'group_'
  | 'invite_'
  | 'webhook_'
  | 'delivery_'
  | 'usage_'
  | 'feedback_'
  | 'session_'
  | 'account_'
  | 'verification_'
  | 'factor_'
  | 'evt_'
  | 'export_'
  | 'pcall_'
  | 'key_'
  | 'ws_'
  | 'person_'
  | 'node_'
  | 'chatcmpl-'
  | 'file-'
  | 'upload_'
  | 'vs_'
  | 'vsfb_'
  | 'vsf_'
  | 'part_'

let lastTime = 0
let counter: number[] = []

/** Asking the system for each id alone would cost several times what the rest of it does. */
const pool = { bytes: Buffer.alloc(0), at: 0 }
const POOL_BYTES = 4096

const randomByte = (): number => {
  if (pool.at === pool.bytes.length) {
    pool.bytes = randomBytes(POOL_BYTES)
    pool.at = 0
  }
  const byte = pool.bytes[pool.at] ?? 0
  pool.at += 1
  return byte
}

/** 248 is the largest multiple of 62 in a byte: rejecting above it keeps the digits uniform. */
const randomDigits = (length: number): number[] => {
  const digits: number[] = []
  while (digits.length < length) {
    const byte = randomByte()
    if (byte < 248) digits.push(byte % 62)
  }
  return digits
}

const increment = (digits: number[]): void => {
  for (let i = digits.length - 1; i >= 0; i -= 1) {
    const next = (digits[i] ?? 0) + 1
    if (next < 62) {
      digits[i] = next
      return
    }
    digits[i] = 0
  }
}

/** A new id such as `run_` + 24 alphanumerics. Never goes backwards within a process, even when the clock does. */
export const newId = (prefix: IdPrefix): string => {
  const time = Math.max(Date.now(), lastTime)
  if (time === lastTime) increment(counter)
  else {
    lastTime = time
    counter = randomDigits(COUNTER_LENGTH)
    // never so near to its end that it could come round within its millisecond
    counter[0] = (counter[0] ?? 0) % 31
  }
  let rest = time
  let text = ''
  for (let i = 0; i < TIME_LENGTH; i += 1) {
    text = ALPHABET.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  const digits = [...counter, ...randomDigits(RANDOM_LENGTH)]
  return prefix + text + digits.map((digit) => ALPHABET.charAt(digit)).join('')
}
