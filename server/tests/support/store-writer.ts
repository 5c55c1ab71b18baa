// A process of its own that writes until it is killed: `node store-writer.ts <StoreConfig as JSON>`. Prints a line for every row whose
// write was acknowledged, `ready` first.
import { writeSync } from 'node:fs'
import { openStore, type StoreConfig } from '../../src/platform/store/open-store.ts'

const config = JSON.parse(process.argv[2] ?? '') as StoreConfig
const store = await openStore(config, { migrate: true, exclusive: true })
writeSync(1, 'ready\n')

const writeForEver = async (writer: number) => {
  for (let count = 0; ; count += 1) {
    const id = `${process.pid}-${writer}-${count}`
    await store.write('insert', (tx) =>
      tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 0)', [id, id]),
    )
    await store.write('update', (tx) =>
      tx.run('update workspaces set created_at = 1 where id = ?1', [id]),
    )
    writeSync(1, `${id}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, writer) => writeForEver(writer)))
