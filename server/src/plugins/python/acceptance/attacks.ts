/** Attempts that must come to nothing, behind both walls and behind the second one alone. */

/** Group 3: files of the host, by Python and by the JavaScript of Deno and its Node layer. */
export const fileAttacks = (secretFile: string, parent: number): string => `
paths = ['/etc/passwd', '/etc/shadow', '/proc/self/environ', '/proc/1/environ', '/proc/${parent}/environ', '/proc/${parent}/mem',
         os.path.expanduser('~/.npmrc'), ${JSON.stringify(secretFile)}]
for path in paths:
    await attempt('python open ' + path, lambda: open(path).read())
    await attempt('Deno.readTextFile ' + path, lambda: js.eval('(path) => Deno.readTextFileSync(path)')(path))
    await attempt('Deno.stat ' + path, lambda: js.eval('(path) => Deno.statSync(path).size')(path))
    await attempt('node:fs ' + path, lambda: js.eval("(path) => import('node:fs').then((fs) => fs.readFileSync(path, 'utf8'))")(path))
await attempt('Deno.readDir', lambda: js.eval("[...Deno.readDirSync('/')].length"))
await attempt('Deno.writeTextFile', lambda: js.eval("Deno.writeTextFileSync('${secretFile}.new', 'x')"))
await attempt('Deno.remove', lambda: js.eval("Deno.removeSync('${secretFile}')"))
await attempt('Deno.chmod', lambda: js.eval("Deno.chmodSync('${secretFile}', 0o777)"))
await attempt('Deno.symlink', lambda: js.eval("Deno.symlinkSync('/etc/passwd', '/tmp/melzi-link')"))
await attempt('Deno.makeTempDir', lambda: js.eval("Deno.makeTempDirSync()"))
`

/** Group 5, below the broker: sockets and look-ups. */
export const socketAttacks = (port: number): string => `
import socket
await attempt('python socket', lambda: socket.create_connection(('127.0.0.1', ${port}), 2).sendall(b'x'))
await attempt('Deno.connect', lambda: js.eval("Deno.connect({hostname: '127.0.0.1', port: ${port}})"))
await attempt('Deno.connect IPv6', lambda: js.eval("Deno.connect({hostname: '::1', port: ${port}})"))
await attempt('Deno.connect by name', lambda: js.eval("Deno.connect({hostname: 'localhost', port: ${port}})"))
await attempt('Deno.listen', lambda: js.eval("Deno.listen({port: 0})"))
await attempt('Deno.listenDatagram', lambda: js.eval("Deno.listenDatagram({port: 0, transport: 'udp', hostname: '127.0.0.1'})"))
await attempt('Deno.resolveDns', lambda: js.eval("Deno.resolveDns('localhost', 'A')"))
await attempt('node:net', lambda: js.eval("import('node:net').then((net) => new Promise((done, fail) => net.connect(${port}, '127.0.0.1', () => done('connected')).on('error', fail)))"))
await attempt('node:dgram', lambda: js.eval("import('node:dgram').then((d) => new Promise((done, fail) => { const s = d.createSocket('udp4'); s.on('error', fail); s.bind(0, () => done('bound')) }))"))
await attempt('node:dns', lambda: js.eval("import('node:dns').then((d) => d.promises.resolve4('localhost'))"))
await attempt('node:http', lambda: js.eval("import('node:http').then((http) => new Promise((done, fail) => http.get('http://127.0.0.1:${port}/', (r) => done(r.statusCode)).on('error', fail)))"))
await attempt('WebSocket', lambda: js.eval("new Promise((done, fail) => { const s = new WebSocket('ws://127.0.0.1:${port}/'); s.onopen = () => done('open'); s.onerror = (e) => fail(new Error(e.message)) })"))
await attempt('EventSource', lambda: js.eval("new Promise((done, fail) => { const s = new EventSource('http://127.0.0.1:${port}/'); s.onopen = () => done('open'); s.onerror = () => fail(new Error('no')) })"))
`

/** Group 8: processes, by Python and below it. */
export const processAttacks = (parent: number): string => `
import ctypes, signal, subprocess, threading
await attempt('os.fork', lambda: os.fork())
await attempt('thread', lambda: threading.Thread(target=print).start())
await attempt('subprocess', lambda: subprocess.run(['id'], capture_output=True).stdout)
await attempt('posix_spawn', lambda: os.posix_spawn('/bin/id', ['id'], {}))
await attempt('execv', lambda: os.execv('/bin/id', ['id']))
await attempt('Deno.kill parent', lambda: js.eval("Deno.kill(${parent}, 'SIGKILL')"))
await attempt('Deno.kill all', lambda: js.eval("Deno.kill(-1, 'SIGKILL')"))
await attempt('process.kill parent', lambda: js.eval("import('node:process').then((p) => p.default.kill(${parent}, 'SIGKILL'))"))
await attempt('Deno.Command', lambda: js.eval("new Deno.Command('/bin/id').outputSync()"))
await attempt('node:child_process', lambda: js.eval("import('node:child_process').then((c) => c.execFileSync('/bin/id').toString())"))
await attempt('node:cluster', lambda: js.eval("import('node:cluster').then((c) => c.default.fork().process.pid)"))
await attempt('setpriority', lambda: js.eval("import('node:os').then((os) => os.setPriority(${parent}, 19))"))
`

/** System calls by number (x86_64), as native code under the plugin's control could make them; null is a null pointer. */
const SYSTEM_CALLS: readonly (readonly [
  name: string,
  number: number,
  ...values: (number | string | null)[],
])[] = [
  ['open', 2, '/etc/passwd', 0],
  ['openat', 257, -100, '/etc/passwd', 0],
  ['openat2', 437, -100, '/etc/passwd', null, 24],
  ['stat', 4, '/etc/passwd', null],
  ['socket', 41, 2, 1, 0],
  ['socket netlink', 41, 16, 3, 0],
  ['socket unix', 41, 1, 1, 0],
  ['execve', 59, '/bin/id', null, null],
  ['fork', 57],
  ['vfork', 58],
  ['clone', 56, 17, null],
  ['clone3', 435, null, 88],
  ['kill all', 62, -1, 0],
  ['tgkill', 234, 1, 1, 0],
  ['setsid', 112],
  ['unshare', 272, 0x10000000],
  ['mount', 165, 'none', '/', 'tmpfs', 0],
  ['bpf', 321, 0, null, 0],
  ['io_uring_setup', 425, 8, null],
  ['keyctl', 250, 0, -3, 0],
  ['userfaultfd', 323, 0],
  ['perf_event_open', 298, null, 0, -1, -1],
  ['x32 open', 0x40000002, '/etc/passwd', 0],
  ['ioctl TIOCSTI', 16, 0, 0x5412, '/'],
]

/** Calls that stay allowed, to see that the way to the kernel is open at all. */
const CONTROLS: typeof SYSTEM_CALLS = [['getpid', 39]]

/** Group 10, one step further: machine code of the attacker's choice. An error number is a refusal. */
const nativeAttacks = (parent: number): string => {
  const calls = [
    ...CONTROLS,
    ...SYSTEM_CALLS,
    ['kill parent', 62, parent, 0],
    ['ptrace parent', 101, 16, parent],
    ['pidfd_open', 434, parent, 0],
    ['prlimit', 302, parent, 7],
  ] as const
  return calls
    .map(([name, number, ...values]) => {
      const list = [...values, ...Array<number>(5 - values.length).fill(0)].map((value) =>
        typeof value === 'string' ? `text('${value}')` : value === null ? '0n' : `${value}n`,
      )
      const code = `(() => {
  const kept = []
  const text = (s) => { const b = new TextEncoder().encode(s + String.fromCharCode(0)); kept.push(b); return Deno.UnsafePointer.value(Deno.UnsafePointer.of(b)) }
  const six = ['i64', 'i64', 'i64', 'i64', 'i64', 'i64']
  const libc = Deno.dlopen('libc.so.6', {syscall: {parameters: six, result: 'i64'}})
  const result = libc.symbols.syscall(${number}n, ${list.join(', ')})
  if (result < 0n) throw new Error('refused by the kernel')
  return result
})()`
      return `await attempt('native ${name}', lambda: js.eval(${JSON.stringify(code)}))`
    })
    .join('\n')
}

/** Group 10: the ways from JavaScript to the system. */
export const bridgeAttacks = (port: number, parent: number): string => `
${nativeAttacks(parent)}
await attempt('Function constructor', lambda: js.eval("new Function(\\"return Deno.readTextFileSync('/etc/passwd')\\")()"))
await attempt('constructor chain', lambda: js.eval("Deno.constructor.constructor(\\"return Deno.readTextFileSync('/etc/passwd')\\")()"))
await attempt('import file', lambda: js.eval("import('file:///etc/hostname')"))
await attempt('import http', lambda: js.eval("import('http://127.0.0.1:${port}/evil.js')"))
await attempt('import npm', lambda: js.eval("import('npm:left-pad@1.3.0')"))
await attempt('import jsr', lambda: js.eval("import('jsr:@std/path@1.0.0')"))
await attempt('import json', lambda: js.eval("import('file:///etc/hostname', {with: {type: 'text'}})"))
await attempt('node:sqlite', lambda: js.eval("import('node:sqlite').then((s) => new s.DatabaseSync('/tmp/melzi-attack.db').exec('create table t(x)'))"))
await attempt('node:wasi', lambda: js.eval("import('node:wasi').then((w) => new w.WASI({version: 'preview1', preopens: {'/': '/'}}).start({}))"))
await attempt('node:inspector', lambda: js.eval("import('node:inspector').then((i) => { i.open(0); return i.url() ?? Promise.reject(new Error('no url')) })"))
await attempt('process.dlopen', lambda: js.eval("import('node:process').then((p) => p.default.dlopen({exports: {}}, '/lib/x86_64-linux-gnu/libc.so.6'))"))
await attempt('worker_threads file', lambda: js.eval("import('node:worker_threads').then((w) => new Promise((done, fail) => { const k = new w.Worker('/etc/hostname'); k.on('online', () => done('online')); k.on('error', fail) }))"))
await attempt('localStorage', lambda: js.eval("localStorage.setItem('tenant', 'A'); localStorage.getItem('tenant')"))
await attempt('caches', lambda: js.eval("caches.open('tenant').then((c) => c.put('http://x.test/', new Response('A')))"))
await attempt('Deno.openKv', lambda: js.eval("Deno.openKv('/tmp/melzi-attack.kv')"))
await attempt('Deno.chdir', lambda: js.eval("Deno.chdir('/tmp')"))
await attempt('Deno.umask file', lambda: js.eval("Deno.openSync('/tmp/melzi-attack', {create: true, write: true})"))
await attempt('Deno.createHttpClient', lambda: js.eval("new Promise((done, fail) => { const w = new WebSocketStream('ws://127.0.0.1:${port}/'); w.opened.then(done, fail) })"))
`
