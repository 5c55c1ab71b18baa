import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { AppError } from './errors.ts'
import { createResolve } from './resolve-name.ts'

const A = 1
const never = new AbortController().signal
const outside = { internal: false, signal: never }

/** Answers names of `known` (A or AAAA records), says that others do not exist, and stays silent about `silent.test`. */
const nameserver = async (known: Record<string, { 1?: number[]; 28?: number[] }>) => {
  const socket = createSocket('udp4')
  const told = { asked: 0 }
  socket.on('message', (question, peer) => {
    const labels: string[] = []
    let at = 12
    for (let size = question[at] ?? 0; size > 0; size = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + size))
      at += 1 + size
    }
    const name = labels.join('.')
    const type = question.readUInt16BE(at + 1)
    told.asked += 1
    if (name === 'silent.test') return
    const record = Object.hasOwn(known, name) ? known[name] : undefined
    const data = type === A ? record?.[1] : record?.[28]
    const head = Buffer.from(question.subarray(0, at + 5))
    head.writeUInt16BE(record === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(data === undefined ? 0 : 1, 6)
    head.writeUInt16BE(0, 10)
    const answer = data === undefined ? [] : [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 9, 0, data.length]
    socket.send(Buffer.concat([head, Buffer.from([...answer, ...(data ?? [])])]), peer.port)
  })
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
  return {
    told,
    servers: [`127.0.0.1:${socket.address().port}`],
    [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())),
  }
}

test('A and AAAA records of a name, and none of a name that does not exist', async () => {
  const six = [0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11]
  await using names = await nameserver({
    'both.test': { 1: [1, 2, 3, 4], 28: six },
    'four.test': { 1: [1, 2, 3, 5] },
    'six.test': { 28: six },
  })
  const resolve = createResolve({ servers: names.servers })
  const four = (address: string) => ({ address, family: 4 })
  const other = { address: '2606:4700::1111', family: 6 }
  assert.deepEqual(await resolve('both.test', outside), [four('1.2.3.4'), other])
  assert.deepEqual(await resolve('four.test', outside), [four('1.2.3.5')])
  assert.deepEqual(await resolve('six.test', outside), [other])
  await assert.rejects(resolve('none.test', outside), { code: 'ENOTFOUND' })
})

test('a silent nameserver holds up nobody else, look-ups are bounded, and a signal ends them', async () => {
  await using names = await nameserver({ 'four.test': { 1: [1, 2, 3, 5] } })
  const resolve = createResolve({ servers: names.servers, atOnce: 8 })
  const leave = new AbortController()
  const how = { internal: false, signal: leave.signal }
  const waiting = Array.from({ length: 8 }, () => resolve('silent.test', how))
  const ends = Promise.allSettled(waiting)
  await assert.rejects(
    resolve('four.test', outside),
    (error) => error instanceof AppError && /Too many host names/.test(error.message),
  )
  const started = Date.now()
  await lookup('localhost')
  assert.ok(Date.now() - started < 1000)
  leave.abort(new Error('left'))
  for (const end of await ends) {
    assert.equal(end.status === 'rejected' && String(end.reason), 'Error: left')
  }
  assert.ok(Date.now() - started < 1500)
  assert.equal((await resolve('four.test', outside)).length, 1)
  await assert.rejects(resolve('four.test', how), /left/)
})

test('the hosts file counts for hosts the operator opened, and for no other', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'melzi-hosts-'))
  try {
    const hostsFile = path.join(folder, 'hosts')
    await writeFile(
      hostsFile,
      '# a\n10.1.2.3\tdb.test DB2.test # c\r\nfd00::1 db.test\nnot db.test\n',
    )
    await using names = await nameserver({ 'web.test': { 1: [1, 2, 3, 4] } })
    const resolve = createResolve({ servers: names.servers, hostsFile })
    const opened = { internal: true, signal: never }
    const of = async (name: string) => (await resolve(name, opened)).map(({ address }) => address)
    assert.deepEqual(await of('db.test'), ['10.1.2.3', 'fd00::1'])
    assert.deepEqual(await of('db2.test'), ['10.1.2.3'])
    assert.deepEqual(await of('localhost'), ['127.0.0.1', '::1'])
    assert.equal(names.told.asked, 0)
    assert.deepEqual(await of('web.test'), ['1.2.3.4'])
    await assert.rejects(resolve('db.test', outside), { code: 'ENOTFOUND' })
    const bare = createResolve({ servers: names.servers, hostsFile: path.join(folder, 'none') })
    assert.equal((await bare('web.test', opened)).length, 1)
  } finally {
    await rm(folder, { recursive: true })
  }
})
