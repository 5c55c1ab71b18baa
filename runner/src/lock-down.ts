/** Puts the walls around this process. Trusted code; must run before anything a plugin wrote is seen. */
import { seccompFilter } from './seccomp-filter.ts'

const PERMISSIONS = ['ffi', 'read', 'write', 'net', 'env', 'run', 'sys', 'import']
const PR_SET_PDEATHSIG = 1
const SIGKILL = 9n
const PR_GET_SECCOMP = 21
const PR_SET_NO_NEW_PRIVS = 38
const SECCOMP_SET_MODE_FILTER = 1n
const SECCOMP_FILTER_FLAG_TSYNC = 1n
const AT_FDCWD = -100n
const SYSTEM_CALLS = {
  x86_64: { seccomp: 317n, openat: 257n },
  aarch64: { seccomp: 277n, openat: 56n },
}

/** Filters all threads of the process, then checks that the filter bites. Throws when any step fails. */
const applySeccomp = (): void => {
  const arch = Deno.build.arch
  if (Deno.build.os !== 'linux' || (arch !== 'x86_64' && arch !== 'aarch64')) {
    throw new Error(`no seccomp filter for ${Deno.build.os} on ${arch}`)
  }
  const libc = Deno.dlopen('libc.so.6', {
    prctl: { parameters: ['i32', 'u64', 'u64', 'u64', 'u64'], result: 'i32' },
    syscall: { parameters: ['i64', 'i64', 'i64', 'pointer', 'i64'], result: 'i64' },
  })
  const { prctl, syscall } = libc.symbols
  if (!prctl || !syscall) throw new Error('the C library lacks prctl or syscall')
  const filter = seccompFilter(arch)
  const program = new BigUint64Array(2)
  new DataView(program.buffer).setUint16(0, filter.length / 8, true)
  program[1] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(filter))
  // A server that is killed takes its plugins with it, whatever they are doing.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0n, 0n, 0n) !== 0)
    throw new Error('the kernel refused to end this process with its parent')
  if (prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) !== 0)
    throw new Error('the kernel refused no_new_privs')
  const pointer = Deno.UnsafePointer.of(program)
  const numbers = SYSTEM_CALLS[arch]
  if (
    Number(
      syscall(numbers.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, pointer, 0n),
    ) !== 0
  ) {
    throw new Error('the kernel refused the seccomp filter')
  }
  if (prctl(PR_GET_SECCOMP, 0n, 0n, 0n, 0n) !== 2)
    throw new Error('the seccomp filter is not active')
  const root = Deno.UnsafePointer.of(new Uint8Array([47, 0]))
  if (Number(syscall(numbers.openat, AT_FDCWD, 0n, root, 0n)) >= 0)
    throw new Error('the seccomp filter lets files be opened')
  libc.close()
}

/**
 * Closes everything: seccomp on all threads, then every Deno permission.
 * @param keepPermissions only in the tests of the second wall, where Deno runs with all permissions.
 * @returns the walls that hold; throws when one does not.
 */
export const lockDown = (keepPermissions: boolean): string[] => {
  applySeccomp()
  if (keepPermissions) return ['seccomp']
  for (const name of PERMISSIONS) {
    Deno.permissions.revokeSync({ name })
    const { state } = Deno.permissions.querySync({ name })
    if (state === 'granted') throw new Error(`Deno kept the permission ${name}`)
  }
  return ['seccomp', 'deno-permissions']
}
