/** Attempts on the walls of a session, each of which must come to nothing. */

/** Group 3. @param parent the server's process */
export const fileAttacks = (secretFile: string, parent: number): string => `
import os, ctypes, mmap, shutil, sqlite3
secret = ${JSON.stringify(secretFile)}
paths = ['/etc/passwd', '/etc/shadow', '/etc/hostname', '/proc/1/environ', '/proc/${parent}/environ', '/proc/${parent}/mem',
         '/proc/${parent}/cwd/package.json', '/proc/self/root/etc/passwd', '/proc/thread-self/root/etc/passwd', '/sys/kernel/notes', '/dev/mem', '/dev/kmsg',
         os.path.expanduser('~root/.npmrc'), secret, '/mnt/data/../../..' + secret, '/mnt/data/../../etc/passwd']
for path in paths:
    attempt('open ' + path, lambda: open(path, 'rb').read(64))
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *values):
    result = libc.syscall(number, *values)
    if result < 0: raise OSError(ctypes.get_errno(), 'refused by the kernel')
    return result
attempt('raw open', lambda: raw(2, secret.encode(), 0))
attempt('raw openat', lambda: raw(257, -100, secret.encode(), 0))
attempt('raw openat2', lambda: raw(437, -100, secret.encode(), ctypes.byref((ctypes.c_uint64 * 3)(0, 0, 0)), 24))
attempt('handle', lambda: raw(303, -100, secret.encode(), ctypes.create_string_buffer(256), ctypes.byref(ctypes.c_int()), 0))
def through_link():
    os.symlink(secret, '/mnt/data/link')
    return open('/mnt/data/link').read()
attempt('symbolic link', through_link)
attempt('hard link', lambda: os.link(secret, '/mnt/data/hard'))
attempt('hard link to passwd', lambda: os.link('/etc/passwd', '/mnt/data/hard2'))
for path in ['/', '/home', '/root', '/etc', '/proc', '/tmp/..', os.path.dirname(secret), '/mnt/data/../../../../..']:
    attempt('list ' + path, lambda: [name for name in os.listdir(path) if name not in
        ('bin', 'lib', 'lib64', 'usr', 'etc', 'dev', 'mnt', 'tmp', 'home', 'ld.so.cache', 'run', 'data')][0])
attempt('write', lambda: open(secret, 'w').write('x'))
attempt('append', lambda: open(secret, 'a').write('x'))
attempt('new file', lambda: open(secret + '.new', 'w'))
attempt('new file in /usr', lambda: open('/usr/lib/melzi-planted', 'w'))
attempt('new file in /', lambda: open('/melzi-planted', 'w'))
attempt('new file in /dev', lambda: open('/dev/melzi-planted', 'w'))
attempt('remove', lambda: os.remove(secret))
attempt('move away', lambda: os.rename(secret, '/mnt/data/mine'))
attempt('move over', lambda: (open('/mnt/data/t', 'w'), os.replace('/mnt/data/t', secret))[1])
attempt('truncate', lambda: os.truncate(secret, 0))
attempt('chown', lambda: os.chown(secret, os.getuid(), os.getgid()))
attempt('attribute', lambda: os.setxattr(secret, 'user.x', b'x'))
attempt('database', lambda: sqlite3.connect(secret).execute('create table t(x)'))
attempt('make a device', lambda: os.mknod('/mnt/data/device', 0o60644, os.makedev(8, 0)))
attempt('be root', lambda: os.setuid(0))
attempt('chroot', lambda: os.chroot('/mnt/data'))
# A change of modes and times does nothing, here or anywhere; the test looks at the file.
for change in (lambda: os.chmod(secret, 0o777), lambda: os.utime(secret, (0, 0))):
    try: change()
    except OSError: pass
`

/** Group 4. */
export const environmentAttacks = `
import os, ctypes, sys
attempt('names', lambda: sorted(os.environ))
attempt('values', lambda: dict(os.environ))
attempt('environ', lambda: open('/proc/self/environ').read())
attempt('cmdline', lambda: open('/proc/self/cmdline').read())
attempt('getenv', lambda: ctypes.CDLL(None).getenv(b'SECRET_KEY') or 'nothing')
attempt('argv', lambda: [sys.argv, sys.orig_argv[:-1]])
`

/** Group 5. @param port where the test's server listens @param path of a socket for datagrams that everyone may write to */
export const networkAttacks = (port: number, path: string): string => `
import socket, urllib.request, os
for host in ['127.0.0.1', 'localhost', '::1', '::ffff:127.0.0.1', '0.0.0.0', '169.254.169.254', '10.0.0.1']:
    attempt('connect ' + host, lambda: socket.create_connection((host, ${port}), 1).recv(64))
for kind in ['AF_INET', 'AF_INET6', 'AF_UNIX', 'AF_NETLINK', 'AF_PACKET', 'AF_VSOCK', 'AF_ALG']:
    for form in ['SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW']:
        attempt(kind + ' ' + form, lambda: socket.socket(getattr(socket, kind), getattr(socket, form)))
attempt('url', lambda: urllib.request.urlopen('http://127.0.0.1:${port}/', timeout=1).read())
attempt('name', lambda: socket.gethostbyname('localhost.localdomain.'))
def by_pair():
    a, b = socket.socketpair()
    return a.connect(('127.0.0.1', ${port})), a.bind(('127.0.0.1', 0))
attempt('connect a pair', by_pair)
attempt('abstract socket', lambda: socket.socketpair()[0].bind('\\0melzi'))
datagrams = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]
attempt('datagram', lambda: datagrams.sendto(b'x', ${JSON.stringify(path)}))
attempt('message', lambda: datagrams.sendmsg([b'x'], [], 0, ${JSON.stringify(path)}))
attempt('other pair', lambda: socket.socketpair(30, socket.SOCK_STREAM))
`

/** Group 8. @param parent the server's process */
export const processAttacks = (parent: number): string => `
import os, subprocess, signal, ctypes, multiprocessing, pty, resource
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *values):
    result = libc.syscall(number, *values)
    if result < 0: raise OSError(ctypes.get_errno(), 'refused by the kernel')
    return result
attempt('fork', lambda: os.fork())
attempt('fork bomb', lambda: [os.fork() for _ in range(100)])
attempt('subprocess', lambda: subprocess.run(['id'], capture_output=True).stdout)
attempt('shell', lambda: subprocess.check_output('id', shell=True))
attempt('spawn', lambda: os.posix_spawn('/usr/bin/id', ['id'], {}))
attempt('exec', lambda: os.execv('/usr/bin/id', ['id']))
attempt('multiprocessing', lambda: multiprocessing.get_context('fork').Process(target=print).start())
attempt('pty', lambda: pty.fork())
attempt('vfork', lambda: raw(58))
attempt('clone', lambda: raw(56, 17, 0, 0, 0, 0))
attempt('clone3', lambda: raw(435, 0, 88))
attempt('clone as parent', lambda: raw(56, 0x8000 | 17, 0, 0, 0, 0))
for target in (${parent}, os.getppid() or -1, -1, 1, 0):
    attempt(f'kill {target}', lambda: os.kill(target, signal.SIGTERM))
attempt('killpg', lambda: os.killpg(0, signal.SIGTERM))
attempt('pidfd', lambda: os.pidfd_open(${parent}))
attempt('queue a signal', lambda: raw(129, ${parent}, 15, ctypes.create_string_buffer(128)))
attempt('ptrace', lambda: raw(101, 16, ${parent}, 0, 0))
attempt('read memory', lambda: raw(310, ${parent}, 0, 0, 0, 0, 0))
attempt('limits of another', lambda: resource.prlimit(${parent}, resource.RLIMIT_NOFILE, (1, 1)))
attempt('own limits', lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)))
attempt('priority', lambda: os.setpriority(os.PRIO_PROCESS, ${parent}, 19))
attempt('new session', lambda: os.setsid())
attempt('outlive the server', lambda: raw(157, 1, 0, 0, 0, 0))
attempt('hide from the watch', lambda: raw(157, 4, 0, 0, 0, 0))
`

/** Group 12, on x86_64. */
export const systemCalls = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def raw(number, *values):
    result = libc.syscall(number, *values)
    if result < 0: raise OSError(ctypes.get_errno(), 'refused by the kernel')
    return result
text = ctypes.create_string_buffer(b'none')
attempt('control', lambda: raw(39))
for name, number, *values in [
    ('mount', 165, text, text, text, 0, 0), ('umount', 166, text, 0), ('unshare user', 272, 0x10000000), ('unshare net', 272, 0x40000000),
    ('setns', 308, 0, 0), ('pivot_root', 155, text, text), ('bpf', 321, 0, 0, 0), ('keyctl', 250, 0, -3, 0), ('add_key', 248, text, text, 0, 0, -3),
    ('io_uring_setup', 425, 8, 0), ('userfaultfd', 323, 0), ('perf_event_open', 298, 0, 0, -1, -1, 0), ('memfd_create', 319, text, 0),
    ('memfd_secret', 447, 0), ('shmget', 29, 0, 4096, 0o1600), ('mq_open', 240, text, 0o102, 0o600, 0), ('open_tree', 428, -100, text, 1),
    ('fsopen', 430, text, 0), ('init_module', 175, text, 4, text), ('kexec_load', 246, 0, 0, 0, 0), ('reboot', 169, 0, 0, 0, 0), ('swapon', 167, text, 0),
    ('sethostname', 170, text, 4), ('settimeofday', 164, 0, 0), ('personality', 135, 0x40000), ('setuid', 105, 0), ('setresuid', 117, 0, 0, 0),
    ('capset', 126, 0, 0), ('TIOCSTI', 16, 0, 0x5412, text), ('x32 open', 0x40000002, text, 0), ('syslog', 103, 3, text, 4), ('fanotify', 300, 0, 0),
    ('inotify', 294, 0), ('io_setup', 206, 60000, ctypes.byref(ctypes.c_ulong())), ('shmctl', 31, 0, 14, ctypes.create_string_buffer(256)),
    ('semctl', 66, 0, 0, 3, ctypes.create_string_buffer(256)), ('msgctl', 71, 0, 3, ctypes.create_string_buffer(256)),
    ('landlock_create_ruleset', 444, (ctypes.c_uint64 * 3)(0, 3, 0), 24, 0), ('move_pages', 279, 0, 0, 0, 0, 0, 0), ('sched_setaffinity', 203, 0, 8, text),
]:
    attempt(name, lambda: raw(number, *values))
attempt('privileges', lambda: 1 / sum(libc.prctl(23, capability, 0, 0, 0) > 0 and libc.prctl(47, 1, capability, 0, 0) > 0 for capability in range(41)))
`
