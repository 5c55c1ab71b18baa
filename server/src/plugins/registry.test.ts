import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPluginKinds } from './plugin-kinds.ts'
import { createNoDriver } from './python/no-driver.ts'
import { createPluginReader } from './registry.ts'

const plugin = (id: string, source: string) => ({
  functionName: id,
  manifest: JSON.stringify({ id, api: { type: 'python', python: { source } } }),
  document: null,
})

test('short plugins are kept read by the thousand, long ones as far as there is room', () => {
  const kinds = createPluginKinds({ driver: createNoDriver() })
  let reads = 0
  const python: typeof kinds.python = {
    ...kinds.python,
    functions: (one) => {
      reads += 1
      return kinds.python.functions(one)
    },
  }
  const read = createPluginReader({ ...kinds, python })
  const short = Array.from({ length: 2_000 }, (_, index) => plugin(`p${index}`, 'print(6)'))
  for (const one of [...short, ...short]) read(one)
  assert.equal(reads, 2_000)
  // Read texts take several times their length, and whoever may import one may import a thousand.
  const long = Array.from({ length: 40 }, (_, index) => plugin(`l${index}`, 'x'.repeat(1_000_000)))
  for (const one of long) read(one)
  reads = 0
  for (const one of long.toReversed()) read(one)
  assert.ok(reads >= 24 && reads < 40, String(reads))
})
