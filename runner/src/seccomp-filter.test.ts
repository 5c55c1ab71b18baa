import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seccompFilter, type FilterArch, type FilterProfile } from './seccomp-filter.ts'

const ALLOW = 0x7fff0000
const EPERM = 0x00050001
const ENOSYS = 0x00050026
const KILL = 0x80000000
const AUDIT = { x86_64: 0xc000003e, aarch64: 0xc00000b7 }

/** The kernel's machine, as far as the filter uses it. */
const verdict = (
  arch: FilterArch,
  number: number,
  values: number[] = [],
  auditArch: number = AUDIT[arch],
  profile: FilterProfile = 'pipes',
): number => {
  const filter = seccompFilter(arch, profile)
  const program = new DataView(filter.buffer)
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, number, true)
  data.setUint32(4, auditArch, true)
  values.forEach((value, index) => data.setUint32(16 + 8 * index, value, true))
  let accumulator = 0
  for (let at = 0; at * 8 < filter.length; at += 1) {
    const code = program.getUint16(at * 8, true)
    const value = program.getUint32(at * 8 + 4, true)
    if (code === 0x06) return value
    if (code === 0x20) accumulator = data.getUint32(value, true)
    else {
      const holds = code === 0x15 ? accumulator === value : (accumulator & value) !== 0
      at += program.getUint8(at * 8 + (holds ? 2 : 3))
    }
  }
  throw new Error('the filter has no end')
}

test('x86_64', () => {
  for (const refused of [
    2, 257, 437, 41, 42, 49, 59, 322, 57, 58, 62, 234, 101, 310, 302, 165, 272, 321, 425, 250, 4,
    332, 141, 142, 144, 203, 314, 251, 194, 195, 464, 465, 468, 467, 457, 458, 443, 134, 241,
  ]) {
    assert.equal(verdict('x86_64', refused), EPERM, String(refused))
  }
  for (const allowed of [0, 1, 3, 9, 11, 202, 231, 60, 318])
    assert.equal(verdict('x86_64', allowed), ALLOW, String(allowed))
  assert.equal(verdict('x86_64', 56, [0x10000]), ALLOW, 'a thread')
  assert.equal(verdict('x86_64', 56, [17]), EPERM, 'a process')
  assert.equal(verdict('x86_64', 435), ENOSYS)
  assert.equal(verdict('x86_64', 16, [0, 0x5412]), EPERM)
  assert.equal(verdict('x86_64', 16, [0, 0x541c]), EPERM)
  assert.equal(verdict('x86_64', 16, [0, 0x5401]), ALLOW)
  for (const request of [0x8901, 0x8902, 0x5452])
    assert.equal(verdict('x86_64', 16, [0, request]), EPERM, String(request))
  assert.equal(verdict('x86_64', 16, [0, 0x5421]), ALLOW, 'FIONBIO')
  for (const command of [8, 10, 15]) assert.equal(verdict('x86_64', 72, [3, command]), EPERM)
  assert.equal(verdict('x86_64', 72, [3, 4, 0o24000]), EPERM, 'O_ASYNC')
  assert.equal(verdict('x86_64', 72, [3, 4, 0o4000]), ALLOW, 'O_NONBLOCK')
  for (const command of [0, 1, 2, 3, 1030])
    assert.equal(verdict('x86_64', 72, [3, command, 0o20000]), ALLOW, String(command))
  assert.equal(verdict('x86_64', 0x40000000), ENOSYS, 'the x32 numbers')
  assert.equal(verdict('x86_64', 0, [], AUDIT.aarch64), KILL, 'another architecture')
  assert.equal(verdict('x86_64', 0, [], 0x40000003), KILL, '32-bit calls')
})

test('aarch64', () => {
  for (const refused of [
    56, 437, 198, 203, 200, 221, 281, 129, 117, 270, 261, 40, 97, 280, 79, 140, 118, 119, 122, 274,
    30, 11, 12, 464, 465, 468, 467, 457, 458, 443, 181,
  ])
    assert.equal(verdict('aarch64', refused), EPERM, String(refused))
  for (const allowed of [63, 64, 222, 98, 94])
    assert.equal(verdict('aarch64', allowed), ALLOW, String(allowed))
  assert.equal(verdict('aarch64', 220, [0x10000]), ALLOW)
  assert.equal(verdict('aarch64', 220, [17]), EPERM)
  for (const command of [8, 10, 15]) assert.equal(verdict('aarch64', 25, [3, command]), EPERM)
  assert.equal(verdict('aarch64', 25, [3, 4, 0o24000]), EPERM, 'O_ASYNC')
  assert.equal(verdict('aarch64', 25, [3, 4, 0o4000]), ALLOW, 'O_NONBLOCK')
  assert.equal(verdict('aarch64', 29, [0, 0x8901]), EPERM)
  assert.equal(verdict('aarch64', 0, [], AUDIT.x86_64), KILL)
})

test('the profile for files allows files and nothing else that the other refuses', () => {
  const PRETENDED = 0x00050000
  const cases = { x86_64: 0, aarch64: 1 } as const
  for (const [arch, at] of Object.entries(cases) as [FilterArch, 0 | 1][]) {
    const files = (numbers: readonly [number | null, number | null], values: number[] = []) => {
      const number = numbers[at]
      return number === null ? null : verdict(arch, number, values, AUDIT[arch], 'files')
    }
    // open, openat, stat, statx, access, readlink, chdir, unlink, rename, mkdir, link, symlink, truncate, listxattr
    for (const numbers of [
      [2, null],
      [257, 56],
      [4, null],
      [332, 291],
      [269, 48],
      [267, 78],
      [80, 49],
      [263, 35],
      [264, 38],
      [258, 34],
      [265, 37],
      [266, 36],
      [76, 45],
      [194, 11],
    ] as const)
      assert.equal(files(numbers) ?? ALLOW, ALLOW, String(numbers))
    // chmod, fchmod, fchmodat, fchmodat2, utimensat
    for (const numbers of [
      [90, null],
      [91, 52],
      [268, 53],
      [452, 452],
      [280, 88],
    ] as const)
      assert.equal(files(numbers) ?? PRETENDED, PRETENDED, String(numbers))
    // socket, execve, fork, kill, ptrace, mount, unshare, bpf, io_uring, memfd_create, chown, mknod, setxattr, open_by_handle_at
    for (const numbers of [
      [41, 198],
      [59, 221],
      [57, null],
      [62, 129],
      [101, 117],
      [165, 40],
      [272, 97],
      [321, 280],
      [425, 425],
      [319, 279],
      [92, null],
      [260, 54],
      [259, 33],
      [188, 5],
      [304, 265],
    ] as const)
      assert.equal(files(numbers) ?? EPERM, EPERM, String(numbers))
    // sendmsg, splice, vmsplice, sendfile, io_setup, shmctl, semop, msgrcv, landlock_restrict_self, seccomp
    for (const numbers of [
      [46, 211],
      [275, 76],
      [278, 75],
      [40, 71],
      [206, 0],
      [31, 195],
      [65, 193],
      [70, 188],
      [446, 446],
      [317, 277],
    ] as const)
      assert.equal(files(numbers), EPERM, String(numbers))
    assert.equal(files([162, 81]), PRETENDED, 'sync')
    assert.equal(files([285, 47]), 0x0005005f, 'fallocate: not supported')
    for (const request of [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451])
      assert.equal(files([16, 29], [3, request]), ALLOW, `ioctl ${request}`)
    for (const request of [0x5412, 0x8901, 0x5452])
      assert.equal(files([16, 29], [3, request]), EPERM, `ioctl ${request}`)
    // FS_IOC_RESVSP, RESVSP64, ZERO_RANGE, FICLONE, FS_IOC_FSSETXATTR
    for (const request of [0x40305828, 0x4030582a, 0x40305839, 0x40049409, 0x401c5820])
      assert.equal(files([16, 29], [3, request]), 0x0005005f, `ioctl ${request}`)
    for (const [flags, wanted] of [
      [0x21, EPERM],
      [0x23, EPERM],
      [0x22, ALLOW],
      [0x01, ALLOW],
      [0x812, ALLOW],
    ] as const)
      assert.equal(files([9, 222], [0, 1, 3, flags]), wanted, `mmap ${flags}`)
    assert.equal(files([44, 206], [1, 2, 3, 0, 0]), ALLOW, 'send')
    assert.equal(files([44, 206], [1, 2, 3, 0, 4096]), EPERM, 'send to an address')
    assert.equal(files([53, 199], [1]), ALLOW, 'a pair of pipes')
    assert.equal(files([53, 199], [30]), EPERM, 'a pair of another family')
    assert.equal(files([302, 261], [0, 7, 0, 0]), ALLOW, 'reading its own limits')
    assert.equal(files([302, 261], [1234, 7, 0, 0]), EPERM, 'those of another')
    assert.equal(files([302, 261], [0, 7, 4096, 0]), EPERM, 'setting them')
    assert.equal(files([157, 167], [1]), EPERM, 'outliving the parent')
    assert.equal(files([157, 167], [4]), EPERM, 'hiding')
    assert.equal(files([157, 167], [15]), ALLOW, 'naming a thread')
    assert.equal(files([56, 220], [17]), EPERM)
    assert.equal(files([56, 220], [0x10000]), ALLOW)
  }
})
