/** Kind and pixel size of an image, read from the first bytes of its file. */
export interface ImageSize {
  kind: 'PNG' | 'JPEG' | 'GIF' | 'WebP'
  width: number
  height: number
}

const pngSize = (bytes: Buffer): ImageSize | null =>
  bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47
    ? { kind: 'PNG', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    : null

const gifSize = (bytes: Buffer): ImageSize | null =>
  bytes.length >= 10 && /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))
    ? { kind: 'GIF', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
    : null

/** JPEG: walks the segments to the frame header (SOF0 to SOF15 without DHT, JPG and DAC, which share the range). */
const jpegSize = (bytes: Buffer): ImageSize | null => {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null
  let at = 2
  while (at + 9 <= bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { kind: 'JPEG', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    } else {
      at += 2 + bytes.readUInt16BE(at + 2)
    }
  }
  return null
}

const webpSize = (bytes: Buffer): ImageSize | null => {
  if (
    bytes.length < 30 ||
    bytes.toString('latin1', 0, 4) !== 'RIFF' ||
    bytes.toString('latin1', 8, 12) !== 'WEBP'
  )
    return null
  const chunk = bytes.toString('latin1', 12, 16)
  if (chunk === 'VP8X') {
    return { kind: 'WebP', width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
  }
  if (chunk === 'VP8L') {
    const bits = bytes.readUInt32LE(21)
    return { kind: 'WebP', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  if (chunk === 'VP8 ') {
    return {
      kind: 'WebP',
      width: bytes.readUInt16LE(26) & 0x3fff,
      height: bytes.readUInt16LE(28) & 0x3fff,
    }
  }
  return null
}

/** Size of a PNG, JPEG, GIF or WebP file; null for anything else or a cut header. */
export const imageSize = (bytes: Buffer): ImageSize | null =>
  pngSize(bytes) ?? jpegSize(bytes) ?? gifSize(bytes) ?? webpSize(bytes)

/** Size of the image in a base64 `data:` URL; null when it holds none. Only the first 256 KiB are looked at. */
export const dataUrlImageSize = (url: string): ImageSize | null => {
  const match = /^data:image\/[^,]*;base64,/i.exec(url)
  if (match === null) return null
  return imageSize(Buffer.from(url.slice(match[0].length, match[0].length + 349_528), 'base64'))
}
