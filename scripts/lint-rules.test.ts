import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'

// Proves that the linter's settings refuse what the house refuses, on a small tree that breaks each rule once.
const ROOT = path.dirname(import.meta.dirname)

interface Diagnostic {
  code: string
  filename: string
}

const SAMPLES: Record<string, string> = {
  'server/src/features/floating.ts':
    'const later = async () => 1\nexport const f = () => {\n  later()\n}\n',
  'server/src/features/misused.ts':
    'const later = async () => true\nexport const f = () => {\n  if (later()) return 1\n  return 2\n}\n',
  'server/src/features/any.ts': 'export const f = (x: any) => String(x)\n',
  'server/src/features/equal.ts': 'export const f = (x: number) => x == 1\n',
  'server/src/features/console.ts': 'export const f = () => console.log(1)\n',
  'server/src/features/env.ts': "export const f = () => process.env['HOME']\n",
  'server/src/features/signal.ts': "export const f = () => process.on('exit', () => 1)\n",
  'server/src/features/imported-env.ts':
    "import { env } from 'node:process'\nexport const f = () => env\n",
  'server/src/features/long.ts': 'export const x = 1\n' + '\n'.repeat(400),
  'server/src/features/swallow.ts':
    'export const f = (g: () => void) => {\n  try {\n    g()\n  } catch {}\n}\n',
  'server/src/config/env.ts': "export const f = () => process.env['HOME']\n",
  'server/src/main.ts': "export const f = () => process.on('exit', () => 1)\n",
  'scripts/tool.ts': "console.log(process.env['HOME'])\n",
}

const EXPECTED: Record<string, string> = {
  'server/src/features/floating.ts': 'typescript(no-floating-promises)',
  'server/src/features/misused.ts': 'typescript(no-misused-promises)',
  'server/src/features/any.ts': 'typescript(no-explicit-any)',
  'server/src/features/equal.ts': 'eslint(eqeqeq)',
  'server/src/features/console.ts': 'eslint(no-console)',
  'server/src/features/env.ts': 'node(no-process-env)',
  'server/src/features/signal.ts': 'eslint(no-restricted-properties)',
  'server/src/features/imported-env.ts': 'eslint(no-restricted-imports)',
  'server/src/features/long.ts': 'eslint(max-lines)',
  'server/src/features/swallow.ts': 'eslint(no-empty)',
}

describe('lint rules', () => {
  let folder = ''
  let found: Diagnostic[] = []

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'melzi-lint-'))
    for (const [file, source] of Object.entries(SAMPLES)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), source)
    }
    cpSync(path.join(ROOT, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'))
    cpSync(path.join(ROOT, 'tsconfig.base.json'), path.join(folder, 'tsconfig.base.json'))
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: './tsconfig.base.json', include: ['server', 'scripts'] }),
    )
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
    const { stdout } = spawnSync(
      path.join(ROOT, 'node_modules/.bin/oxlint'),
      ['--type-aware', '--format=json'],
      { cwd: folder, encoding: 'utf8' },
    )
    found = (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const file of Object.keys(SAMPLES)) {
    const rule = EXPECTED[file]
    it(rule === undefined ? `allows ${file}` : `refuses ${file} by ${rule}`, () =>
      assert.deepEqual(
        [...new Set(found.filter(({ filename }) => filename === file).map(({ code }) => code))],
        rule === undefined ? [] : [rule],
      ),
    )
  }
})
