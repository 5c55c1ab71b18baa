import { hostileBytes, hostileString } from './hostile-values.ts'
import type { Encoded } from './mutate.ts'
import type { Random } from './random.ts'

const FILES: readonly (readonly [name: string, bytes: string])[] = [
  ['a.txt', 'figs and plums'],
  ['b.md', '# 達哥\n\ntext'],
  ['c.json', '{"a":1}'],
  ['d.csv', 'a,b\n1,2'],
  ['e.html', '<p>hello'],
  ['f.pdf', '%PDF-1.7 broken'],
  ['g.docx', 'PK\x03\x04broken'],
  ['h.png', '\x89PNG\r\n\x1a\n'],
  ['i.bin', '\0\x01\x02'],
  ['', 'nameless'],
]

const FIELDS: Record<string, readonly string[]> = {
  purpose: ['assistants', 'vision', 'user_data', 'batch', 'fine-tune'],
  'expires_after[anchor]': ['created_at'],
  'expires_after[seconds]': ['3600', '2592000'],
  model: ['scripted', 'demo'],
  language: ['zh'],
  response_format: ['json', 'verbose_json', 'srt'],
  temperature: ['0.2'],
}

/** A multipart form: near what the route wants, or broken in some part of its framing. */
export const randomForm = (path: string, random: Random): Encoded => {
  const boundary = random.pick(['----melzi', 'x', 'b'.repeat(70), "a'()+_,-./:=? b"])
  const fileField = path.endsWith('/parts') ? 'data' : 'file'
  const parts: Buffer[] = []
  for (const [name, values] of Object.entries(FIELDS)) {
    const wanted = name === 'purpose' || (name === 'model' && path.includes('audio'))
    if (!random.chance(wanted ? 0.93 : name.startsWith('expires') ? 0.2 : 0.02)) continue
    const value = random.chance(0.85) ? random.pick(values) : hostileString(random)
    parts.push(
      part(random.chance(0.97) ? name : hostileField(random), null, Buffer.from(value), random),
    )
  }
  for (let files = random.pick([0, 1, 1, 1, 1, 1, 1, 2]); files > 0; files -= 1) {
    const [name, text] = random.pick(FILES)
    const fileName = random.chance(0.85) ? name : hostileString(random)
    const bytes = random.chance(0.9) ? Buffer.from(text, 'latin1') : hostileBytes(random)
    parts.push(
      part(random.chance(0.95) ? fileField : hostileField(random), fileName, bytes, random),
    )
  }
  if (random.chance(0.5)) parts.reverse()
  if (random.chance(0.02))
    parts.push(...Array.from({ length: 40 }, () => part('many', null, Buffer.from('x'), random)))
  const mark = Buffer.from(`--${boundary}\r\n`)
  let bytes = Buffer.concat([
    ...parts.flatMap((one) => [mark, one, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
  if (random.chance(0.1)) bytes = damage(bytes, random)
  return { bytes, headers: { 'content-type': contentType(boundary, random) } }
}

const part = (name: string, fileName: string | null, bytes: Buffer, random: Random): Buffer => {
  const quote = (text: string) => text.replaceAll(/["\r\n]/g, '_')
  const head = [
    `content-disposition: form-data; name="${quote(name)}"`,
    ...(fileName === null
      ? []
      : [`; filename="${random.chance(0.95) ? quote(fileName) : fileName}"`]),
    ...(random.chance(0.05) ? [`; filename*=UTF-8''%E9%81%94%ff`] : []),
  ].join('')
  const type = fileName === null || random.chance(0.3) ? '' : '\r\ncontent-type: text/plain'
  const extra = random.chance(0.03)
    ? `\r\n${random.pick(['x: y', 'content-transfer-encoding: base64', ': z', 'broken'])}`
    : ''
  return Buffer.concat([Buffer.from(`${head}${type}${extra}\r\n\r\n`), bytes])
}

const hostileField = (random: Random): string =>
  random.pick([
    '__proto__',
    'a[b]',
    'a[b][c]',
    '__proto__[x]',
    'expires_after',
    'expires_after[__proto__]',
    'file[]',
    '',
    'constructor',
    'purpose[x]',
    'x'.repeat(300),
  ])

const contentType = (boundary: string, random: Random): string => {
  if (random.chance(0.92)) return `multipart/form-data; boundary="${boundary}"`
  return random.pick([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=other',
    `multipart/mixed; boundary="${boundary}"`,
    `multipart/form-data; boundary="${'x'.repeat(300)}"`,
    'application/x-www-form-urlencoded',
    'application/json',
    `MULTIPART/FORM-DATA; charset=utf-16; BOUNDARY="${boundary}"`,
  ])
}

const damage = (bytes: Buffer, random: Random): Buffer<ArrayBuffer> => {
  const at = random.below(bytes.length)
  return random.weighted<() => Buffer<ArrayBuffer>>([
    [3, () => Buffer.from(bytes.subarray(0, at))],
    [1, () => Buffer.concat([bytes.subarray(0, at), hostileBytes(random), bytes.subarray(at)])],
    [1, () => Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')],
    [1, () => Buffer.from(bytes.toString('latin1').replace('content-disposition', 'x'), 'latin1')],
    [1, () => Buffer.concat([bytes, bytes])],
  ])()
}
