import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkImports } from './import-zones.ts'

const messages = (file: string, specifier: string) =>
  checkImports(file, `import { x } from '${specifier}'\n`).map(({ message }) => message)

describe('import zones', () => {
  const refused: [file: string, specifier: string][] = [
    ['contract/src/run.ts', 'node:fs'],
    ['contract/src/run.ts', '../../server/src/platform/ids.ts'],
    ['runner/src/child.ts', '../../server/src/platform/ids.ts'],
    ['runner/src/child.ts', '@melzi/contract/run.ts'],
    ['panel/src/main.tsx', '../../server/src/platform/ids.ts'],
    ['panel/src/main.tsx', '@melzi/runner/protocol.ts'],
    ['server/src/platform/store/sqlite.ts', '../../features/runs/service.ts'],
    ['server/src/platform/clock.ts', '@melzi/contract/run.ts'],
    ['server/src/platform/clock.ts', '../config/config.ts'],
    ['server/src/models/demo/demo-model.ts', '../../plugins/registry.ts'],
    ['server/src/plugins/registry.ts', '../models/language-model.ts'],
    ['server/src/interpreter/code-interpreter.ts', '../plugins/registry.ts'],
    ['server/src/http/auth.ts', '../features/keys/service.ts'],
    ['server/src/http/auth.ts', '../models/language-model.ts'],
    ['server/src/features/runs/service.ts', '../../http/sse.ts'],
    ['server/src/features/runs/service.ts', '../threads/store.ts'],
    ['server/src/features/runs/service.ts', '../threads/present.ts'],
    ['server/src/features/runs/routes.ts', '../../app.ts'],
    ['server/src/features/runs/routes.ts', '../../config/config.ts'],
    ['server/src/app.ts', './main.ts'],
    ['server/src/context.ts', './cli/doctor.ts'],
    ['server/src/main.ts', '../tests/support/boot.ts'],
    ['server/src/main.ts', '../../scripts/check.ts'],
    ['server/tests/guide-clients.test.ts', '../src/platform/ids.ts'],
    ['server/tests/wire/errors.test.ts', '../../src/app.ts'],
    ['server/src/app.ts', './app.test.ts'],
  ]
  for (const [file, specifier] of refused)
    it(`refuses ${specifier} in ${file}`, () => assert.equal(messages(file, specifier).length, 1))

  const allowed: [file: string, specifier: string][] = [
    ['contract/src/run.ts', 'zod/mini'],
    ['contract/src/run.ts', './metadata.ts'],
    ['contract/src/run.test.ts', 'node:test'],
    ['panel/src/main.tsx', '@melzi/contract/run.ts'],
    ['server/src/plugins/python/deno-driver.ts', '@melzi/runner/protocol.ts'],
    ['server/src/interpreter/session-start.ts', '@melzi/runner/native-sources.ts'],
    ['server/src/features/runs/service.ts', '../../interpreter/code-interpreter.ts'],
    ['server/src/features/runs/routes.ts', '../../http/sse.ts'],
    ['server/src/features/runs/stream-routes.ts', '../../http/sse.ts'],
    ['server/src/features/runs/service.ts', '../threads/service.ts'],
    ['server/src/features/runs/service.ts', './store.ts'],
    ['server/src/features/runs/service.test.ts', '../threads/store.ts'],
    ['server/src/app.ts', './features/runs/routes.ts'],
    ['server/src/cli/doctor.ts', '../context.ts'],
    ['server/bin/melzi.ts', '../src/main.ts'],
    ['server/tests/wire/errors.test.ts', '../support/boot.ts'],
    ['server/tests/support/boot.ts', '../../src/platform/ids.ts'],
  ]
  for (const [file, specifier] of allowed)
    it(`allows ${specifier} in ${file}`, () => assert.deepEqual(messages(file, specifier), []))

  it('sees re-exports, dynamic and side-effect imports, with their lines', () => {
    const source = [
      "// import { a } from '../features/a/service.ts'",
      "const text = `import { a } from '../features/a/service.ts'`",
      "export type { B } from '../features/b/service.ts'",
      "const c = await import('../features/c/service.ts')",
      "import '../features/d/service.ts'",
      'import {',
      '  e,',
      "} from '../features/e/service.ts'",
    ].join('\n')
    const found = checkImports('server/src/platform/x.ts', source)
    assert.deepEqual(
      found.map(({ line }) => line),
      [3, 4, 5, 6],
    )
    assert.match(found[0]?.message ?? '', /platform may not import features/)
  })
})
