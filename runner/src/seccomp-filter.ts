/**
 * The second wall: a seccomp filter (classic BPF) that leaves a thread the pipes it already holds and memory, and nothing that
 * names a file, a socket, another process or a kernel facility. `stat`-like calls fail too, so that not even metadata leaks.
 * Unknown architectures have no filter: the caller must refuse to start there.
 */
import { REFUSED } from './refused-calls.ts'

export type FilterArch = 'x86_64' | 'aarch64'

/**
 * `pipes`: nothing that names a file. `files`: for processes whose files are walled in by other means (Landlock, a mount namespace);
 * they may use what they find there, and a call that changes modes, owners' rights or times succeeds without doing anything: Landlock
 * does not govern these, and one sandbox has one user, for whom they mean nothing.
 */
export type FilterProfile = 'pipes' | 'files'

const AUDIT_ARCH: Record<FilterArch, number> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 }
const CLONE: Record<FilterArch, number> = { x86_64: 56, aarch64: 220 }
const IOCTL: Record<FilterArch, number> = { x86_64: 16, aarch64: 29 }
const CLONE3 = 435
const CLONE_THREAD = 0x10000
const X32_BIT = 0x40000000
const FCNTL: Record<FilterArch, number> = { x86_64: 72, aarch64: 25 }
const F_SETFL = 4
const O_ASYNC = 0o20000
/** F_SETOWN, F_SETSIG, F_SETOWN_EX: the kernel signals whomever they name, for a process that may itself signal nobody. */
const REFUSED_FCNTL = [8, 10, 15]
/** TIOCSTI, TIOCLINUX: typing into a terminal. FIOSETOWN, SIOCSPGRP, FIOASYNC: signals, as with fcntl. */
const REFUSED_IOCTL = [0x5412, 0x541c, 0x8901, 0x8902, 0x5452]

/**
 * What Python asks of its descriptors, and all that `files` allows: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. Others take any
 * amount of disk at once, past every limit of size (FS_IOC_RESVSP, ZERO_RANGE), or change how a file is kept.
 */
const ALLOWED_IOCTL = [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451]

const ALLOW = 0x7fff0000
const KILL_PROCESS = 0x80000000
const refuse = (errno: number) => 0x00050000 | errno
const EPERM = 1
const ENOSYS = 38
const EOPNOTSUPP = 95

/** Of the refused calls, by their x86_64 number, those that the profile `files` allows: to open, look at, move and remove. */
const FILE_CALLS = new Set([
  2, 85, 257, 437, 4, 6, 262, 332, 21, 269, 439, 89, 267, 80, 81, 137, 87, 263, 82, 264, 316, 83,
  258, 84, 86, 265, 88, 266, 76, 191, 192, 194, 195,
])
/** Those that it lets succeed without doing anything: chmod and utime in all their forms. */
const PRETENDED_CALLS = new Set([90, 91, 268, 452, 132, 235, 261, 280])
/**
 * Refused besides: memory and files that count for nobody (a file without a name inside a message, pages inside a pipe), reaching
 * what others have by number, and piling up kernel objects.
 */
const REFUSED_WITH_FILES: readonly (readonly [number, number])[] = [
  [319, 279], // memfd_create
  [46, 211], // sendmsg
  [307, 269], // sendmmsg
  [275, 76], // splice
  [276, 77], // tee
  [278, 75], // vmsplice
  [40, 71], // sendfile
  [206, 0], // io_setup
  [31, 195], // shmctl
  [65, 193], // semop
  [66, 191], // semctl
  [220, 192], // semtimedop
  [69, 189], // msgsnd
  [70, 188], // msgrcv
  [71, 187], // msgctl
  [444, 444], // landlock_create_ruleset
  [445, 445], // landlock_add_rule
  [446, 446], // landlock_restrict_self
  [317, 277], // seccomp
  [460, 460], // lsm_set_self_attr
]
/** sync, syncfs: succeed without doing anything, for they make the whole machine wait for its disk. */
const SYNC: readonly (readonly [number, number])[] = [
  [162, 81],
  [306, 267],
]
/** Takes any amount of disk at once, before the watch can look. Libraries write zeros where it is not supported. */
const FALLOCATE: Record<FilterArch, number> = { x86_64: 285, aarch64: 47 }
const MMAP: Record<FilterArch, number> = { x86_64: 9, aarch64: 222 }
const MAP_SHARED = 1
const MAP_ANONYMOUS = 0x20
const SENDTO: Record<FilterArch, number> = { x86_64: 44, aarch64: 206 }
const SOCKETPAIR: Record<FilterArch, number> = { x86_64: 53, aarch64: 199 }
const AF_UNIX = 1
const PRCTL: Record<FilterArch, number> = { x86_64: 157, aarch64: 167 }
/** PR_SET_PDEATHSIG, PR_SET_DUMPABLE: to outlive the server, to hide from its watch. PR_SET_SECCOMP: as the call seccomp. */
const REFUSED_PRCTL = [1, 4, 22]
const PRLIMIT: Record<FilterArch, number> = { x86_64: 302, aarch64: 261 }

const LOAD_WORD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06
const OFFSET_NUMBER = 0
const OFFSET_ARCH = 4
/** Low half of argument `index`; both architectures are little-endian. */
const offsetArgument = (index: number) => 16 + 8 * index

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number]

const refusals = (values: readonly number[]): Instruction[] =>
  values.flatMap((value): Instruction[] => [
    [JUMP_EQUAL, 0, 1, value],
    [RETURN, 0, 0, refuse(EPERM)],
  ])

/** Takes these steps with one argument of the call at hand, the second when left out, and allows what they let through. */
const onCall = (number: number, steps: readonly Instruction[], argument = 1): Instruction[] => [
  [JUMP_EQUAL, 0, steps.length + 2, number],
  [LOAD_WORD, 0, 0, offsetArgument(argument)],
  ...steps,
  [RETURN, 0, 0, ALLOW],
]

/** Lets a process read its own limits, as the start of a thread does, and set none. */
const readLimits = (arch: FilterArch): Instruction[] => [
  [JUMP_EQUAL, 0, 8, PRLIMIT[arch]],
  [LOAD_WORD, 0, 0, offsetArgument(0)],
  [JUMP_EQUAL, 0, 5, 0],
  [LOAD_WORD, 0, 0, offsetArgument(2)],
  [JUMP_EQUAL, 0, 3, 0],
  [LOAD_WORD, 0, 0, offsetArgument(2) + 4],
  [JUMP_EQUAL, 0, 1, 0],
  [RETURN, 0, 0, ALLOW],
  [RETURN, 0, 0, refuse(EPERM)],
]

/** Allows these values and answers all others as not supported. */
const onlyThese = (values: readonly number[]): Instruction[] => [
  ...values.flatMap((value): Instruction[] => [
    [JUMP_EQUAL, 0, 1, value],
    [RETURN, 0, 0, ALLOW],
  ]),
  [RETURN, 0, 0, refuse(EOPNOTSUPP)],
]

const refuseCall = (number: number, errno: number): Instruction[] => [
  [JUMP_EQUAL, 0, 1, number],
  [RETURN, 0, 0, refuse(errno)],
]

/** Goes on where the value at hand is this one, and refuses the call where it is not. */
const expect = (value: number): Instruction[] => [
  [JUMP_EQUAL, 1, 0, value],
  [RETURN, 0, 0, refuse(EPERM)],
]

/** What the profile `files` refuses besides. */
const withFiles = (arch: FilterArch): Instruction[] => {
  const at = arch === 'x86_64' ? 0 : 1
  return [
    ...readLimits(arch),
    ...REFUSED_WITH_FILES.flatMap((numbers) => refuseCall(numbers[at], EPERM)),
    ...SYNC.flatMap((numbers) => refuseCall(numbers[at], 0)),
    ...refuseCall(FALLOCATE[arch], EOPNOTSUPP),
    ...onCall(PRCTL[arch], refusals(REFUSED_PRCTL), 0),
    // What is shared and has no file stays whole as long as a page of it is mapped, and only that page is counted.
    ...onCall(
      MMAP[arch],
      [
        [JUMP_ANY_BIT, 0, 2, MAP_ANONYMOUS],
        [JUMP_ANY_BIT, 0, 1, MAP_SHARED],
        [RETURN, 0, 0, refuse(EPERM)],
      ],
      3,
    ),
    // A datagram with an address goes to any socket that has a path; a pair of another family loads kernel modules.
    ...onCall(
      SENDTO[arch],
      [...expect(0), [LOAD_WORD, 0, 0, offsetArgument(4) + 4], ...expect(0)],
      4,
    ),
    ...onCall(SOCKETPAIR[arch], expect(AF_UNIX), 0),
  ]
}

/** What becomes of a refused call in a profile; null: it is allowed. */
const answerTo = (numbers: readonly [number | null, number | null], profile: FilterProfile) => {
  const [x86] = numbers
  if (profile === 'pipes' || x86 === null) return refuse(EPERM)
  if (FILE_CALLS.has(x86)) return null
  return PRETENDED_CALLS.has(x86) ? refuse(0) : refuse(EPERM)
}

const instructions = (arch: FilterArch, profile: FilterProfile): Instruction[] => {
  const program: Instruction[] = [
    [LOAD_WORD, 0, 0, OFFSET_ARCH],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCH[arch]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD_WORD, 0, 0, OFFSET_NUMBER],
  ]
  if (arch === 'x86_64') program.push([JUMP_ANY_BIT, 0, 1, X32_BIT], [RETURN, 0, 0, refuse(ENOSYS)])
  // glibc falls back from clone3, whose flags lie in memory where a filter cannot see them, to clone.
  program.push([JUMP_EQUAL, 0, 1, CLONE3], [RETURN, 0, 0, refuse(ENOSYS)])
  if (profile === 'files') program.push(...withFiles(arch))
  for (const numbers of REFUSED) {
    const number = numbers[arch === 'x86_64' ? 0 : 1]
    const answer = answerTo(numbers, profile)
    if (number !== null && answer !== null)
      program.push([JUMP_EQUAL, 0, 1, number], [RETURN, 0, 0, answer])
  }
  program.push(
    [JUMP_EQUAL, 0, 4, CLONE[arch]],
    [LOAD_WORD, 0, 0, offsetArgument(0)],
    [JUMP_ANY_BIT, 1, 0, CLONE_THREAD],
    [RETURN, 0, 0, refuse(EPERM)],
    [RETURN, 0, 0, ALLOW],
    ...onCall(IOCTL[arch], [
      ...refusals(REFUSED_IOCTL),
      ...(profile === 'files' ? onlyThese(ALLOWED_IOCTL) : []),
    ]),
    ...onCall(FCNTL[arch], [
      ...refusals(REFUSED_FCNTL),
      [JUMP_EQUAL, 0, 3, F_SETFL],
      [LOAD_WORD, 0, 0, offsetArgument(2)],
      [JUMP_ANY_BIT, 0, 1, O_ASYNC],
      [RETURN, 0, 0, refuse(EPERM)],
    ]),
    [RETURN, 0, 0, ALLOW],
  )
  return program
}

/** The filter as the kernel wants it: 8 bytes an instruction, little-endian. */
export const seccompFilter = (
  arch: FilterArch,
  profile: FilterProfile = 'pipes',
): Uint8Array<ArrayBuffer> => {
  const program = instructions(arch, profile)
  const bytes = new Uint8Array(program.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    view.setUint16(index * 8, code, true)
    view.setUint8(index * 8 + 2, ifTrue)
    view.setUint8(index * 8 + 3, ifFalse)
    view.setUint32(index * 8 + 4, value, true)
  }
  return bytes
}
