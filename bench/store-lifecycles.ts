/**
 * Program: what the store alone can do. A run's life in six commits of its own: thread, message and run are inserted, the run is
 * changed three times; on tables made for this, with rows of the usual size.
 */
import { openStore, type StoreConfig } from '../server/src/platform/store/open-store.ts'
import { argument, doJobs } from './jobs.ts'

export interface StoreJob {
  lanes: number
  seconds: number
}

const MESSAGE = 'm'.repeat(400)
const SETTINGS = 's'.repeat(400)

const store = await openStore(argument<StoreConfig>(), { migrate: true, exclusive: true })
await store.write('bench.tables', async (tx) => {
  await tx.run('create table bench_threads (id text primary key, created_at bigint not null)')
  await tx.run(
    'create table bench_messages (id text primary key, thread_id text not null, content text not null)',
  )
  await tx.run(
    'create table bench_runs (id text primary key, thread_id text not null, status text not null, settings text not null)',
  )
})

const write = (name: string, sql: string, params: (string | number)[]) =>
  store.write(name, (tx) => tx.run(sql, params))

const lifecycle = async (id: string): Promise<void> => {
  await write('thread', 'insert into bench_threads (id, created_at) values (?1, ?2)', [id, 1])
  await write(
    'message',
    'insert into bench_messages (id, thread_id, content) values (?1, ?2, ?3)',
    [id, id, MESSAGE],
  )
  await write(
    'run',
    'insert into bench_runs (id, thread_id, status, settings) values (?1, ?2, ?3, ?4)',
    [id, id, 'queued', SETTINGS],
  )
  for (const status of ['in_progress', 'requires_action', 'completed'])
    await write('status', 'update bench_runs set status = ?2 where id = ?1', [id, status])
}

let round = 0
/** @returns lifecycles per second */
const work = async ({ lanes, seconds }: StoreJob): Promise<number> => {
  round += 1
  const start = performance.now()
  const until = start + seconds * 1000
  let count = 0
  const lane = async (_: unknown, index: number) => {
    for (let i = 0; performance.now() < until; i += 1) {
      await lifecycle(`${round}-${index}-${i}`)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return (count * 1000) / (performance.now() - start)
}

doJobs(null, work)
