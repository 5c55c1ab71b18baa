/** Pictures in Deno, without matplotlib: a stand-in of its own that is asked for what pyplot asks its drawing backend. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { textOf } from '../../../features/plugins/call-text.ts'
import { LIMITS, allGone, openSandbox, run } from './support.ts'

const sandbox = openSandbox()
after(async () => {
  await sandbox[Symbol.asyncDispose]()
  assert.ok(await allGone())
})

/** What pictures.py touches of matplotlib, and `show` as pyplot has it. */
const STAND_IN = `import importlib, os, sys, types
def module(name, **values):
    made = types.ModuleType(name)
    made.__dict__.update(values)
    sys.modules[name] = made
    return made
class Canvas: pass
class Figure:
    def __init__(self, data): self.data = data
    def savefig(self, target, format, bbox_inches):
        assert format == "png"
        if self.data is None: raise ValueError("cannot draw")
        target.write(self.data)
figures = {}
font = types.SimpleNamespace(name="Noto Sans CJK TC")
rc = {"font.family": ["sans-serif"]}
manager = module("matplotlib.font_manager", fontManager=types.SimpleNamespace(ttflist=[font]))
module("matplotlib.backends")
module("matplotlib.backends.backend_agg", FigureCanvasAgg=Canvas)
pyplot = module("matplotlib.pyplot", get_fignums=lambda: list(figures), figure=figures.get, close=lambda which: figures.clear())
module("matplotlib", rcParams=rc, font_manager=manager, pyplot=pyplot)
backend = importlib.import_module(os.environ["MPLBACKEND"].removeprefix("module://"))
assert backend.FigureCanvas is Canvas
assert rc["font.family"] == ["sans-serif", "Noto Sans CJK TC"]
PNG = b"\\x89PNG\\r\\n\\x1a\\n"
for number, size in enumerate(ARGUMENTS["sizes"]): figures[number] = Figure(PNG + bytes([number]) * size)
`
const limits = { ...LIMITS, pictures: { count: 2, totalBytes: 1000 } }

test('what is shown is handed over in order, as often as it is shown', async () => {
  const source = `${STAND_IN}backend.show()\nassert not figures\nfigures[9] = Figure(PNG + b"last")\nbackend.show(block=True)\nprint("shown")`
  const result = await run(sandbox, source, { arguments: { sizes: [3] } })
  assert.deepEqual(
    [result.error, result.output, result.picturesLeftOut],
    [null, 'shown\n', undefined],
  )
  assert.deepEqual(
    result.pictures.map((picture) => Buffer.from(picture).subarray(8).toString('latin1')),
    ['\0\0\0', 'last'],
  )
})

test('more, or larger, than they may be are left out and counted', async () => {
  const cases: [sizes: number[], kept: number[], leftOut: number][] = [
    [[1, 2, 3, 4], [9, 10], 2],
    [[500, 600, 400], [508, 408], 1],
    [[2000], [], 1],
  ]
  for (const [sizes, kept, leftOut] of cases) {
    const result = await run(sandbox, `${STAND_IN}backend.show()\nprint("x")`, {
      arguments: { sizes },
      limits,
    })
    assert.deepEqual(
      result.pictures.map(({ length }) => length),
      kept,
    )
    assert.deepEqual([result.picturesLeftOut, result.truncated], [leftOut, false])
    const text = textOf(result, 1000)
    assert.equal(
      text,
      `x\n\n[The plugin showed more pictures than it may hand over; left out: ${leftOut}.]`,
    )
  }
})

test('a picture that cannot be drawn is the exception of the plugin, and the figures are closed', async () => {
  const source = `${STAND_IN}figures[1] = Figure(None)\ntry: backend.show()\nfinally: print(len(figures))`
  const result = await run(sandbox, source, { arguments: { sizes: [1] } })
  assert.equal(result.error?.message, 'ValueError: cannot draw')
  assert.equal(result.stdout, '0\n')
})

test('what is no PNG is none, whoever says so', async () => {
  const source = `${STAND_IN}figures[1] = Figure(b"<svg/>")\nbackend.show()`
  const result = await run(sandbox, source, { arguments: { sizes: [] } })
  assert.deepEqual([result.error?.kind, result.pictures], ['output', []])
})

test('pictures of one call are not those of the next', async () => {
  await run(sandbox, `${STAND_IN}backend.show()`, { arguments: { sizes: [1, 2] } })
  assert.deepEqual((await run(sandbox, 'print(1)')).pictures, [])
})
