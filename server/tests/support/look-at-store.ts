import { openStore, type StoreConfig } from '../../src/platform/store/open-store.ts'
import type { Reader } from '../../src/platform/store/store.ts'

/** Where a booted server keeps its rows. */
export type StorePlace = StoreConfig

export type StoreView = Reader

/** Reads the rows of a server's store from outside, dead or alive, and lets go of it again. */
export const lookAtStore = async <T>(
  place: StorePlace,
  look: (store: Reader) => Promise<T>,
): Promise<T> => {
  await using store = await openStore(place, { migrate: false, exclusive: false })
  // Awaited here: the store must not be closed before.
  return await look(store)
}
