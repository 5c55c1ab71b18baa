import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkLockFile, type LockFile } from './lock-file.ts'

const lock = (extra: LockFile['packages'] = {}): LockFile => ({
  lockfileVersion: 3,
  packages: {
    '': { dependencies: { b: '1.0.0', a: '1.0.0' } },
    'node_modules/a': { integrity: 'sha512-x' },
    ...extra,
  },
})
const manifests = { '': { dependencies: { a: '1.0.0', b: '1.0.0' } } }

describe('lock file', () => {
  it('passes a clean one', () => assert.deepEqual(checkLockFile(lock(), manifests), []))

  it('finds a manifest the lock file was not made from', () => {
    const problems = checkLockFile(lock(), { '': { dependencies: { a: '1.0.0', b: '1.0.1' } } })
    assert.match(problems.join(), /dependencies differ/)
  })

  it('finds hosts, missing hashes and install scripts', () => {
    const problems = checkLockFile(
      lock({
        'node_modules/c': { integrity: 'sha512-x', resolved: 'https://mirror.example/c.tgz' },
        'node_modules/d': {},
        'node_modules/e': { integrity: 'sha512-x', hasInstallScript: true },
      }),
      manifests,
    )
    assert.deepEqual(problems, [
      'node_modules/c: names the host it came from (mirror.example)',
      'node_modules/d: has no hash',
      'node_modules/e: runs a script when it is installed',
    ])
  })

  it('finds a platform that was left out', () => {
    const problems = checkLockFile(
      lock({
        'node_modules/c': {
          integrity: 'sha512-x',
          optionalDependencies: { 'c-linux': '1', a: '1' },
        },
      }),
      manifests,
    )
    assert.deepEqual(problems, ['node_modules/c: lacks its package c-linux; npm ci refuses'])
  })
})
