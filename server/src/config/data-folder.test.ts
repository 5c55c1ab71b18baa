import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ConfigError } from './settings.ts'
import { prepareDataFolder } from './data-folder.ts'

const temporary = async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-data-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

const refused = (dir: string, why: string) => (error: unknown) => {
  assert.ok(error instanceof ConfigError)
  assert.equal(
    error.message,
    `MELZI_DATA: ${dir} cannot be used: ${why}. It is the folder in which the server keeps everything (./data when it is not set).`,
  )
  return true
}

describe('prepareDataFolder', () => {
  it('makes the folder and leaves nothing in it', async () => {
    await using t = await temporary()
    const dir = path.join(t.dir, 'a/data')
    prepareDataFolder(dir)
    prepareDataFolder(dir)
    assert.deepEqual(await readdir(dir), [])
  })

  it('refuses a file, and a folder below one', async () => {
    await using t = await temporary()
    const file = path.join(t.dir, 'file')
    await writeFile(file, '')
    for (const dir of [file, path.join(file, 'data')]) {
      assert.throws(() => prepareDataFolder(dir), refused(dir, `${file} is not a folder`))
    }
  })

  it('refuses what nothing can be made in', { skip: process.platform !== 'linux' }, () => {
    for (const dir of ['/proc', '/proc/x', '/proc/x/y']) {
      assert.throws(
        () => prepareDataFolder(dir),
        /^ConfigError: MELZI_DATA: \/proc.* cannot be used/,
      )
    }
  })

  it('refuses a folder that this user may not write', async () => {
    await using t = await temporary()
    const dir = path.join(t.dir, 'data')
    await mkdir(dir, { mode: 0o555 })
    await chmod(t.dir, 0o755)
    const isRoot = process.getuid?.() === 0
    if (isRoot) await chown(dir, 1000, 1000)
    // The program may lie where another user cannot read it, so what is tried is loaded before root is given up.
    const script = `const { prepareDataFolder } = await import(process.argv[1])
${isRoot ? 'process.setgroups([]); process.setgid(1000); process.setuid(1000)' : ''}
for (const dir of process.argv.slice(2)) try { prepareDataFolder(dir); console.log('taken') } catch (error) { console.log(error.message) }`
    const dirs = [dir, path.join(dir, 'below')]
    const module = path.join(import.meta.dirname, 'data-folder.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      script,
      module,
      ...dirs,
    ])
    const lines = stdout.trim().split('\n')
    assert.equal(lines.length, 2)
    dirs.forEach((given, index) =>
      refused(given, 'this user may not write there')(new ConfigError(lines[index])),
    )
  })
})
