import type { Store } from '../../src/platform/store/store.ts'

/** A store that refuses chosen write units, as a broken connection would. */
export const refusing = (
  store: Store,
  refuse: (name: string, phase: 'before' | 'after') => Error | null,
): Store => ({
  engine: store.engine,
  all: (sql, params) => store.all(sql, params),
  get: (sql, params) => store.get(sql, params),
  write: async (name, unit) => {
    const before = refuse(name, 'before')
    if (before !== null) throw before
    const value = await store.write(name, unit)
    // The commit went through, its answer did not.
    const after = refuse(name, 'after')
    if (after !== null) throw after
    return value
  },
  notify: (channel, payload) => store.notify(channel, payload),
  listen: (channel, heard) => store.listen(channel, heard),
  ping: () => store.ping(),
  [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
})
