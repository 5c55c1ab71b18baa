/** A vector of length 1 as little-endian 32-bit floats. */
export const toBytes = (vector: readonly number[]): Uint8Array => {
  const length = Math.hypot(...vector) || 1
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of vector.entries()) view.setFloat32(index * 4, value / length, true)
  return bytes
}

/** Reads what {@link toBytes} wrote into `target`, from its place `at` on. */
export const readFloats = (bytes: Uint8Array, target: Float32Array, at: number): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < bytes.byteLength / 4; i += 1) target[at + i] = view.getFloat32(i * 4, true)
}
