/** The programs that come with a key that shares an assistant are run as they stand. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { NewShareKeyObject, type ShareSnippet } from '@melzi/contract/key.ts'
import { pythonClient } from '../../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless, type ComponentName } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { runGradio } from '../support/guide.ts'

const UNIT_PRICE = 'What is the unit price if it costs 120 dollars for 2 kg?'
const TIMEOUT_MS = 60_000
/** Below node_modules, so that `import 'openai'` of a program finds the package. */
const CACHE = path.join(import.meta.dirname, '../../../node_modules/.cache')

const NEEDS: Record<ShareSnippet['lang'], ComponentName[]> = {
  curl: ['curl'],
  python: ['python3', 'python3-venv'],
  node: [],
  gradio: ['python3', 'python3-venv'],
}
const ENDINGS = { curl: 'sh', python: 'py', node: 'mjs', gradio: 'py' } as const

describe('programs that come with a shared assistant', { concurrency: 2 }, () => {
  const stack = new AsyncDisposableStack()
  let server: BootedServer
  let made: NewShareKeyObject
  let dir: string

  before(async () => {
    server = stack.use(await bootServer({ sandbox: true }))
    const share = `/assistants/${server.assistantId}/share-keys`
    made = NewShareKeyObject.parse(await new Api(server).post(share, { name: 'friends' }))
    await mkdir(CACHE, { recursive: true })
    dir = await mkdtemp(path.join(CACHE, 'melzi-share-'))
    stack.defer(() => rm(dir, { recursive: true, force: true }))
  })
  after(() => stack.disposeAsync())

  const write = async (lang: ShareSnippet['lang'], locale: ShareSnippet['locale']) => {
    const snippet = made.snippets.find((one) => one.lang === lang && one.locale === locale)
    assert.ok(snippet)
    const file = path.join(dir, `${lang}-${locale}.${ENDINGS[lang]}`)
    await writeFile(file, snippet.source)
    return file
  }

  /** What a program prints that is asked one question. */
  const run = async (program: string, args: string[], input: string): Promise<string> => {
    const { PATH = '', HOME = '' } = process.env
    const env = { PATH, HOME, LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' }
    const child = spawn(program, args, { cwd: dir, env, timeout: TIMEOUT_MS })
    let printed = ''
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    child.stdin.end(input)
    const [code] = (await once(child, 'close')) as [number | null]
    assert.equal(code, 0, printed)
    return printed
  }

  it('name the server, the assistant and the key', () => {
    assert.equal(made.base_url, server.baseUrl)
    assert.equal(made.assistant_id, server.assistantId)
    assert.equal(made.snippets.length, 8)
    for (const { source } of made.snippets)
      for (const part of [made.base_url, made.assistant_id, made.key])
        assert.ok(source.includes(part))
  })

  for (const locale of ['en', 'zh-TW'] as const) {
    it(`answer by curl (${locale})`, skipUnless(...NEEDS.curl), async () => {
      const printed = await run('bash', [await write('curl', locale)], '')
      assert.match(printed, /event: thread\.message\.delta/)
      assert.match(printed, /event: thread\.run\.completed/)
      assert.match(printed, /event: done/)
    })

    it(`answer in Python, with a plugin (${locale})`, skipUnless(...NEEDS.python), async () => {
      const file = await write('python', locale)
      const printed = await run(pythonClient('openai-3'), ['-W', 'ignore', file], `${UNIT_PRICE}\n`)
      assert.match(printed, /\b60\b/)
    })

    it(`answer in Node, with a plugin (${locale})`, skipUnless(...NEEDS.node), async () => {
      const file = await write('node', locale)
      assert.match(await run(process.execPath, [file], `${UNIT_PRICE}\n`), /\b60\b/)
    })
  }

  it('answer in Gradio, with a plugin and a memory', skipUnless(...NEEDS.gradio), async () => {
    const file = await write('gradio', 'en')
    const answers = await runGradio(file, {}, [UNIT_PRICE, 'Good morning'])
    assert.equal(answers.length, 2)
    assert.match(answers[0] ?? '', /\b60\b/)
    assert.ok((answers[1] ?? '') !== '')
  })
})
