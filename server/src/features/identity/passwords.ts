import { CallGate } from '../../platform/call-gate.ts'
import { errors } from '../../platform/errors.ts'

/** Characters. */
export const SHORTEST = 10
export const LONGEST = 128
const FEWEST_KINDS = 5
/** A hash takes 32 MiB and a thread of the pool for about 50 ms: so many at once, the others wait. */
const AT_ONCE = 2
const IN_LINE = 200
const LONGEST_WAIT_MS = 10_000

/** What guessers try first, of those that are long enough. */
const WELL_KNOWN = new Set(
  `0123456789 0987654321 1234567890 12345678910 123456789a 1234567891 12345678900 9876543210 0123456789a
  1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv zaq12wsxcde3 qwertyuiop qwertyuiop123
  qwerty12345 qwerty123456 qwerty1234567890 asdfghjkl1 asdfghjkl123 zxcvbnm123 asdf123456 abcdefghij abcdefghijk abcd123456
  abc1234567 abc123456789 a123456789 a1234567890 aa12345678 aa123456789 password10 password11 password12 password123 password1234
  password12345 password123456 passwordpassword p@ssword123 p@ssw0rd123 passw0rd123 pa55word123 mypassword mypassword1 changeme123
  changeit123 letmein1234 letmein123 welcome123 welcome1234 welcome2024 welcome2025 welcome2026 iloveyou12 iloveyou123 iloveyou1234
  administrator admin12345 admin123456 admin1234567 adminadmin adminadmin1 rootroot123 superadmin superman123 sunshine123
  princess123 football123 baseball123 basketball monkey1234 dragon1234 master1234 computer123 internet123 charlie123 michael123
  jennifer123 trustno1234 whatever123 starwars123 pokemon123 christopher unbelievable secret12345 testtest123 test123456 test1234567
  default123 guest12345 user123456 woaini1314 woaini5201314 5201314520 a5201314520 1314520520 taiwan1234 taiwan12345 melzi12345
  melzimelzi melzimelzi1 chatgpt123 openai12345`.split(/\s+/),
)

/** @throws AppError 400 with the given param for a password that nobody should have */
export const checkNewPassword = (password: string, param = 'password'): void => {
  const { length } = [...password]
  if (length < SHORTEST) {
    throw errors.invalid(`A password must have at least ${SHORTEST} characters.`, param)
  }
  // as the library counts them
  if (password.length > LONGEST) {
    throw errors.invalid(`A password must have at most ${LONGEST} characters.`, param)
  }
  const plain = password.normalize('NFKC').toLowerCase()
  if (WELL_KNOWN.has(plain) || new Set(plain).size < FEWEST_KINDS) {
    throw errors.invalid('This password is too well known. Please choose another one.', param)
  }
}

export interface Passwords {
  hash(password: string): Promise<string>
  verify(asked: { hash: string; password: string }): Promise<boolean>
}

/** Scrypt (N 16384, r 16, p 1) as the library does it, on threads of Node's pool and only a few at once. */
export const createPasswords = (): Passwords => {
  const gate = new CallGate({ places: AT_ONCE, line: IN_LINE })
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    using place = await gate.enter(new AbortController().signal, '', LONGEST_WAIT_MS)
    if (place === null) throw errors.unavailable('Too many people sign in at this moment.', 5)
    return await work()
  }
  // loaded when it is first needed: a server that only serves keys starts without it
  const library = () => import('better-auth/crypto')
  return {
    hash: (password) => inTurn(async () => (await library()).hashPassword(password)),
    verify: (asked) => inTurn(async () => (await library()).verifyPassword(asked)),
  }
}
