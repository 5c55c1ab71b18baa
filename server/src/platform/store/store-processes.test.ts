import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { openStore, type StoreConfig } from './open-store.ts'

const WRITER = fileURLToPath(new URL('../../../tests/support/store-writer.ts', import.meta.url))

/** A process that owns the store and writes, ready to be killed. */
const startWriter = async (config: StoreConfig) => {
  const child = spawn(process.execPath, [WRITER, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  const lines = createInterface({ input: child.stdout })
  const closed = once(lines, 'close')
  const exited = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => (line === 'ready' ? resolve() : acknowledged.push(line)))
    lines.on('close', () => reject(new Error('the writer ended before it was ready')))
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await Promise.all([exited, closed])
  }
  return { pid: child.pid, acknowledged, kill, [Symbol.asyncDispose]: kill }
}

onEachEngine('killed writer', (engine) => {
  it('leaves every acknowledged row, and its last acknowledged state', async () => {
    const config = await engine.freshConfig()
    const acknowledged: string[] = []
    for (const lifeMs of [150, 60, 250]) {
      await using writer = await startWriter(config)
      while (writer.acknowledged.length === 0) await sleep(5)
      await sleep(lifeMs)
      await writer.kill()
      acknowledged.push(...writer.acknowledged)

      await using store = await openStore(config, { migrate: true, exclusive: true })
      const rows = await store.all<{ id: string }>('select id from workspaces where created_at = 1')
      const found = new Set(rows.map((row) => row.id))
      assert.deepEqual(
        acknowledged.filter((id) => !found.has(id)),
        [],
      )
    }
    assert.ok(acknowledged.length > 10, 'the writer had written something')
  })

  if (engine.name === 'sqlite') {
    describe('owner of the folder', () => {
      it('keeps a second server out while it lives, lets the CLI in, and is forgotten when it dies', async () => {
        const config = await engine.freshConfig()
        await using owner = await startWriter(config)
        await assert.rejects(
          openStore(config, { migrate: true, exclusive: true }),
          (error) =>
            error instanceof Error &&
            error.message.includes(`(process ${owner.pid})`) &&
            /is using .*MELZI_DATA/.test(error.message),
        )
        await using cli = await openStore(config, { migrate: false, exclusive: false })
        const sql =
          "insert into workspaces (id, name, created_at) values ('cli', 'beside the server', 2)"
        assert.equal(await cli.write('beside', (tx) => tx.run(sql)), 1)

        await owner.kill()
        await using next = await openStore(config, { migrate: true, exclusive: true })
        assert.deepEqual(await next.get("select name from workspaces where id = 'cli'"), {
          name: 'beside the server',
        })
      })

      it('is one even within a process', async () => {
        const config = await engine.freshConfig()
        const first = await openStore(config, { migrate: true, exclusive: true })
        await assert.rejects(
          openStore(config, { migrate: true, exclusive: true }),
          /Another Melzi server/,
        )
        await first[Symbol.asyncDispose]()
        await using again = await openStore(config, { migrate: true, exclusive: true })
        await again.ping()
      })
    })
  }
})
