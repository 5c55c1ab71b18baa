import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeFolder } from './make-folder.ts'

const temporary = () => {
  const dir = mkdtempSync(join(tmpdir(), 'melzi-folder-'))
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}

describe('makeFolder', () => {
  it('makes a folder with the folders above it, and lets one be that is there', () => {
    using t = temporary()
    const folder = join(t.dir, 'a/b/c')
    makeFolder(folder)
    makeFolder(folder)
    assert.ok(statSync(folder).isDirectory())
  })

  it('names the file or the dead link that is in the way', () => {
    using t = temporary()
    const file = join(t.dir, 'file')
    writeFileSync(file, '')
    for (const folder of [file, join(file, 'a/b')]) {
      assert.throws(() => makeFolder(folder), { code: 'EEXIST', path: file })
    }
    const link = join(t.dir, 'link')
    symlinkSync(join(t.dir, 'gone'), link)
    assert.throws(() => makeFolder(link), { code: 'EEXIST', path: link })
  })

  it('gives up at once where nothing can be made', { skip: process.platform !== 'linux' }, () => {
    assert.throws(() => makeFolder('/proc/melzi/data'), { path: '/proc/melzi' })
  })
})
