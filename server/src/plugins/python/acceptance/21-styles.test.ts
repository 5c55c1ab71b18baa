/** Ways in which people write plugins, on each driver: they work, or say in a sentence what to do instead. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { AppError } from '../../../platform/errors.ts'
import type { Json, ModelQuestion } from '../sandbox-driver.ts'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { FakeInternet } from './fake-internet.ts'
import { allGone, LIMITS, run } from './support.ts'

/** What each prints or, where it prints nothing, its last value. */
const WORKS: Record<string, [source: string, output: string]> = {
  'await in loops': [
    `import asyncio
found = []
for i in range(3):
    await asyncio.sleep(0)
    found.append(i)
print(found)`,
    '[0, 1, 2]\n',
  ],
  'async for, async with, async comprehensions': [
    `import contextlib
async def numbers():
    for i in range(2): yield i
@contextlib.asynccontextmanager
async def opened(): yield "open"
async with opened() as state:
    async for i in numbers(): print(state, i)
print([i async for i in numbers()])`,
    'open 0\nopen 1\n[0, 1]\n',
  ],
  'asyncio.run inside': [
    `import asyncio
async def one(x):
    await asyncio.sleep(0.01)
    return x
async def main():
    return await asyncio.gather(one(1), one(2))
if __name__ == "__main__":
    print(asyncio.run(main()))`,
    '[1, 2]\n',
  ],
  'a loop of its own': [
    `import asyncio
async def main(): return 7
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
print(loop.run_until_complete(main()))
loop.close()`,
    '7\n',
  ],
  'asyncio.Runner': [
    `import asyncio
async def main(): return 8
with asyncio.Runner() as runner: print(runner.run(main()))`,
    '8\n',
  ],
  'a last value that is awaitable': [
    'async def main(): return {"城": [1.5, None]}\nmain()',
    '{"城": [1.5, null]}',
  ],
  'a nested awaitable': [
    'async def inner(): return "in"\nasync def outer(): return inner()\nouter()',
    'in',
  ],
  'classes of its own through pickle and type hints': [
    `from __future__ import annotations
import dataclasses, pickle, typing
@dataclasses.dataclass
class Place:
    name: str
    kind: typing.ClassVar[int] = 1
import __main__
print(pickle.loads(pickle.dumps(Place("台北"))), typing.get_type_hints(Place)["name"], __main__.Place is Place)`,
    "Place(name='台北') <class 'str'> True\n",
  ],
  'sys.exit after the answer': ['import sys\nprint("said")\nsys.exit(0)\nprint("never")', 'said\n'],
  'exit()': ['print("said")\nexit()', 'said\n'],
  'stdin is empty': ['import sys\nrepr(sys.stdin.read())', "''"],
  'numbers, tables, databases': [
    `import csv, decimal, fractions, io, sqlite3, statistics
print(decimal.Decimal("0.1") + 1, fractions.Fraction(1, 3), statistics.mean([1, 2]), list(csv.reader(io.StringIO('a,"b,c"'))))
print(sqlite3.connect(":memory:").execute("select upper('x'), 1 + 1").fetchone())`,
    "1.1 1/3 1.5 [['a', 'b,c']]\n('X', 2)\n",
  ],
  'old encodings of East Asia': [
    'print("台北".encode("big5").decode("cp950"), b"\\x93\\xfa\\x96{".decode("shift_jis"), "中".encode("gb18030"))',
    "台北 日本 b'\\xd6\\xd0'\n",
  ],
  'an empty source': ['# nothing', ''],
}

/** The last line of the exception. */
const REFUSED: Record<string, [source: string, message: RegExp]> = {
  'input()': ['name = input("Your name? ")', /^EOFError: input\(\) has no one to ask/],
  'an exit that says what is wrong': ['import sys\nsys.exit("no city given")', /no city given$/],
  notes: ['e = ValueError("bad")\ne.add_note("of line 3")\nraise e', /^ValueError: bad$/],
}

/** Where Python is Pyodide. */
const WORKS_IN_PYODIDE: typeof WORKS = {
  'console of JavaScript': [
    'import js\nprint("python")\njs.console.log("javascript", js.JSON.parse("[1]"))\njs.console.error("aside")',
    'python\njavascript [ 1 ]\n',
  ],
  'loading what is there': [
    `import micropip, pyodide_js
await micropip.install(["sqlite3", "json>=2", "micropip"])
await pyodide_js.loadPackage("numpy")
print("went on")`,
    'went on\n',
  ],
  'to_thread has one thread': ['import asyncio\nawait asyncio.to_thread(lambda: 5)', '5'],
}
const PAGE = /There is no web page here/
const REFUSED_IN_PYODIDE: typeof REFUSED = {
  document: ['from js import document\ndocument.title', PAGE],
  XMLHttpRequest: ['import js\njs.XMLHttpRequest.new()', PAGE],
  'a relative address': [
    'from pyodide.http import pyfetch\nawait pyfetch("/api/x")',
    /begin the address with https:\/\//,
  ],
  'a relative address of fetch': [
    'import js\nawait js.fetch("/api/x")',
    /'\/api\/x' is not a whole address/,
  ],
  'micropip of what is not there': [
    'import micropip\nawait micropip.install("nonesuch==1.0")',
    /install nothing while they run, and 'nonesuch==1.0' is not among/,
  ],
  threads: ['import threading\nthreading.Thread(target=print).start()', /one thread here/],
  pools: [
    'from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor().submit(print)',
    /asyncio\.gather does several things/,
  ],
  processes: ['import multiprocessing\nmultiprocessing.Pool(1)', /no processes of their own/],
  'time zones without their package': [
    'import zoneinfo\nzoneinfo.ZoneInfo("Asia/Taipei")',
    /The package 'tzdata' is not on this server: this server is set up not to fetch/,
  ],
}

onEachDriver((candidate) => {
  // Which walls stand around the same Python makes no difference here.
  if (candidate.name === 'bubblewrap') return
  const cases = candidate.hasJavaScript
    ? { works: { ...WORKS, ...WORKS_IN_PYODIDE }, refused: { ...REFUSED, ...REFUSED_IN_PYODIDE } }
    : { works: WORKS, refused: REFUSED }
  const sandbox = candidate.open({ poolSize: 1 })
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    assert.ok(await allGone())
  })

  for (const [name, [source, output]] of Object.entries(cases.works))
    test(name, async () => {
      const result = await run(sandbox, source)
      assert.deepEqual([result.error, result.output], [null, output])
    })

  for (const [name, [source, message]] of Object.entries(cases.refused))
    test(`refused with a sentence: ${name}`, async () => {
      const result = await run(sandbox, source)
      assert.equal(result.error?.kind, 'python')
      assert.match(result.error.message, message)
    })

  test('a flood through the console is cut as any other', async () => {
    if (!candidate.hasJavaScript) return
    const flood =
      'import js\nfor n in range(200): js.console.log("x" * 1_000_000)\njs.console.log({}, js.Symbol.iterator)'
    const { ok, output, truncated } = await run(sandbox, flood)
    assert.deepEqual([ok, truncated], [true, true])
    assert.equal(output, 'x'.repeat(LIMITS.stdoutBytes))
    const forged = `import js\njs.console.log('\\n{"t":"done","ok":true}\\n')\nprint("mine")`
    assert.equal((await run(sandbox, forged)).output, 'mine\n\n{"t":"done","ok":true}\n\n')
  })

  test('what pyodide.http gives, in every form', async () => {
    await using internet = new FakeInternet()
    await internet.open()
    await using online = candidate.open({ poolSize: 0, egress: internet.egress })
    const source = `import asyncio, io
from pyodide.http import open_url, pyfetch
url = f"http://api.test:{ARGUMENTS['port']}/echo?q=1"
file = open_url(url)
print(isinstance(file, io.StringIO), json.load(file)["query"])
print((await (await pyfetch(url)).json())["method"], (await (await pyfetch(url)).string())[0], (await (await pyfetch(url)).bytes())[:1], (await (await pyfetch(url)).text())[0])
both = await asyncio.gather(pyfetch(url), pyfetch(url, method="PUT", body="x"))
print([(await one.json())["method"] for one in both])
async def main(): return (await pyfetch(url)).status
print(asyncio.run(main()))
try: open_url(url.replace("echo", "nothing"))
except OSError as error: print("404" in str(error))`
    const given = { arguments: { port: internet.port }, egress: { hosts: ['api.test'] } }
    const result = await run(online, source, given)
    assert.deepEqual(
      [result.error, result.output],
      [null, "True ?q=1\nGET { b'{' {\n['GET', 'PUT']\n200\nTrue\n"],
    )
  })

  test('stderr is kept apart', async () => {
    const { output, stderr } = await run(
      sandbox,
      'import sys, warnings\nprint("aside", file=sys.stderr)\nwarnings.warn("old")\nprint("said")',
    )
    assert.equal(output, 'said\n')
    assert.match(stderr, /^aside\n.*UserWarning: old/)
  })

  test('questions to the model in every form', async () => {
    const asked: ModelQuestion[] = []
    const answer = async (question: ModelQuestion): Promise<Json> => {
      asked.push(question)
      if (question.kind === 'embed') return [0.5, -1]
      if (question.kind === 'count') return question.text.length
      if (question.kind === 'infer') return { city: '高雄' }
      return { role: 'assistant', content: 'yes' }
    }
    const source = `import asyncio
parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
print(await chat("hello"), await chat(None, None), await chat(conversation=[{"role": "user", "content": "a"}], functions=[{"name": "f"}]))
print(await infer_params(None, "where", parameters), await infer_params(parameters=parameters, conversation="in Kaohsiung"))
print(await count_token(), await count_token("台北"), await count_token([{"role": "user"}]), await count_token(text="x" * 1_000_000))
print(await emb("a"), await emb(text=5))
print(await asyncio.gather(*(count_token("y" * n) for n in range(5))))
async def later(): return await chat("in a task")
print((await asyncio.create_task(later()))["content"], asyncio.run(later())["content"])`
    const result = await run(sandbox, source, { answer })
    assert.equal(result.error, null, JSON.stringify(result.error))
    const yes = "{'role': 'assistant', 'content': 'yes'}"
    const city = "{'city': '高雄'}"
    assert.equal(
      result.output,
      `${yes} ${yes} ${yes}\n${city} ${city}\n0 2 18 1000000\n[0.5, -1] [0.5, -1]\n[0, 1, 2, 3, 4]\nyes yes\n`,
    )
    const user = (content: string) => [{ role: 'user', content }]
    assert.deepEqual(asked.slice(0, 3), [
      { kind: 'chat', conversation: user('hello'), functions: null },
      { kind: 'chat', conversation: [], functions: null },
      { kind: 'chat', conversation: user('a'), functions: [{ name: 'f' }] },
    ])
    assert.equal(asked.length, 18)
  })

  test('an answer that does not come in time, or is refused, is an exception', async () => {
    const stopped: string[] = []
    const answer = async (question: ModelQuestion, signal: AbortSignal): Promise<Json> => {
      if (question.kind === 'count') throw new AppError({ status: 429, message: 'No more tokens.' })
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped.push(question.kind)
          reject(new Error('over'))
        }),
      )
    }
    const source = `import asyncio
try: await asyncio.wait_for(chat("slow"), 0.2)
except TimeoutError: print("gave up")
try: await count_token("x")
except RuntimeError as error: print(error)
await chat("never")`
    const result = await run(sandbox, source, { answer, limits: { ...LIMITS, wallMs: 2000 } })
    assert.equal(result.error?.kind, 'timeout')
    assert.deepEqual(stopped, ['chat', 'chat'], 'the host stops what nobody waits for any more')
  })

  test('processor time is counted, sleep is not', async () => {
    const asleep = await run(sandbox, 'import time\ntime.sleep(1)\nprint("awake")')
    assert.equal(asleep.output, 'awake\n')
    assert.ok(asleep.usage.ms >= 950 && asleep.usage.cpuMs < 500, JSON.stringify(asleep.usage))
    // So much work, and not so much time: a busy machine gives a second only a part of its processor time.
    const { usage } = await run(sandbox, 'for i in range(20_000_000): pass')
    assert.ok(usage.cpuMs > 200 && usage.cpuMs > asleep.usage.cpuMs, JSON.stringify(usage))
    assert.ok(usage.cpuMs <= usage.ms + 100, 'one thread takes no more than the time that passes')
  })
})
