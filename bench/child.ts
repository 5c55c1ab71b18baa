import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { FromChild } from './jobs.ts'

/** Longest time a child may take to come up or to do one job, in ms: nothing here runs for ever. */
const LIMIT_MS = 120_000

export interface Child extends AsyncDisposable {
  readonly pid: number
  /** What the child gave when it was up. */
  readonly ready: unknown
  /** Gives a job to the child. @param onNote hears what it says meanwhile */
  ask<T>(job: unknown, onNote?: (note: string, value: number) => void): Promise<T>
}

/**
 * Starts one of the programs beside this file in a process of its own, and ends it on disposal. It ends by itself when this process
 * is gone.
 * @param argument becomes JSON
 * @throws Error when it does not come up, or a job fails or takes longer than two minutes
 */
export const startChild = async (program: URL, argument: unknown = null): Promise<Child> => {
  const child = fork(program, [JSON.stringify(argument)], { execArgv: [] })
  let hear: ((message: FromChild) => void) | null = null
  let fail: ((error: Error) => void) | null = null
  child.on('message', (message: FromChild) => hear?.(message))
  child.on('error', (error) => fail?.(error))
  child.on('exit', (code) => fail?.(new Error(`${program.pathname} ended with ${code}`)))

  const answer = <T>(send: () => void, onNote?: (note: string, value: number) => void) =>
    new Promise<T>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${program.pathname} took longer than ${LIMIT_MS} ms`)),
        LIMIT_MS,
      )
      fail = (error) => {
        clearTimeout(late)
        reject(error)
      }
      hear = (message) => {
        if (message.kind === 'note') {
          onNote?.(message.note, message.value)
          return
        }
        clearTimeout(late)
        if (message.kind === 'failed') reject(new Error(message.error))
        else resolve(message.value as T)
      }
      send()
    })

  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  try {
    const ready = await answer<unknown>(() => undefined)
    return {
      pid: child.pid ?? 0,
      ready,
      ask: (job, onNote) => answer(() => child.send({ job }), onNote),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
