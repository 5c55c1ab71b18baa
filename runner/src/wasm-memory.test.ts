import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withMemoryLimits } from './wasm-memory.ts'

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
/** A type section, a memory section and an exported memory `m`. */
const module = (memory: number[]) =>
  new Uint8Array([...HEADER, 1, 1, 0, 5, memory.length + 1, 1, ...memory, 7, 5, 1, 1, 0x6d, 2, 0])

const memoryOf = async (bytes: Uint8Array<ArrayBuffer> | null): Promise<WebAssembly.Memory> => {
  assert.ok(bytes)
  const { instance } = await WebAssembly.instantiate(bytes, {})
  return instance.exports['m'] as WebAssembly.Memory
}

test('minimum and maximum are set, and the rest of the module stays', async () => {
  for (const memory of [
    [0, 1],
    [1, 1, 2],
    [1, 0x80, 1, 0x80, 0x80, 2],
  ]) {
    const limited = await memoryOf(withMemoryLimits(module(memory), 3 * 65536 + 1, 400 * 65536))
    assert.equal(limited.buffer.byteLength, Math.max(4, memory.length > 4 ? 128 : 0) * 65536)
    assert.throws(() => limited.grow(400))
    limited.grow(400 - limited.buffer.byteLength / 65536)
  }
})

test('a module without a memory is left alone, a malformed one refused', () => {
  assert.equal(withMemoryLimits(new Uint8Array([...HEADER, 1, 1, 0]), 0, 65536), null)
  assert.throws(() => withMemoryLimits(new Uint8Array([...HEADER, 5, 0x80]), 0, 65536))
})
