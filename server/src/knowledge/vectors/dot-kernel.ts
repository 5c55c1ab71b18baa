/**
 * The inner loop of vector search as WebAssembly with 128-bit SIMD, put together by hand: JavaScript has no SIMD, and takes four times
 * as long for the same sums. Memory: the question at 0, scores at {@link SCORES_AT}, vectors from {@link VECTORS_AT} on.
 */

export const SCORES_AT = 32_768
export const VECTORS_AT = 65_536
/** Scores of one call. */
export const MAX_ROWS = (VECTORS_AT - SCORES_AT) / 4
/** Vectors are filled up with zeros to a multiple of this many numbers: what one turn of the loop takes. */
export const STEP = 16

/** Writes the dot products of `rows` vectors from address `vectors` on with the question; `bytes` is the length of one vector. */
export type DotKernel = (vectors: number, rows: number, bytes: number) => void

const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
const signed = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
const text = (name: string): number[] => [name.length, ...Buffer.from(name)]
const section = (id: number, body: number[]): number[] => [id, ...unsigned(body.length), ...body]

const I32 = 0x7f
const V128 = 0x7b
const END = 0x0b
const BLOCK = [0x02, 0x40]
const LOOP = [0x03, 0x40]
const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const tee = (local: number) => [0x22, local]
const i32 = (value: number) => [0x41, ...signed(value)]
const I32_EQZ = 0x45
const I32_LESS = 0x49
const I32_ADD = 0x6a
const I32_SUB = 0x6b
const F32_ADD = 0x92
const F32_STORE = [0x38, 2, 0]
const branch = (depth: number) => [0x0c, depth]
const branchIf = (depth: number) => [0x0d, depth]
const load = (offset: number) => [0xfd, 0x00, 2, offset]
const ZEROS = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)]
const lane = (index: number) => [0xfd, 0x1f, index]
const F32X4_ADD = [0xfd, 0xe4, 0x01]
const F32X4_MUL = [0xfd, 0xe6, 0x01]

// Parameters, then locals.
const vector = 0
const rows = 1
const bytes = 2
const question = 3
const score = 4
/** Four sums at a time, so that no addition waits for the one before. */
const SUMS = [5, 6, 7, 8] as const
const [sum] = SUMS

/** One line of the program. */
const line = (...codes: (number | number[])[]): number[] => codes.flat()
const add = (local: number, value: number) => line(get(local), i32(value), I32_ADD, set(local))

const BODY = [
  line(i32(SCORES_AT), set(score)),
  line(BLOCK, LOOP),
  line(get(rows), I32_EQZ, branchIf(1)),
  SUMS.flatMap((local) => line(ZEROS, set(local))),
  line(i32(0), set(question)),
  LOOP,
  SUMS.flatMap((local, index) => {
    const product = line(get(vector), load(index * 16), get(question), load(index * 16), F32X4_MUL)
    return line(get(local), product, F32X4_ADD, set(local))
  }),
  add(vector, STEP * 4),
  line(get(question), i32(STEP * 4), I32_ADD, tee(question)),
  line(get(bytes), I32_LESS, branchIf(0)),
  [END],
  SUMS.slice(1).flatMap((local) => line(get(sum), get(local), F32X4_ADD, set(sum))),
  get(score),
  line(get(sum), lane(0), get(sum), lane(1), F32_ADD),
  line(get(sum), lane(2), get(sum), lane(3), F32_ADD, F32_ADD),
  F32_STORE,
  add(score, 4),
  line(get(rows), i32(1), I32_SUB, set(rows)),
  branch(0),
  [END, END, END],
].flat()

const LOCALS = [2, 2, I32, SUMS.length, V128]
const HEAD = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

const assemble = (): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    line(
      HEAD,
      section(1, [1, 0x60, 3, I32, I32, I32, 0]),
      section(2, line(1, text('env'), text('memory'), 2, 0, 1)),
      section(3, [1, 0]),
      section(7, line(1, text('dot'), 0, 0)),
      section(10, line(1, unsigned(LOCALS.length + BODY.length), LOCALS, BODY)),
    ),
  )

/** As much of WebAssembly as is used here; Node's types leave it to those of browsers. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  /** @param pages of 64 KiB */
  grow(pages: number): number
}
type Module = object
interface Wasm {
  Module: new (bytes: Uint8Array) => Module
  Memory: new (size: { initial: number }) => WasmMemory
  Instance: new (
    module: Module,
    imports: { env: { memory: WasmMemory } },
  ) => { exports: { dot: DotKernel } }
}
const wasm = (): Wasm => (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly

let compiled: Module | undefined

/** The kernel with a memory of its own, one for each store. */
export const createDotKernel = (): { memory: WasmMemory; dot: DotKernel } => {
  const { Module, Memory, Instance } = wasm()
  compiled ??= new Module(assemble())
  const memory = new Memory({ initial: VECTORS_AT / 65_536 })
  return { memory, dot: new Instance(compiled, { env: { memory } }).exports.dot }
}
