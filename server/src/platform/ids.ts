import { randomBytes } from 'node:crypto'

/**
 * Ids have the wire's form (behaviour.md 3): a prefix and 24 letters or digits. Inside they are time-ordered: eight characters
 * of milliseconds, then sixteen random ones (95 bits), which count up within one millisecond, so that one process hands out
 * strictly rising ids under bytewise comparison (SQLite BINARY, PostgreSQL collation "C").
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const TIME_LENGTH = 8
const RANDOM_LENGTH = 16

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
let lastDigits: number[] = []

/** 248 is the largest multiple of 62 in a byte: rejecting above it keeps the digits uniform. */
const randomDigits = (length: number): number[] => {
  const digits: number[] = []
  while (digits.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && digits.length < length) digits.push(byte % 62)
    }
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
  if (time === lastTime) increment(lastDigits)
  else {
    lastTime = time
    lastDigits = randomDigits(RANDOM_LENGTH)
  }
  let rest = time
  let text = ''
  for (let i = 0; i < TIME_LENGTH; i += 1) {
    text = ALPHABET.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return prefix + text + lastDigits.map((digit) => ALPHABET.charAt(digit)).join('')
}
