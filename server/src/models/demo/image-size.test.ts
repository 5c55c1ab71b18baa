import assert from 'node:assert/strict'
import { test } from 'node:test'

import { dataUrlImageSize, imageSize } from './image-size.ts'

const png = (width: number, height: number) => {
  const bytes = Buffer.alloc(33)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])
  bytes.write('IHDR', 12, 'latin1')
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

const jpeg = (width: number, height: number) => {
  const exif = Buffer.concat([Buffer.from([0xff, 0xe1, 0x00, 0x0a]), Buffer.alloc(8, 0xc0)])
  const huffman = Buffer.from([0xff, 0xc4, 0x00, 0x04, 0, 0])
  const frame = Buffer.from([
    0xff,
    0xff,
    0xc2,
    0x00,
    0x0b,
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    1,
    1,
    0x11,
    0,
  ])
  return Buffer.concat([Buffer.from([0xff, 0xd8]), exif, huffman, frame])
}

const webp = (chunk: string, write: (bytes: Buffer) => void) => {
  const bytes = Buffer.alloc(32)
  bytes.write('RIFF', 0, 'latin1')
  bytes.write('WEBP', 8, 'latin1')
  bytes.write(chunk, 12, 'latin1')
  write(bytes)
  return bytes
}

test('PNG, JPEG, GIF and the three kinds of WebP', () => {
  assert.deepEqual(imageSize(png(640, 480)), { kind: 'PNG', width: 640, height: 480 })
  assert.deepEqual(imageSize(jpeg(1920, 1080)), { kind: 'JPEG', width: 1920, height: 1080 })
  assert.deepEqual(imageSize(Buffer.from('GIF89a\x2c\x01\xc8\x00', 'latin1')), {
    kind: 'GIF',
    width: 300,
    height: 200,
  })
  const extended = webp('VP8X', (bytes) => {
    bytes.writeUIntLE(799, 24, 3)
    bytes.writeUIntLE(599, 27, 3)
  })
  assert.deepEqual(imageSize(extended), { kind: 'WebP', width: 800, height: 600 })
  const lossless = webp('VP8L', (bytes) => bytes.writeUInt32LE(((99 << 14) | 199) >>> 0, 21))
  assert.deepEqual(imageSize(lossless), { kind: 'WebP', width: 200, height: 100 })
  const lossy = webp('VP8 ', (bytes) => {
    bytes.writeUInt16LE(320, 26)
    bytes.writeUInt16LE(240, 28)
  })
  assert.deepEqual(imageSize(lossy), { kind: 'WebP', width: 320, height: 240 })
})

test('a data URL is read, and what is cut or no image gives null', () => {
  assert.deepEqual(dataUrlImageSize(`data:image/png;base64,${png(7, 9).toString('base64')}`), {
    kind: 'PNG',
    width: 7,
    height: 9,
  })
  assert.equal(dataUrlImageSize('https://a.example/x.png'), null)
  for (const bytes of [
    png(7, 9),
    jpeg(7, 9),
    Buffer.from('GIF89a'),
    Buffer.from('hello world, this is no image'),
  ]) {
    assert.equal(imageSize(bytes.subarray(0, 9)), null)
  }
  assert.equal(imageSize(Buffer.from([0xff, 0xd8, 0xff, 0xc4, 0, 0, 0, 0, 0, 0, 0, 0])), null)
})
