/** Every snippet of the reference is run as it stands, and asks for exactly what its operation says. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { Operation } from '@melzi/contract/reference/operation.ts'
import { PARTS } from '@melzi/contract/reference/parts.ts'
import { snippetsOf, type Snippet } from '@melzi/contract/reference/snippets.ts'
import * as z from 'zod/mini'
import { pythonClient } from '../../scripts/python-clients.ts'
import { skipUnless, type ComponentName } from './support/components.ts'
import { startSnippetRecorder, type SnippetRecorder } from './support/snippet-recorder.ts'

/** What no row has, or not in this combination. */
const MADE_UP: Operation[] = [
  {
    id: 'sendFileGetFile',
    method: 'post',
    path: '/made_up/{plugin_id}/versions/{version}',
    summary: 'Made up',
    description: 'Made up.',
    body: { type: 'file', sample: 'weather.json', description: 'A file.' },
    reply: { 'application/octet-stream': null },
    savedAs: 'answer.bin',
  },
  {
    id: 'sendWhatNeedsCare',
    method: 'post',
    path: '/made_up',
    summary: 'Made up',
    description: 'Made up.',
    body: {
      type: 'json',
      schema: z.looseObject({}),
      example: {
        quotes: `it's "so" \\ and \n 'more'`,
        'a-key': [true, false, null, 1.5, { deep: ['長'.repeat(80)] }],
        nothing: {},
      },
    },
    reply: { 'application/json': z.unknown() },
  },
]
const OPERATIONS = [...PARTS.flatMap(({ operations }) => operations), ...MADE_UP]
const KEY = 'mlz_snippet'
const TIMEOUT_MS = 120_000
/** Below node_modules, so that `import 'openai'` of a snippet finds the package. */
const CACHE = path.join(import.meta.dirname, '../../node_modules/.cache')

interface Language {
  lang: Snippet['lang']
  needs: readonly ComponentName[]
  /** The files to write, and the command that runs them all, one after the other. */
  plan: (sources: [id: string, source: string][]) => {
    files: Record<string, string>
    command: () => [program: string, ...args: string[]]
  }
}

const LANGUAGES: Language[] = [
  {
    lang: 'curl',
    needs: ['curl'],
    plan: (sources) => ({
      files: { 'all.sh': sources.map(([, source]) => `${source} -sS\n`).join('') },
      command: () => ['bash', '-e', 'all.sh'],
    }),
  },
  {
    lang: 'node',
    needs: [],
    plan: (sources) => ({
      files: {
        ...Object.fromEntries(sources.map(([id, source]) => [`${id}.mjs`, source])),
        'all.mjs': sources.map(([id]) => `await import('./${id}.mjs')\n`).join(''),
      },
      command: () => [process.execPath, 'all.mjs'],
    }),
  },
  {
    lang: 'python',
    needs: ['python3', 'python3-venv'],
    plan: (sources) => ({
      files: {
        ...Object.fromEntries(sources.map(([id, source]) => [`${id}.py`, source])),
        'all.py': `import runpy\n${sources.map(([id]) => `runpy.run_path("${id}.py")\n`).join('')}`,
      },
      command: () => [pythonClient('openai-3'), '-W', 'ignore', 'all.py'],
    }),
  },
]

/** `/threads/{thread_id}` as a pattern. */
const patternOf = (operation: Operation): RegExp => {
  const base = operation.place === 'root' ? '' : '/v1'
  return new RegExp(`^${base}${operation.path.replaceAll(/\{\w+\}/g, '[\\w.-]+')}$`)
}

for (const { lang, needs, plan } of LANGUAGES)
  describe(`snippets in ${lang}`, skipUnless(...needs), () => {
    const stack = new AsyncDisposableStack()
    let recorder: SnippetRecorder

    before(async () => {
      recorder = stack.use(await startSnippetRecorder(OPERATIONS))
      await mkdir(CACHE, { recursive: true })
      const dir = await mkdtemp(path.join(CACHE, 'melzi-snippets-'))
      stack.defer(() => rm(dir, { recursive: true, force: true }))
      const sources = OPERATIONS.map((operation): [string, string] => {
        const origin = recorder.origin(operation.id)
        const snippet = snippetsOf(operation, `${origin}/v1`, origin).find(
          (one) => one.lang === lang,
        )
        return [operation.id, snippet?.source ?? assert.fail(`no ${lang} for ${operation.id}`)]
      })
      const { files, command } = plan(sources)
      for (const { body } of OPERATIONS)
        if (body?.type === 'form') files[body.file.sample] = 'sample'
        else if (body?.type === 'file') files[body.sample] = 'sample'
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text)
      const [program, ...args] = command()
      const { PATH = '', HOME = '' } = process.env
      await promisify(execFile)(program, args, {
        cwd: dir,
        timeout: TIMEOUT_MS,
        maxBuffer: 16 * 1024 * 1024,
        env: { PATH, HOME, LANG: 'C.UTF-8', API_KEY: KEY, PYTHONDONTWRITEBYTECODE: '1' },
      })
    })
    after(() => stack.disposeAsync())

    for (const operation of OPERATIONS)
      it(operation.id, () => {
        const { method, body, query, open = false } = operation
        const requests = recorder.requests(operation.id)
        assert.equal(requests.length, 1, 'one request')
        const [sent = assert.fail()] = requests
        const { pathname, searchParams } = new URL(sent.path, 'http://any.invalid')
        assert.equal(sent.method, method.toUpperCase())
        assert.match(pathname, patternOf(operation))
        const asked = Object.fromEntries(
          Object.entries(query?.example ?? {}).map(([key, value]) => [key, String(value)]),
        )
        assert.deepEqual(Object.fromEntries(searchParams), asked)
        if (!open) assert.equal(sent.key, `Bearer ${KEY}`)
        if (body?.type === 'form') {
          assert.match(sent.type, /^multipart\/form-data/)
          assert.ok(sent.body.includes(`name="${body.file.field}"; filename="${body.file.sample}"`))
          for (const [key, value] of Object.entries(body.example))
            assert.ok(sent.body.includes(`name="${key}"\r\n\r\n${String(value)}\r\n`), key)
          return
        }
        const text = sent.body.toString()
        if (body?.type === 'file') {
          assert.equal(text, 'sample')
          return
        }
        const example = body?.example ?? {}
        assert.deepEqual(text === '' ? {} : JSON.parse(text), example)
        if (body !== undefined) assert.ok(z.safeParse(body.schema, example).success)
      })
  })
