import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../platform/log.ts'
import type { Store, Tx } from '../../platform/store/store.ts'

/** Pauses before a unit is tried again, in ms: what was used is used, and nobody else knows of it. */
const RETRY_MS = [50, 200, 1_000, 3_000] as const

/**
 * Runs a write unit that keeps what was used where nothing else is stored with it, again while the store cannot take it. It must bear to be
 * run twice. Never rejects.
 */
export const keepUsage = async (
  { store, log }: { store: Store; log: Logger },
  name: string,
  unit: (tx: Tx) => Promise<void>,
): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await store.write(name, unit)
    } catch (err) {
      const pause = RETRY_MS[tries]
      if (pause === undefined) {
        log.error({ err, unit: name }, 'what was used was not kept')
        return
      }
      await sleep(pause)
    }
  }
}
