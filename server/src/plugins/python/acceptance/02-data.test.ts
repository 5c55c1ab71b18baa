/** Group 2, data packages: tables and pictures on native Python, and who is asked for them. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { onEachNative } from '../../../../tests/support/each-driver.ts'
import { ChoosingDriver } from '../choosing-driver.ts'
import type { SandboxDriver } from '../sandbox-driver.ts'
import { removeTree } from '../sandbox-image.ts'
import { failedResult } from '../sandbox-result.ts'
import { allGone, LIMITS, openNative, run, SYSTEM_PATH } from './support.ts'

/** The code interpreter's, kept between runs: fetching takes half a minute. */
const CACHE = join(import.meta.dirname, '../../../../../node_modules/.cache/melzi-interpreter')

onEachNative((candidate) => {
  let sandbox: SandboxDriver
  let unavailable = ''
  before(async () => {
    sandbox = openNative({
      bubblewrap: candidate.name === 'bubblewrap' ? 'trusted' : 'off',
      path: SYSTEM_PATH,
      cacheDir: CACHE,
      packageIndexUrl: undefined,
      packageWaitMs: 200_000,
    })
    const first = await run(sandbox, 'import pandas, numpy, matplotlib, openpyxl, PIL')
    if (first.ok) return
    if (process.env['CI'] === 'true') throw new Error(first.error?.message)
    unavailable = `needs a package index that pip can reach: ${first.error?.message}`
  })
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    assert.ok(await allGone())
  })

  test('pandas and numpy within the memory of a call', async (t) => {
    if (unavailable !== '') return t.skip(unavailable)
    const source = `import io, numpy as np, pandas as pd
table = pd.read_csv(io.StringIO(ARGUMENTS["csv"]))
table.to_excel("/tmp/cities.xlsx", index=False)
print(table["people"].sum(), len(pd.read_excel("/tmp/cities.xlsx")), np.linalg.solve([[2, 0], [0, 4]], [2, 4]).tolist())`
    const csv = 'city,people\n台北,2600000\n高雄,2700000\n'
    const result = await run(sandbox, source, { arguments: { csv } })
    assert.deepEqual([result.error, result.output], [null, '5300000 2 [1.0, 1.0]\n'])
    const large = await run(sandbox, 'import numpy\nnumpy.ones(100_000_000).sum()')
    assert.equal(large.error?.kind, 'memory', JSON.stringify(large))
    assert.ok(large.usage.peakMiB < 700)
  })

  test('figures that are shown are pictures, Chinese without boxes, counted and bounded', async (t) => {
    if (unavailable !== '') return t.skip(unavailable)
    const source = `import matplotlib.pyplot as plt, warnings
warnings.simplefilter("error")
for n in range(ARGUMENTS["count"]):
    plt.figure(figsize=(4, 3)); plt.plot([1, 2, n])
    if ARGUMENTS["title"]: plt.title(ARGUMENTS["title"])
plt.show()
print("shown")`
    const shown = await run(sandbox, source, { arguments: { count: 2, title: '' } })
    assert.deepEqual([shown.error, shown.output, shown.truncated], [null, 'shown\n', false])
    assert.equal(shown.pictures.length, 2)
    for (const picture of shown.pictures)
      assert.equal(Buffer.from(picture).subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
    const limits = { ...LIMITS, pictures: { count: 1, totalBytes: 1_000_000 } }
    const many = await run(sandbox, source, { arguments: { count: 3, title: '' }, limits })
    assert.equal(many.pictures.length, 1)
    const fonts = await run(
      sandbox,
      'from matplotlib import font_manager\nprint(any("CJK" in font.name for font in font_manager.fontManager.ttflist))',
    )
    if (fonts.output !== 'True\n')
      return t.skip('needs a Chinese font: apt-get install fonts-noto-cjk')
    const chinese = await run(sandbox, source, { arguments: { count: 1, title: '每月營收' } })
    assert.deepEqual([chinese.error, chinese.pictures.length], [null, 1])
  })

  test('auto sends a plugin that needs them to native Python', async (t) => {
    if (unavailable !== '') return t.skip(unavailable)
    const deno: SandboxDriver = {
      name: 'deno',
      probe: async () => ({ ok: true, why: null, walls: [] }),
      run: async () => failedResult('python', 'no numpy in Deno'),
      [Symbol.asyncDispose]: async () => {},
    }
    const choosing = new ChoosingDriver({ deno, native: sandbox, denoProvides: async () => false })
    const result = await run(choosing, 'import numpy as np\nprint(np.arange(3).sum())')
    assert.equal(result.output, '3\n')
    assert.match((await run(choosing, 'print(1)')).error?.message ?? '', /no numpy in Deno/)
  })
})

onEachNative((candidate) => {
  const empty = mkdtempSync(join(tmpdir(), 'melzi-empty-'))
  chmodSync(empty, 0o755)
  const sandbox = candidate.open({ cacheDir: empty })
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    await removeTree(empty)
  })

  test('packages that are not there are explained', async (t) => {
    const result = await run(sandbox, 'import pandas')
    if (result.ok) return t.skip("the system's own Python has pandas")
    assert.match(
      result.error?.message ?? '',
      /^ModuleNotFoundError: The package 'pandas' is not on this server: .*MELZI_PYTHON_INDEX/,
    )
  })
})
