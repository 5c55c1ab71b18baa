/** What a run's built-in tools work on: the assistant's files and stores as they were frozen, and the thread's as they are. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ModelError } from '../../models/language-model.ts'
import type { Store } from '../../platform/store/store.ts'
import type { ThreadService } from '../threads/service.ts'
import type { VectorStoreService } from '../vector-stores/service.ts'
import type { RunRecord } from './run-record.ts'

export interface RunResourcesDeps {
  store: Store
  threads: ThreadService
  vectorStores: VectorStoreService
}

const ofThread = ({ store, threads }: RunResourcesDeps, run: RunRecord) =>
  threads.toolResourcesOf(store, run.workspaceId, run.threadId)

/** Files that Python finds; the assistant's first. */
export const pythonFileIds = async (deps: RunResourcesDeps, run: RunRecord): Promise<string[]> => {
  const { code_interpreter: thread } = await ofThread(deps, run)
  return [...(run.toolResources.code_interpreter?.file_ids ?? []), ...(thread?.file_ids ?? [])]
}

/** The live stores that file_search looks into; their use is noted. */
export const searchedStores = async (deps: RunResourcesDeps, run: RunRecord): Promise<string[]> => {
  const { file_search: thread } = await ofThread(deps, run)
  const ids = [
    ...(run.toolResources.file_search?.vector_store_ids ?? []),
    ...(thread?.vector_store_ids ?? []),
  ]
  return deps.vectorStores.useLive(run.workspaceId, [...new Set(ids)])
}

/** How often the store is asked whether a thread's files are indexed, in ms. */
const LOOK_MS = 200

/**
 * Waits, before a run begins, until the thread's own store has its files indexed; what is not ready by then is not found (behaviour.md 8).
 * The assistant's store is not waited for.
 * @param limitMs the longest wait
 * @throws ModelError when the thread's store has expired; the signal's reason
 */
export const waitForIndexing = async (
  deps: RunResourcesDeps,
  run: RunRecord,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> => {
  if (!run.tools.some(({ type }) => type === 'file_search')) return
  const { file_search: thread } = await ofThread(deps, run)
  const end = performance.now() + limitMs
  for (const id of thread?.vector_store_ids ?? []) {
    for (;;) {
      const status = await deps.vectorStores.statusOf(run.workspaceId, id)
      if (status === 'expired') {
        throw new ModelError('server_error', `The vector store ${id} of this thread has expired.`)
      }
      if (status !== 'in_progress' || performance.now() >= end) break
      await sleep(LOOK_MS, undefined, { signal }).catch((error: unknown) => {
        signal.throwIfAborted()
        throw error
      })
    }
  }
}
