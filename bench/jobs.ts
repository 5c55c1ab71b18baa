/** A child's side of child.ts: one message when it is up, then one answer for each job, with notes in between. */
export type FromChild =
  | { kind: 'done'; value: unknown }
  | { kind: 'failed'; error: string }
  | { kind: 'note'; note: string; value: number }

const send = (message: FromChild) => process.send?.(message)

/** The argument this program was started with. */
export const argument = <T>(): T => JSON.parse(process.argv[2] ?? 'null') as T

/** Tells the parent something in the middle of a job. */
export const note = (text: string, value: number): void => {
  send({ kind: 'note', note: text, value })
}

/** Tells the parent that this child is up, then does its jobs, one at a time; ends when the parent is gone. */
export const doJobs = (ready: unknown, work: (job: never) => Promise<unknown>): void => {
  process.once('disconnect', () => process.exit())
  process.on('message', ({ job }: { job: never }) => {
    work(job).then(
      (value) => send({ kind: 'done', value: value ?? null }),
      (error: unknown) => send({ kind: 'failed', error: String(error) }),
    )
  })
  send({ kind: 'done', value: ready })
}
