/**
 * Rewrites the memory section of a WebAssembly module before it is compiled: the maximum is the plugin's memory limit, and the
 * minimum makes room for a snapshot, without which one above 30 MiB does not load.
 */
const PAGE = 65536
const MEMORY_SECTION = 5
const HAS_MAXIMUM = 1

const readNumber = (bytes: Uint8Array, start: number): { value: number; next: number } => {
  let value = 0
  let shift = 0
  let next = start
  for (;;) {
    const byte = bytes[next]
    if (byte === undefined || shift > 28)
      throw new Error('malformed number in the WebAssembly module')
    next += 1
    value += (byte & 0x7f) * 2 ** shift
    if ((byte & 0x80) === 0) return { value, next }
    shift += 7
  }
}

const writeNumber = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return bytes
}

/**
 * @param minimumBytes at least this much memory at start
 * @param maximumBytes never more than this
 * @returns null when the module defines no memory of its own
 * @throws Error on a malformed module
 */
export const withMemoryLimits = (
  module: Uint8Array,
  minimumBytes: number,
  maximumBytes: number,
): Uint8Array<ArrayBuffer> | null => {
  let position = 8
  while (position < module.length) {
    const id = module[position]
    const { value: size, next: start } = readNumber(module, position + 1)
    if (id !== MEMORY_SECTION) {
      position = start + size
      continue
    }
    const count = readNumber(module, start)
    const flags = readNumber(module, count.next)
    const minimum = readNumber(module, flags.next)
    const pages = Math.max(minimum.value, Math.ceil(minimumBytes / PAGE))
    const limit = Math.max(pages, Math.floor(maximumBytes / PAGE))
    const body = [1, flags.value | HAS_MAXIMUM, ...writeNumber(pages), ...writeNumber(limit)]
    const section = [MEMORY_SECTION, ...writeNumber(body.length), ...body]
    const rest = module.subarray(start + size)
    const result = new Uint8Array(position + section.length + rest.length)
    result.set(module.subarray(0, position), 0)
    result.set(section, position)
    result.set(rest, position + section.length)
    return result
  }
  return null
}
