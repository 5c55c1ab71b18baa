import { crc32, deflateRawSync } from 'node:zlib'

/** A zip archive of some entries, as office programs write them. */
export const zipFile = (entries: Record<string, string | Buffer>): Buffer<ArrayBuffer> => {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(entries)) {
    const raw = Buffer.from(content)
    const packed = deflateRawSync(raw)
    const fileName = Buffer.from(name)
    const head = Buffer.alloc(26)
    head.writeUInt16LE(20, 0) // version
    head.writeUInt16LE(0x800, 2) // names in UTF-8
    head.writeUInt16LE(8, 4) // deflate
    head.writeUInt32LE(crc32(raw), 10)
    head.writeUInt32LE(packed.length, 14)
    head.writeUInt32LE(raw.length, 18)
    head.writeUInt16LE(fileName.length, 22)
    const local = [Buffer.from('PK\x03\x04'), head, fileName, packed]
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), head, place, fileName)
    bodies.push(...local)
    offset += local.reduce((sum, piece) => sum + piece.length, 0)
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(Object.keys(entries).length, 4)
  end.writeUInt16LE(Object.keys(entries).length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...bodies, central, Buffer.from('PK\x05\x06'), end])
}
