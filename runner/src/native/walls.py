"""The walls of a native process: limits, Landlock, seccomp. Put up before any code of a user arrives, never taken down."""

import ctypes
import os
import platform
import resource

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
NO_NEW_PRIVILEGES = 38
DIE_WITH_PARENT = 1
SIGKILL = 9
MOST_ARENAS = -8
SECCOMP = {"x86_64": 317, "aarch64": 277}
ALL_THREADS = 1
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
RULE_PATH_BENEATH = 1
# Rights on the file system: the first 13 bits since the start, then moving, truncating and device ioctls.
BASE_RIGHTS, MOVE, TRUNCATE, DEVICE_IOCTL = (1 << 13) - 1, 1 << 13, 1 << 14, 1 << 15
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_DEVICES = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11
ALL_TCP = 3
SIGNALS_AND_ABSTRACT_SOCKETS = 3
# Before this version a file that may only be read can be emptied.
LEAST_ABI = 3
NICENESS = 10
CPU_SECONDS_OF_A_SESSION = 1800
# Timers and queued signals are counted for a user, who may be the server's too.
MOST_TIMERS = 1024


class PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


class Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def call(number, *arguments):
    result = LIBC.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def limit(memory_mib, file_mib, open_files, cpu_seconds=CPU_SECONDS_OF_A_SESSION, own_mib=None, most_threads=None):
    """
    What the kernel itself refuses: memory, sizes of files, open files, core dumps. The host watches the rest.
    @param memory_mib address space. @param own_mib of it, what can be written and no other process has; None for all
    @param most_threads only where the user is nobody else's, for all that is his counts
    """
    for path, text in (("/proc/self/autogroup", str(NICENESS)), ("/proc/self/oom_score_adj", "1000")):
        try:
            with open(path, "w") as file:
                file.write(text)
        except OSError:
            pass  # the server's work goes first where the system knows how to say so
    # Each thread would reserve 64 MiB of the address space that is limited below.
    LIBC.mallopt(MOST_ARENAS, 2)
    LIBC.prctl(DIE_WITH_PARENT, SIGKILL, 0, 0, 0)
    for name, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_FSIZE, file_mib << 20),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_mib << 20),
        (resource.RLIMIT_DATA, (memory_mib if own_mib is None else own_mib) << 20),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_SIGPENDING, MOST_TIMERS),
    ):
        resource.setrlimit(name, (value, value))
    if most_threads is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (most_threads, most_threads))
    if LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError("no_new_privs was refused")


def landlock_version():
    """The version the kernel offers; 0 where it has none."""
    try:
        return call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    except OSError:
        return 0


def landlock(readable, writable, devices):
    """Leaves this process the folders named, and nothing else that has a path. Gives the version; raises where it does not hold."""
    version = landlock_version()
    if version < LEAST_ABI:
        raise OSError(f"Landlock is needed in version {LEAST_ABI} (Linux 6.2) or newer; this kernel offers {version}")
    every = BASE_RIGHTS | MOVE | TRUNCATE | (DEVICE_IOCTL if version >= 5 else 0)
    wanted = Ruleset(every, ALL_TCP if version >= 4 else 0, SIGNALS_AND_ABSTRACT_SOCKETS if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = call(CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0))
    look = EXECUTE | READ_FILE | READ_FOLDER
    change = every & ~MAKE_DEVICES & ~EXECUTE & ~DEVICE_IOCTL
    for paths, rights in ((readable, look), (writable, change), (devices, READ_FILE | WRITE_FILE)):
        for path in paths:
            try:
                folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            own = rights if os.path.isdir(path) else rights & (EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE)
            rule = PathRule(own, folder)
            call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
            os.close(folder)
    call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    return version


def filter_calls(instructions):
    """Puts the seccomp filter on every thread. Raises where it is refused, or the machine is of another kind."""
    program = Program(len(instructions) // 8, instructions)
    number = SECCOMP.get(platform.machine())
    if number is None:
        raise OSError(f"there is no filter for {platform.machine()}")
    call(number, ctypes.c_ulong(1), ctypes.c_ulong(ALL_THREADS), ctypes.byref(program))


def assert_closed():
    """A look at what must not be there any more. Raises when a wall does not stand."""
    try:
        os.close(os.open("/etc/passwd", os.O_RDONLY))
    except OSError:
        pass
    else:
        raise OSError("a file outside of the sandbox could be opened")
    if LIBC.syscall(ctypes.c_long(41 if platform.machine() == "x86_64" else 198), 2, 1, 0) >= 0:
        raise OSError("a socket could be made")
