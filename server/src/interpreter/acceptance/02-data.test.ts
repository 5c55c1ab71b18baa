/** Group 1, data: the packages, pictures, and the files of a conversation. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { Execution, SessionFile } from '../code-interpreter.ts'
import type { NativeInterpreter } from '../native-interpreter.ts'
import { skipUnless } from '../../../tests/support/components.ts'
import { aFile, allGone, openInterpreter, run, WALL_SETS } from './support.ts'

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const CSV = 'city,people\n台北,2600000\n高雄,2700000\n'
const FETCH_MS = 200_000

/** Width and height, as a PNG's header has them. */
const sizeOf = (image: Uint8Array) => {
  const view = new DataView(image.buffer, image.byteOffset)
  return [view.getUint32(16), view.getUint32(20)]
}
const names = ({ files }: Execution) => files.map(({ name }) => name)

for (const { name, bubblewrap, needs } of WALL_SETS) {
  describe(`${name}, packages`, skipUnless(...needs), () => {
    let interpreter: NativeInterpreter
    let unavailable = ''
    before(async () => {
      interpreter = openInterpreter({
        bubblewrap,
        packageIndexUrl: undefined,
        packageWaitMs: FETCH_MS,
      })
      const first = await run(interpreter, 'import pandas, numpy, matplotlib, openpyxl, PIL')
      if (first.ok) return
      if (process.env['CI'] === 'true') throw new Error(first.logs)
      unavailable = `needs a package index that pip can reach: ${first.logs.split('\n').at(-2)}`
    })
    after(async () => {
      await interpreter[Symbol.asyncDispose]()
      assert.ok(await allGone())
    })

    test('pandas reads and writes tables in /mnt/data', async (t) => {
      if (unavailable !== '') return t.skip(unavailable)
      assert.deepEqual((await interpreter.probe()).packages, [
        'numpy',
        'pandas',
        'matplotlib',
        'openpyxl',
        'pillow',
      ])
      const source = `import pandas as pd
table = pd.read_csv("/mnt/data/cities.csv")
table.to_excel("/mnt/data/cities.xlsx", index=False)
table["people"].sum(), len(pd.read_excel("/mnt/data/cities.xlsx"))`
      const result = await run(interpreter, source, { files: [aFile('file-1', 'cities.csv', CSV)] })
      assert.deepEqual([result.logs, result.ok], ['', true])
      assert.match(result.value ?? '', /5300000.*, 2\)$/)
      assert.deepEqual(names(result), ['cities.xlsx'])
      const sheet = await buffer(result.files[0]?.open() ?? Readable.from([]))
      assert.equal(sheet.subarray(0, 2).toString(), 'PK')
    })

    test('figures that are shown or left open are pictures, in order, and closed', async (t) => {
      if (unavailable !== '') return t.skip(unavailable)
      const source = `import matplotlib.pyplot as plt
plt.figure(figsize=(4, 3)); plt.plot([1, 2, 3]); plt.show()
plt.figure(figsize=(8, 3)); plt.bar(["a", "b"], [1, 2])
plt.figure(figsize=(12, 3)); plt.title("left open")
print("done")`
      const { images, logs, ok } = await run(interpreter, source)
      assert.deepEqual([ok, logs, images.length], [true, 'done\n', 3])
      for (const { data, name: imageName } of images) {
        assert.deepEqual(Buffer.from(data.subarray(0, 8)), PNG)
        assert.match(imageName, /^image-\d+-\d\.png$/)
      }
      const widths = images.map(({ data }) => sizeOf(data)[0] ?? 0)
      assert.deepEqual(
        widths.toSorted((a, b) => a - b),
        widths,
      )
      const next = await run(interpreter, 'len(plt.get_fignums())')
      assert.deepEqual([next.value, next.images], ['0', []])
      const failed = await run(interpreter, 'plt.plot([1])\nraise ValueError("late")')
      assert.deepEqual([failed.ok, failed.images.length], [false, 1])
      const saved = await run(
        interpreter,
        'plt.plot([1]); plt.savefig("/mnt/data/own.pdf"); plt.close()',
      )
      assert.deepEqual([saved.images, names(saved)], [[], ['own.pdf']])
      assert.equal(
        (await run(interpreter, 'plt.gcf().canvas.__class__.__name__')).value,
        "'FigureCanvasAgg'",
      )
    })

    test('Chinese labels are drawn where the system has a font for them', async (t) => {
      if (unavailable !== '') return t.skip(unavailable)
      const found = await run(
        interpreter,
        'from matplotlib import font_manager\nimport sys\nsorted({f.name for f in font_manager.fontManager.ttflist} & set(sys.modules["pictures"].EAST_ASIAN_FONTS))',
      )
      const { logs, images } = await run(interpreter, 'plt.title("臺北")')
      assert.equal(images.length, 1)
      assert.equal(/missing from font/.test(logs), found.value === '[]')
    })

    test('more pictures than are handed over are counted', async (t) => {
      if (unavailable !== '') return t.skip(unavailable)
      const { images, logs } = await run(
        interpreter,
        'for n in range(22): plt.figure(figsize=(1, 1), dpi=20)',
      )
      assert.equal(images.length, 20)
      assert.match(logs, /\[2 files or pictures were too many/)
    })
  })

  describe(`${name}, files`, skipUnless(...needs), () => {
    const limits = { diskMiB: 32, fileBytes: 4 * 1024 * 1024 }
    const interpreter = openInterpreter({ bubblewrap, limits })
    after(() => interpreter[Symbol.asyncDispose]())

    test('files of a conversation are there by id and by name, and are not news', async () => {
      let opened = 0
      const counted: SessionFile = {
        ...aFile('file-a', '數據 one.csv', 'a,b\n1,2\n'),
        open: async () => {
          opened += 1
          return Readable.from([Buffer.from('a,b\n'), Buffer.from('1,2\n')])
        },
      }
      const files = [
        counted,
        aFile('file-b', '數據 one.csv', 'other'),
        aFile('file-c', '../../up', 'x'),
      ]
      const source = `import os
[open("/mnt/data/file-a").read(), open("/mnt/data/數據 one.csv").read(), open("file-b").read(), sorted(os.listdir("/mnt/data"))]`
      const first = await run(interpreter, source, { files })
      assert.equal(
        first.value,
        String.raw`['a,b\n1,2\n', 'a,b\n1,2\n', 'other', ['file-a', 'file-b', 'file-c', '數據 one.csv']]`,
      )
      assert.deepEqual([first.files, opened], [[], 1])
      const changed = await run(interpreter, 'open("數據 one.csv", "a").write("3,4\\n")', { files })
      assert.deepEqual([names(changed), opened], [['數據 one.csv'], 1])
      assert.equal(await text(changed.files[0]?.open() ?? Readable.from([])), 'a,b\n1,2\n3,4\n')
      assert.deepEqual(names(await run(interpreter, '1', { files })), [])
    })

    test('new and changed files come back, once, up to a number and a size', async () => {
      const source = `import os
os.makedirs("inner", exist_ok=True); open("inner/deep.txt", "w").write("x"); os.symlink("/etc/passwd", "link"); open(".hidden", "w").write("x")
for name in ("b.txt", "a.txt"): open(name, "w").write(name)
open("empty", "w").close()`
      const result = await run(interpreter, source, { thread: 'new' })
      assert.deepEqual(names(result), ['a.txt', 'b.txt', 'empty'])
      assert.deepEqual(
        result.files.map(({ bytes }) => bytes),
        [5, 5, 0],
      )
      assert.equal(await text(result.files[1]?.open() ?? Readable.from([])), 'b.txt')
      assert.deepEqual(names(await run(interpreter, '1', { thread: 'new' })), [])
      const many = await run(
        interpreter,
        'for n in range(30): open(f"many-{n:02}", "w").write("x")\nopen("zz-large", "wb").write(bytes(5_000_000))',
        { thread: 'new' },
      )
      assert.equal(many.files.length, 20)
      assert.match(
        many.logs,
        /\[11 files .* could not|\[11 files or pictures were too many or too large/,
      )
      const large = await run(interpreter, 'open("large2", "wb").write(bytes(5_000_000))', {
        thread: 'new',
      })
      assert.deepEqual(names(large), [])
      assert.match(large.logs, /large2/)
    })

    test('a file that is too large, or cannot be read, is told of; the code runs', async () => {
      const huge: SessionFile = {
        ...aFile('file-huge', 'huge.bin', ''),
        bytes: 33 * 1024 * 1024,
      }
      const broken: SessionFile = {
        ...aFile('file-broken', 'broken.bin', 'x'),
        open: async () =>
          Readable.from(
            (async function* () {
              yield Buffer.from('some')
              throw new Error('the disk is gone')
            })(),
          ),
      }
      const fills = aFile('file-fills', 'fills.bin', Buffer.alloc(20 * 1024 * 1024, 1))
      const result = await run(interpreter, 'import os\nsorted(os.listdir("/mnt/data"))', {
        thread: 'large',
        files: [huge, broken, fills],
      })
      assert.equal(result.value, "['file-fills', 'fills.bin']")
      assert.match(
        result.logs,
        /\[The file huge\.bin \(file-huge\) is not in \/mnt\/data: it is larger than the 32 MiB/,
      )
      assert.match(result.logs, /\[The file broken\.bin .* could not be read/)
      assert.ok(result.ok)
      assert.equal(
        (await run(interpreter, 'os.path.getsize("fills.bin")', { thread: 'large' })).value,
        '20971520',
      )
    })
  })
}

describe('packages that cannot be had', skipUnless('python3'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'melzi-interpreter-cache-'))
  // The sessions' user must get there, or the cache would be another one.
  chmodSync(folder, 0o755)
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('an ImportError says how to get them: fetching is off', async () => {
    await using interpreter = openInterpreter({ cacheDir: join(folder, 'off') })
    const { logs, ok } = await run(interpreter, 'import pandas as pd')
    assert.equal(ok, false)
    assert.match(
      logs,
      /ModuleNotFoundError: The package 'pandas' is not on this server: .*MELZI_PYTHON_INDEX=off.*operator can/,
    )
    assert.deepEqual((await interpreter.probe()).packages, [])
    assert.match(
      (await run(interpreter, 'import nothing_like_it')).logs,
      /No module named 'nothing_like_it'/,
    )
  })

  test('an index that has nothing, or another file than the pinned one, gives nothing', async () => {
    let asked = 0
    const index = createServer((request, response) => {
      asked += 1
      if (request.url?.endsWith('.whl') === true) return void response.end('not the wheel')
      const file = 'cycler-0.12.1-py3-none-any.whl'
      response.setHeader('content-type', 'text/html')
      response.end(request.url?.includes('cycler') === true ? `<a href="/${file}">${file}</a>` : '')
    })
    await new Promise<void>((resolve) => index.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`
      await using interpreter = openInterpreter({
        cacheDir: join(folder, 'bad'),
        packageIndexUrl: url,
        packageWaitMs: 60_000,
      })
      const { logs } = await run(interpreter, 'import numpy')
      assert.match(logs, /could not be fetched with pip.*operator can/)
      assert.ok(asked > 0)
      const built = readdirSync(join(folder, 'bad'), { recursive: true }).filter((path) =>
        String(path).includes('numpy'),
      )
      assert.deepEqual(built, [])
    } finally {
      index.close()
    }
  })
})
