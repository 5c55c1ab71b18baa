/** The three operations of RFC 6902 that the contract's corrections use. */
export interface PatchOperation {
  op: string
  path: string
  value?: unknown
}

type Holder = Record<string, unknown>

const parts = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

/** Changes `document` in place. @throws Error for an operation it does not know, or a place that is not there */
export const applyPatch = (document: unknown, operations: readonly PatchOperation[]): void => {
  for (const { op, path, value } of operations) {
    const keys = parts(path)
    const last = keys.pop() ?? ''
    let holder = document as Holder
    for (const key of keys) {
      const inner = holder[key]
      if (typeof inner !== 'object' || inner === null)
        throw new Error(`nothing at ${key} of ${path}`)
      holder = inner as Holder
    }
    const exists = Object.hasOwn(holder, last)
    if (op !== 'add' && !exists) throw new Error(`nothing at ${path}`)
    if (Array.isArray(holder)) throw new Error(`list positions are not supported: ${path}`)
    if (op === 'remove') delete holder[last]
    else if (op === 'add' || op === 'replace') holder[last] = value
    else throw new Error(`unknown operation ${op}`)
  }
}
