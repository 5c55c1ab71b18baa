/** Runs the attacks of groups 3, 4, 5, 8, 10 and 12 against a driver and asserts that each got nothing. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as native from '../../../walls/acceptance/native-attacks.ts'
import type { SandboxDriver } from '../sandbox-driver.ts'
import { bridgeAttacks, fileAttacks, processAttacks, socketAttacks } from './attacks.ts'
import { allGone, attempts, SECRET, successes, type Candidate } from './support.ts'

/** Whose attacks are made: those of Deno's JavaScript, or those of native code. */
type Kind = Pick<Candidate, 'driver'>

/** A server on loopback that must never be asked. */
export class Bait implements AsyncDisposable {
  readonly #server: Server
  connections = 0

  constructor() {
    this.#server = createServer((_request, response) => response.end(SECRET))
    this.#server.on('connection', () => (this.connections += 1))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export const assertNoFiles = async (kind: Kind, driver: SandboxDriver): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'melzi-bait-'))
  try {
    const secretFile = join(folder, 'secret')
    // Readable and writable by everyone, so that nothing but the walls stands before it.
    writeFileSync(secretFile, SECRET, { mode: 0o666 })
    const before = statSync(secretFile)
    const attack = kind.driver === 'deno' ? fileAttacks : native.fileAttacks
    const { got, text } = await attempts(driver, attack(secretFile, process.pid))
    assert.ok(Object.keys(got).length > 35)
    assert.deepEqual(successes(got), {})
    assert.doesNotMatch(text, new RegExp(`${SECRET}|root:x`))
    assert.equal(readFileSync(secretFile, 'utf8'), SECRET)
    const after = statSync(secretFile)
    assert.deepEqual(
      [after.mode, after.uid, after.mtimeMs],
      [before.mode, before.uid, before.mtimeMs],
    )
    assert.ok(!existsSync(`${secretFile}.new`) && !existsSync(join(tmpdir(), 'melzi-link')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  assert.ok(await allGone())
}

export const assertNoSockets = async (kind: Kind, driver: SandboxDriver): Promise<void> => {
  await using bait = new Bait()
  const port = await bait.listen()
  const attack =
    kind.driver === 'deno' ? socketAttacks(port) : native.networkAttacks(port, '/run/nobody')
  const { got } = await attempts(driver, attack)
  assert.ok(Object.keys(got).length >= 13)
  assert.deepEqual(successes(got), {})
  assert.equal(bait.connections, 0)
  assert.ok(await allGone())
}

export const assertNoProcesses = async (kind: Kind, driver: SandboxDriver): Promise<void> => {
  const attack = kind.driver === 'deno' ? processAttacks : native.processAttacks
  const { got } = await attempts(driver, attack(process.pid))
  assert.ok(Object.keys(got).length >= 12)
  assert.deepEqual(successes(got), {})
  assert.ok(await allGone())
}

/** @param nativeCode whether the driver lets machine code run, as after an escape from Deno */
export const assertNoBridge = async (driver: SandboxDriver, nativeCode: boolean): Promise<void> => {
  await using bait = new Bait()
  const { got } = await attempts(driver, bridgeAttacks(await bait.listen(), process.pid))
  assert.ok(Object.keys(got).length > 40)
  assert.deepEqual(Object.keys(successes(got)), nativeCode ? ['native getpid'] : [])
  assert.equal(bait.connections, 0)
  assert.ok(!existsSync('/tmp/melzi-attack') && !existsSync('/tmp/melzi-attack.db'))
  assert.ok(await allGone())
}

/** Group 12: what the kernel does for nobody in here. Native only: from Deno's WebAssembly no system call is to be made (see group 11). */
export const assertNoSystemCalls = async (driver: SandboxDriver): Promise<void> => {
  const { got } = await attempts(driver, native.systemCalls)
  const { control, ...others } = got
  assert.match(control ?? '', /^GOT \d+$/, 'the way to the kernel is open at all')
  assert.deepEqual(successes(others), {})
  assert.ok(Object.keys(others).length > 35)
  assert.ok(await allGone())
}
